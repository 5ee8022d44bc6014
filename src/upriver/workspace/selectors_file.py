"""Read `selectors.yml` (SEL-65, SEL-71); what the definitions mean is decided in `plan`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from upriver.problems import Key, Problem, Span
from upriver.resources.nearest import nearest_hint
from upriver.workspace.project_file import read_settings_text
from upriver.workspace.rendering import render_tree
from upriver.workspace.yaml import load_yaml, with_text_keys

SELECTORS_FILE = "selectors.yml"
_KEYS = ("name", "description", "default", "definition")


def read_selectors(
    root: str, names: Mapping[str, Any]
) -> tuple[dict[str, dict[str, Any]], tuple[Problem, ...]]:
    """Return the entries of the file by name, in its order; none where there is no file.

    `names` is the context the file is rendered in: target, environment, command-line variables.
    """
    text = read_settings_text(Path(root) / SELECTORS_FILE)
    if text is None:
        if not (Path(root) / SELECTORS_FILE).exists():
            return {}, ()
        hint = "Save it as UTF-8, and check that you may read it"
        return {}, (_problem("The file cannot be read as UTF-8 text", (), hint),)
    document = load_yaml(text, SELECTORS_FILE)
    if document.value is None:
        return {}, document.problems
    body, problems = render_tree(with_text_keys(document.value), names, file=SELECTORS_FILE)
    listed = body.get("selectors") if isinstance(body, dict) else None
    if not isinstance(listed, list):
        problem = _problem("The file holds no list `selectors`", ())
        return {}, (*document.problems, *problems, problem)
    entries: dict[str, dict[str, Any]] = {}
    for index, entry in enumerate(listed):
        wrong = _check(entry, index, entries)
        if wrong is None:
            entries[entry["name"]] = entry
        else:
            problems.append(wrong)
    return entries, (*document.problems, *problems)


def _check(entry: Any, index: int, known: Mapping[str, Any]) -> Problem | None:
    keys: tuple[Key, ...] = ("selectors", index)
    if not isinstance(entry, dict):
        return _problem("A selector must be a mapping", keys)
    name = entry.get("name")
    if not isinstance(name, str) or not name:
        return _problem("A selector has no `name`", keys)
    if name in known:
        return _problem(f"Two selectors are called `{name}`", (*keys, "name"))
    if "definition" not in entry:
        return _problem(f"The selector `{name}` has no `definition`", keys)
    for key in entry:
        if key not in _KEYS:
            return _problem(
                f"The selector `{name}` has the unknown key `{key}`",
                (*keys, key),
                nearest_hint(str(key), _KEYS),
            )
    default = entry.get("default")
    if default is not None and not isinstance(default, bool):
        return _problem(
            f"`default` of the selector `{name}` must be `true` or `false`", (*keys, "default")
        )
    return None


def _problem(message: str, keys: tuple[Key, ...], hint: str | None = None) -> Problem:
    return Problem(
        code="selectors-file-invalid",
        message=message,
        span=Span(file=SELECTORS_FILE, keys=keys),
        hint=hint,
    )
