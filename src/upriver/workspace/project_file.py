"""Find and read `dbt_project.yml` (PROJ-1, PROJ-32, PROJ-33)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from upriver.problems import Key, Problem, Span
from upriver.workspace.inputs import Inputs, chosen
from upriver.workspace.project_keys.checks import build_settings
from upriver.workspace.rendering import render_tree
from upriver.workspace.settings import ProjectSettings
from upriver.workspace.yaml import load_yaml, with_text_keys

PROJECT_FILE = "dbt_project.yml"
_HOOKS = frozenset({"pre-hook", "pre_hook", "post-hook", "post_hook", "+pre-hook", "+pre_hook",
                    "+post-hook", "+post_hook"})  # fmt: skip
_UNRENDERED = frozenset({"on-run-start", "on-run-end", "query-comment", "vars"})
_TREES_WITH_HOOKS = frozenset({"models", "seeds", "snapshots", "tests", "data_tests"})


class RawProject(msgspec.Struct, frozen=True, kw_only=True):
    """A project file as written."""

    root: str
    file: str
    """What to call the file in problems: relative to the root project."""
    body: dict[str, Any]


def find_root(inputs: Inputs) -> str | Problem:
    """Find the project's directory: as given, else here, else the nearest one above (PROJ-1)."""
    given = chosen(inputs.project_dir, inputs.env, "PROJECT_DIR")
    if given is not None:
        root = absolute(given, inputs.cwd)
        if (root / PROJECT_FILE).is_file():
            return str(root)
        return Problem(
            code="project-file-missing",
            message=f"There is no `{PROJECT_FILE}` in `{root}`",
            hint="Give the directory that holds it with `--project-dir`",
        )
    here = Path(inputs.cwd)
    for root in (here, *here.parents):
        if (root / PROJECT_FILE).is_file():
            return str(root)
    return Problem(
        code="project-file-missing",
        message=f"There is no `{PROJECT_FILE}` in `{here}` or any directory above it",
        hint="Change into a dbt project, give its directory with `--project-dir`, or create one"
        " with `upriver init`",
    )


def absolute(path: str, base: str) -> Path:
    """Return a path given by the user as an absolute one, without following links."""
    return Path(os.path.normpath(Path(base) / Path(path).expanduser()))


def read_raw_project(root: str, file: str) -> tuple[RawProject | None, tuple[Problem, ...]]:
    """Read the project file of a directory without rendering it."""
    text = read_settings_text(Path(root) / PROJECT_FILE)
    if text is None:
        problem = Problem(
            code="project-file-missing",
            message=f"`{file}` cannot be read as UTF-8 text",
            span=Span(file=file),
            hint="Save it as UTF-8, and check that you may read it",
        )
        return None, (problem,)
    document = load_yaml(text, file)
    if isinstance(document.value, dict):
        return RawProject(
            root=root, file=file, body=with_text_keys(document.value)
        ), document.problems
    if document.problems:
        return None, document.problems
    said = "is empty" if document.value is None else "is no mapping"
    problem = Problem(
        code="project-file-not-mapping",
        message=f"`{file}` {said}",
        span=Span(file=file),
        hint="A project file has at least `name: <project name>`",
    )
    return None, (problem,)


def read_settings_text(path: Path) -> str | None:
    """Read a settings file; None where there is no such readable file."""
    try:
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return None


def render_project(
    raw: RawProject, names: Mapping[str, Any]
) -> tuple[ProjectSettings | None, tuple[Problem, ...]]:
    """Render a project file and check everything in it."""
    body, problems = render_tree(raw.body, names, file=raw.file, skip=_is_left_alone)
    settings, found = build_settings(body, raw.body, raw.file)
    return settings, (*problems, *found)


def _is_left_alone(keys: tuple[Key, ...]) -> bool:
    """Whether a value is not rendered when the file is read (PROJ-32)."""
    if not keys:
        return False
    if keys[0] in _UNRENDERED:
        return True
    # The flags are rendered with everything else; only hooks wait for their node.
    return keys[0] in _TREES_WITH_HOOKS and keys[-1] in _HOOKS
