"""Installed packages, which are projects of their own (PROJ-46..57).

Packages are read from the directory `deps` fills. A package that is declared as `local:` and not
installed is read from where it stands. Everything declared and found nowhere is one problem.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from upriver.problems import Problem, Span
from upriver.workspace.project_file import PROJECT_FILE, read_raw_project, render_project
from upriver.workspace.settings import ProjectSettings

if TYPE_CHECKING:
    from upriver.workspace.package_files.needed import Declared

_FILES = ("packages.yml", "dependencies.yml")


class Package(msgspec.Struct, frozen=True, kw_only=True):
    """A project on disk: the root project, or a package it uses."""

    name: str
    root: str
    """Absolute path."""
    settings: ProjectSettings
    is_root: bool = False


def load_packages(
    root: Package, names: Mapping[str, Any], secret_names: Mapping[str, Any]
) -> tuple[tuple[Package, ...], tuple[Problem, ...]]:
    """Return the packages of a root project sorted by name, with what is wrong with them.

    `names` is the context of their project files, `secret_names` that of `packages.yml`, which
    may read secrets (PROJ-40).
    """
    loader = _Loader(root, names, secret_names)
    loader.load_installed()
    declared = loader.declared(Path(root.root))
    loader.load_local(declared)
    loader.require(declared)
    packages = sorted(loader.packages.values(), key=lambda package: package.name)
    return tuple(packages), tuple(loader.problems)


class _Loader:
    """Collects packages by name while they are found."""

    def __init__(
        self, root: Package, names: Mapping[str, Any], secret_names: Mapping[str, Any]
    ) -> None:
        self.root = root
        self.names = names
        self.secret_names = secret_names
        self.packages: dict[str, Package] = {}
        self.problems: list[Problem] = []

    def load_installed(self) -> None:
        """Load every directory of the install path."""
        folder = Path(self.root.root) / self.root.settings.packages_install_path
        if not folder.is_dir():
            return
        for path in sorted(folder.iterdir()):
            if path.is_dir() and not path.name.startswith((".", "__")):
                self._load(path)

    def load_local(self, declared: list[Declared]) -> None:
        """Load declared local packages that are not installed, and those they declare."""
        pending = [(Path(self.root.root), entry) for entry in declared]
        while pending:
            base, entry = pending.pop(0)
            if entry.local is None:
                continue
            path = self._local_path(base, entry.local)
            if path is None or self._is_loaded(path):
                continue
            package = self._load(path, is_local=True)
            if package is not None:
                found = self.declared(path)
                declared.extend(found)
                pending.extend((path, inner) for inner in found)

    def _local_path(self, base: Path, local: str) -> Path | None:
        # dbt resolves every local path against the root project, whoever declares it.
        for start in (Path(self.root.root), base):
            path = start / local
            if (path / PROJECT_FILE).is_file():
                return path
        return None

    def _is_loaded(self, path: Path) -> bool:
        real = path.resolve()
        return any(Path(package.root).resolve() == real for package in self.packages.values())

    def _load(self, path: Path, *, is_local: bool = False) -> Package | None:
        file = self._shown(path / PROJECT_FILE)
        if not (path / PROJECT_FILE).is_file():
            self.problems.append(_no_project_file(file, path.name))
            return None
        raw, problems = read_raw_project(str(path), file)
        settings = None
        if raw is not None:
            settings, found = render_project(raw, self.names)
            problems = (*problems, *found)
        self.problems.extend(problems)
        if settings is None:
            return None
        package = Package(name=settings.name, root=str(path), settings=settings)
        other = self.packages.get(package.name)
        if package.name == self.root.name or other is not None:
            # An installed copy stands for the place it was copied from.
            if other is None or not is_local:
                self.problems.append(self._name_taken(package, other or self.root))
            return None
        self.packages[package.name] = package
        return package

    def declared(self, base: Path) -> list[Declared]:
        """Read what a project declares in `packages.yml` and `dependencies.yml`."""
        if not any((base / name).exists() for name in _FILES):
            return []
        # Most directories declare nothing, and reading what they declare takes 5 ms to load.
        from upriver.workspace.package_files.needed import needed_packages

        found, problems = needed_packages(
            base, self.secret_names, lambda name: self._shown(base / name)
        )
        self.problems.extend(problems)
        return list(found)

    def require(self, declared: list[Declared]) -> None:
        """Report declared packages that are neither installed nor local."""
        distinct = {entry.label: entry for entry in declared}
        if len(self.packages) >= len(distinct):
            return
        local_roots = {Path(package.root).resolve() for package in self.packages.values()}
        missing = [
            entry
            for entry in distinct.values()
            if entry.likely_name not in self.packages
            and not self._is_refused(entry)
            and not (
                entry.local is not None
                and (Path(self.root.root) / entry.local).resolve() in local_roots
            )
        ]
        # A package's own name need not be the last part of its address.
        missing = missing[: len(distinct) - len(self.packages)]
        if missing:
            self.problems.append(self._not_installed(missing))

    def _is_refused(self, entry: Declared) -> bool:
        """Whether a local package is there, and what is wrong with it was told."""
        if entry.local is None:
            return False
        path = self._local_path(Path(self.root.root), entry.local)
        return path is not None and not self._is_loaded(path)

    def _shown(self, path: Path) -> str:
        try:
            return path.relative_to(self.root.root).as_posix()
        except ValueError:
            return str(path)

    def _name_taken(self, package: Package, other: Package) -> Problem:
        place = Path(package.root) / PROJECT_FILE
        other_place = Path(other.root) / PROJECT_FILE
        return Problem(
            code="package-name-taken",
            message=f"Two projects are called `{package.name}`",
            span=Span(file=self._shown(place), keys=("name",)),
            hint="Names of packages must differ from each other and from the root project's",
            related=(Span(file=self._shown(other_place), keys=("name",)),),
        )

    def _not_installed(self, missing: list[Declared]) -> Problem:
        folder = self.root.settings.packages_install_path
        listed = ", ".join(f"`{entry.label}`" for entry in missing)
        count = len(missing)
        return Problem(
            code="packages-not-installed",
            message=f"{count} declared package{'s are' if count > 1 else ' is'} not installed: "
            f"{listed}",
            span=missing[0].span,
            hint=f"Run `upriver deps`, or copy each package to `{folder}/<name>`",
            related=tuple(entry.span for entry in missing[1:]),
        )


def _no_project_file(file: str, name: str) -> Problem:
    return Problem(
        code="package-without-project-file",
        message=f"The installed package `{name}` has no `{PROJECT_FILE}`",
        span=Span(file=file),
        hint="Remove the directory, or install the package again",
    )
