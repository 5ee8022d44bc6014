"""Check the keys of `dbt_project.yml`, one rule per key, and report every mistake at once.

Each known key has one reader: a function from its value to what `ProjectSettings` holds, or a
complaint. A key left empty counts as absent.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from upriver.problems import Problem, Span
from upriver.resources.nearest import nearest_hint
from upriver.workspace.project_keys import values
from upriver.workspace.project_keys.values import Complaint
from upriver.workspace.settings import ProjectSettings

TREES = (
    "models", "seeds", "snapshots", "sources", "exposures", "metrics", "semantic-models",
    "saved-queries", "unit_tests", "functions", "analyses", "data_tests", "tests",
)  # fmt: skip
_DEPRECATED = {"source-paths": "model-paths", "data-paths": "seed-paths"}
_DEPRECATION_EVENTS = {
    "source-paths": "ConfigSourcePathDeprecation",
    "data-paths": "ConfigDataPathDeprecation",
}


def build_settings(
    body: dict[str, Any], raw: dict[str, Any], file: str
) -> tuple[ProjectSettings | None, tuple[Problem, ...]]:
    """Check a rendered project file. None where the name, without which nothing works, is bad."""
    problems: list[Problem] = []
    fields: dict[str, Any] = {}
    for key, value in body.items():
        reader = _READERS.get(key)
        if reader is None:
            problems.append(_unknown_key(key, file))
        elif value is not None:
            read = reader(value)
            if isinstance(read, Complaint):
                problems.append(_complain(key, read, file))
            elif key in _FIELDS:
                fields[_FIELDS[key]] = read
    problems.extend(_deprecations(body, fields, file))
    fields |= _trees(body, raw, problems, file)
    if body.get("name") is None:
        problems.append(_complain_missing_name(file))
    if "name" not in fields:
        return None, tuple(problems)
    return _with_derived_defaults(ProjectSettings(**fields), fields), tuple(problems)


def _with_derived_defaults(settings: ProjectSettings, given: dict[str, Any]) -> ProjectSettings:
    """Fill defaults that follow other keys (PROJ-14, PROJ-19)."""
    if "docs_paths" not in given:
        settings = msgspec.structs.replace(
            settings,
            docs_paths=tuple(
                dict.fromkeys(
                    (
                        *settings.model_paths, *settings.seed_paths, *settings.snapshot_paths,
                        *settings.analysis_paths, *settings.macro_paths, *settings.test_paths,
                    )
                )
            ),
        )  # fmt: skip
    if "clean_targets" not in given:
        settings = msgspec.structs.replace(settings, clean_targets=(settings.target_path,))
    return settings


_READERS: dict[str, Callable[[Any], Any]] = {
    "name": values.read_name,
    "version": values.read_version,
    "config-version": values.read_config_version,
    "profile": values.read_text,
    "model-paths": values.read_paths,
    "seed-paths": values.read_paths,
    "test-paths": values.read_paths,
    "analysis-paths": values.read_paths,
    "macro-paths": values.read_paths,
    "snapshot-paths": values.read_paths,
    "function-paths": values.read_paths,
    "docs-paths": values.read_paths,
    "asset-paths": values.read_paths,
    "source-paths": values.read_paths,
    "data-paths": values.read_paths,
    "target-path": values.read_path,
    "log-path": values.read_path,
    "packages-install-path": values.read_path,
    "clean-targets": values.read_strings,
    "quoting": values.read_quoting,
    "on-run-start": values.read_texts,
    "on-run-end": values.read_texts,
    "require-dbt-version": values.read_dbt_versions,
    "dispatch": values.read_dispatch,
    "query-comment": values.read_query_comment,
    "restrict-access": values.read_boolean,
    "dbt-cloud": values.read_mapping,
    "flags": values.read_mapping,
    "vars": values.read_mapping,
    "packages": values.read_anything,
    "project-root": values.read_anything,
    **dict.fromkeys(TREES, values.read_mapping),
}
_FIELDS = {
    key: key.replace("-", "_")
    for key in _READERS
    if key not in (*TREES, *_DEPRECATED, "config-version", "packages", "project-root")
}


# -- what concerns several keys -----------------------------------------------------------------


def _trees(
    body: dict[str, Any], raw: dict[str, Any], problems: list[Problem], file: str
) -> dict[str, Any]:
    """Collect the config trees; `tests` and `data_tests` are two names of one (PROJ-25)."""
    if body.get("tests") and body.get("data_tests"):
        problems.append(_both("tests", "data_tests", file))
    configs: dict[str, Any] = {}
    raw_configs: dict[str, Any] = {}
    for key in TREES:
        if isinstance(body.get(key), dict) and body[key]:
            name = "data_tests" if key == "tests" else key
            configs[name] = body[key]
            raw_configs[name] = raw[key]
    return {"configs": configs, "raw_configs": raw_configs}


def _deprecations(body: dict[str, Any], fields: dict[str, Any], file: str) -> list[Problem]:
    problems = []
    for old, new in _DEPRECATED.items():
        if body.get(old) is None:
            continue
        if body.get(new) is not None:
            problems.append(_both(old, new, file))
            continue
        paths = values.read_paths(body[old])
        if not isinstance(paths, Complaint):
            fields[new.replace("-", "_")] = paths
        problems.append(
            Problem(
                code="project-key-renamed",
                message=f"`{old}` is called `{new}` now",
                severity="warning",
                span=Span(file=file, keys=(old,)),
                hint=f"Rename the key to `{new}`",
                event=_DEPRECATION_EVENTS[old],
            )
        )
    for key, default in (("target-path", "target"), ("log-path", "logs")):
        if body.get(key) not in (None, default):
            option = key.replace("-path", "").capitalize()
            problems.append(
                Problem(
                    code="project-path-deprecated",
                    message=f"Setting `{key}` in `{file}` is deprecated",
                    severity="warning",
                    span=Span(file=file, keys=(key,)),
                    hint=f"Use `--{key}` or `DBT_{option.upper()}_PATH`",
                    event=f"Config{option}PathDeprecation",
                )
            )
    return problems


def _both(old: str, new: str, file: str) -> Problem:
    return Problem(
        code="project-keys-conflict",
        message=f"`{old}` and `{new}` are the same setting and both given",
        span=Span(file=file, keys=(old,)),
        hint=f"Keep `{new}`",
        related=(Span(file=file, keys=(new,)),),
    )


def _unknown_key(key: Any, file: str) -> Problem:
    name = str(key)
    swapped = name.replace("_", "-")
    other = name.replace("-", "_")
    if swapped in _READERS or other in _READERS:
        hint: str | None = f"It is spelled `{swapped if swapped in _READERS else other}`"
    else:
        hint = nearest_hint(name, _READERS)
    return Problem(
        code="project-key-unknown",
        message=f"`{name}` is no key of a project file",
        span=Span(file=file, keys=(key,)),
        hint=hint,
    )


def _complain(key: str, complaint: Complaint, file: str) -> Problem:
    return Problem(
        code=complaint.code,
        message=f"`{key}` {complaint.text}",
        span=Span(file=file, keys=(key,)),
        hint=complaint.hint,
    )


def _complain_missing_name(file: str) -> Problem:
    return Problem(
        code="project-name-missing",
        message=f"`{file}` gives the project no name",
        span=Span(file=file),
        hint="Add `name: <project name>`",
    )
