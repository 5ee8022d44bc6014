"""What a project declares in `packages.yml` and `dependencies.yml` (PROJ-46, PROJ-47)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from upriver.problems import Key, Problem, Span
from upriver.workspace.package_files.entries import read_entry
from upriver.workspace.package_files.specs import Declarations, Entry
from upriver.workspace.project_file import read_settings_text
from upriver.workspace.rendering import render_tree
from upriver.workspace.yaml import load_yaml, with_text_keys

PACKAGES_FILE = "packages.yml"
DEPENDENCIES_FILE = "dependencies.yml"
Texts = Callable[[str], str | None]
"""The text of a file of the project, by name; None where there is none."""


def texts_of(root: Path) -> Texts:
    """Return a function that reads the files of a directory."""
    return lambda name: read_settings_text(root / name)


def read_declarations(
    texts: Texts, names: Mapping[str, Any], label: Callable[[str], str] = str
) -> tuple[Declarations, tuple[Problem, ...]]:
    """Read both files; `label` says what a file is called in problems."""
    reading = _Reading(names)
    packages = reading.entries(
        texts(PACKAGES_FILE), label(PACKAGES_FILE), is_rendered=True, has_projects=False
    )
    also = reading.entries(
        texts(DEPENDENCIES_FILE), label(DEPENDENCIES_FILE), is_rendered=False, has_projects=True
    )
    if packages and also:
        reading.problems.append(_declared_twice(label(PACKAGES_FILE), label(DEPENDENCIES_FILE)))
    declarations = Declarations(
        entries=(*packages, *also),
        projects=tuple(reading.projects),
        file=DEPENDENCIES_FILE if also and not packages else PACKAGES_FILE,
    )
    return declarations, tuple(reading.problems)


class _Reading:
    """Collects problems and projects while files are read."""

    def __init__(self, names: Mapping[str, Any]) -> None:
        self.names = names
        self.problems: list[Problem] = []
        self.projects: list[str] = []

    def entries(
        self, text: str | None, file: str, *, is_rendered: bool, has_projects: bool
    ) -> list[Entry]:
        if text is None:
            return []
        document = load_yaml(text, file)
        self.problems.extend(document.problems)
        if document.value is None:
            return []
        if not isinstance(document.value, dict):
            self._report(file, (), f"`{file}` holds no mapping", "It begins with `packages:`")
            return []
        written = with_text_keys(document.value)
        body = written
        if is_rendered:
            body, problems = render_tree(body, self.names, file=file)
            self.problems.extend(problems)
        self._projects(body.get("projects"), file, has_projects=has_projects)
        return self._listed(body.get("packages"), written.get("packages"), file)

    def _listed(self, listed: Any, written: Any, file: str) -> list[Entry]:
        if listed is None:
            return []
        if not isinstance(listed, list) or not isinstance(written, list):
            self._report(
                file, ("packages",), f"`packages` in `{file}` is no list",
                "Begin each entry with a hyphen: `- package: ...`",
            )  # fmt: skip
            return []
        entries = []
        for index, (item, unrendered) in enumerate(zip(listed, written, strict=True)):
            span = Span(file=file, keys=("packages", index))
            entry, problems = read_entry(item, unrendered, span)
            self.problems.extend(problems)
            if entry is not None:
                entries.append(entry)
        return entries

    def _projects(self, listed: Any, file: str, *, has_projects: bool) -> None:
        if not listed:
            return
        if not has_projects:
            self._report(
                file, ("projects",), f"`{file}` holds `projects`, which belongs in "
                f"`{DEPENDENCIES_FILE}`", f"Move the entry to `{DEPENDENCIES_FILE}`",
            )  # fmt: skip
            return
        for index, item in enumerate(listed if isinstance(listed, list) else [listed]):
            name = item.get("name") if isinstance(item, dict) else None
            if isinstance(name, str) and name:
                self.projects.append(name)
            else:
                keys = ("projects", index) if isinstance(listed, list) else ("projects",)
                self._report(
                    file, keys, "An entry of `projects` has no `name`", "Write `- name: <project>`"
                )

    def _report(self, file: str, keys: tuple[Key, ...], message: str, hint: str) -> None:
        self.problems.append(
            Problem(
                code="packages-file-invalid",
                message=message,
                span=Span(file=file, keys=keys),
                hint=hint,
            )
        )


def _declared_twice(file: str, other: str) -> Problem:
    return Problem(
        code="packages-declared-twice",
        message="Both `packages.yml` and `dependencies.yml` declare packages",
        span=Span(file=file, keys=("packages",)),
        hint="Keep the packages in one of the two files",
        related=(Span(file=other, keys=("packages",)),),
    )
