"""What `deps --add-package` would make of a package file (CLI-52)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from upriver.problems import Problem, ProblemsError
from upriver.project.requests import Deps
from upriver.workspace.package_files.adding import add_entry, entry_for
from upriver.workspace.package_files.declared import DEPENDENCIES_FILE, PACKAGES_FILE, texts_of
from upriver.workspace.yaml import load_yaml


class Addition(msgspec.Struct, frozen=True, kw_only=True):
    """A package file to be written once its packages are known to be had."""

    file: str
    text: str
    name: str
    version: str
    is_new_file: bool
    removed: tuple[dict[str, Any], ...] = ()


def addition_of(request: Deps, root: Path) -> Addition | None:
    """Return the file with what is to be added; raises ProblemsError for a bad argument."""
    if request.add_package is None:
        return None
    name, version = split_version(request.add_package)
    problem = _problem(request.source, name, version)
    if problem is not None:
        raise ProblemsError((problem,))
    file, text = _file(root)
    added = add_entry(text, entry_for(request.source, name, version))
    return Addition(
        file=file,
        text=added.text,
        name=name,
        version=version,
        is_new_file=text is None,
        removed=added.removed,
    )


def split_version(text: str) -> tuple[str, str]:
    """Split `name@version`; the `@` of an address is none of a version."""
    name, at, version = text.rpartition("@")
    if not at or not name or any(mark in version for mark in "/:"):
        return text, ""
    return name, version


def _file(root: Path) -> tuple[str, str | None]:
    """Return the file that declares packages, and its text."""
    texts = texts_of(root)
    text = texts(PACKAGES_FILE)
    also = texts(DEPENDENCIES_FILE)
    if text is None and also is not None:
        body = load_yaml(also).value
        if isinstance(body, dict) and body.get("packages"):
            return DEPENDENCIES_FILE, also
    return PACKAGES_FILE, text


def _problem(source: str, name: str, version: str) -> Problem | None:
    if source == "local" and version:
        return Problem(
            code="add-package-version",
            message=f"A local package has no version, and `{name}@{version}` names one",
            hint=f"`upriver deps --source local --add-package {name}`",
        )
    if source != "local" and not version:
        example = "v1.0.0" if source == "git" else "1.0.0"
        return Problem(
            code="add-package-version",
            message=f"`--add-package {name}` does not say which version",
            hint=f"`--add-package {name}@{example}`",
        )
    return None
