"""From what is asked for to what is installed: one version of each package (PROJ-53).

Packages are settled round by round, as dbt does, so that the lock is the same: everything the root
asks for, then what that needs, and so on. A package that is asked for again with other limits is
settled again; what its earlier version asked for stays asked for.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from upriver.problems import Problem, Span, has_errors
from upriver.workspace.package_files.addresses import plain_git, shown
from upriver.workspace.package_files.checks import check_entries
from upriver.workspace.package_files.declared import read_declarations, texts_of
from upriver.workspace.package_files.entries import read_entry
from upriver.workspace.package_files.specs import (
    Declarations,
    Entry,
    GitSpec,
    HubSpec,
    LocalSpec,
    Pinned,
    PinnedGit,
    PinnedHub,
    PinnedLocal,
    PinnedTarball,
    Spec,
    TarballSpec,
    label_of,
)
from upriver.workspace.package_sources.choose import Wish, choose, redirect_warning
from upriver.workspace.package_sources.inspect import project_name
from upriver.workspace.package_sources.setting import SourceError, problem_of
from upriver.workspace.package_sources.sources import Sources
from upriver.workspace.project_file import PROJECT_FILE

_UNPINNED = frozenset({"HEAD", "main", "master"})


class Resolved(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be installed, in dbt's order."""

    pinned: tuple[Pinned, ...]
    problems: tuple[Problem, ...]


class _Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A request, and whose it is."""

    entry: Entry
    by: str
    is_own: bool = False
    """The root project asks."""
    base: Path | None = None
    """The directory of a local package that declares it."""


class _Settled(msgspec.Struct, frozen=True, kw_only=True):
    """A package with the requests it makes itself."""

    pinned: Pinned
    label: str
    entries: tuple[Entry, ...]
    base: Path | None = None


class _Failed(Exception):  # noqa: N818 - carries what was found
    def __init__(self, *problems: Problem) -> None:
        super().__init__()
        self.problems = problems


def resolve(
    declarations: Declarations, sources: Sources, names: Mapping[str, Any], root_name: str
) -> Resolved:
    """Settle every package; `names` is the context of package files."""
    solver = _Solver(sources, names)
    solver.solve(declarations)
    problems = (*solver.problems, *_taken_names(solver, root_name))
    settled = (solver.settled.get(key) for key in solver.groups)
    return Resolved(pinned=tuple(s.pinned for s in settled if s is not None), problems=problems)


class _Solver:
    """Requests by package, and what came of them."""

    def __init__(self, sources: Sources, names: Mapping[str, Any]) -> None:
        self.sources = sources
        self.names = names
        self.env = sources.setting.env
        self.groups: dict[str, list[_Asked]] = {}
        self.settled: dict[str, _Settled | None] = {}
        self.problems: list[Problem] = []

    def solve(self, declarations: Declarations) -> None:
        by = f"`{declarations.file}`"
        pending = self._add(
            _Asked(entry=entry, by=by, is_own=True) for entry in declarations.entries
        )
        while pending:
            self.sources.setting.check_stop()
            rounds = [self._settle(key) for key in pending]
            asked = [
                _Asked(entry=entry, by=settled.label, base=settled.base)
                for settled in rounds
                if settled is not None
                for entry in settled.entries
            ]
            pending = self._add(asked)

    def _add(self, asked: Iterable[_Asked]) -> list[str]:
        """Note requests and return the packages that are to be settled, each once."""
        pending: dict[str, None] = {}
        for item in asked:
            key = self._key(item)
            group = self.groups.setdefault(key, [])
            known = any(item.entry.spec == k.entry.spec and item.by == k.by for k in group)
            if not known:
                group.append(item)
            # What failed once fails again: more limits leave no more choice.
            if not known and self.settled.get(key, ...) is not None:
                pending[key] = None
        return list(pending)

    def _key(self, asked: _Asked) -> str:
        match asked.entry.spec:
            case GitSpec() as spec:
                return f"git {plain_git(spec.git)} {spec.subdirectory or ''}"
            case LocalSpec() as spec:
                try:
                    return f"local {self.sources.directory(spec.local, asked.base).resolve()}"
                except SourceError:
                    return f"local {spec.local}"
            case spec:
                return f"{type(spec).__name__} {label_of(spec)}"

    def _settle(self, key: str) -> _Settled | None:
        group = self.groups[key]
        try:
            self.settled[key] = self._settled(group)
        except _Failed as failed:
            self.problems.extend(failed.problems)
            self.settled[key] = None
        except SourceError as error:
            problem = problem_of(error, self.env, _span(group))
            self.problems.append(_told_by(problem, group))
            self.settled[key] = None
        return self.settled[key]

    def _settled(self, group: list[_Asked]) -> _Settled:
        spec = group[0].entry.spec
        match spec:
            case HubSpec():
                return self._hub(spec, group)
            case GitSpec():
                return self._git(spec, group)
            case LocalSpec():
                path = self.sources.directory(spec.local, group[0].base)
                local = spec.local
                if not (Path(self.sources.setting.root) / local / PROJECT_FILE).is_file():
                    local = os.path.relpath(path, self.sources.setting.root)
                return self._read(PinnedLocal(local=local, name=""), path, spec, group)
            case TarballSpec():
                written = str(group[0].entry.unrendered["tarball"])
                pinned = PinnedTarball(tarball=spec.tarball, unrendered=written, name=spec.name)
                return self._read(pinned, self.sources.files(pinned), spec, group)
            case _:
                raise _Failed

    def _hub(self, spec: HubSpec, group: list[_Asked]) -> _Settled:
        package = self.sources.hub.package(spec.package)
        wishes = [Wish(spec=a.entry.spec, by=a.by) for a in group]  # type: ignore[arg-type]
        setting = self.sources.setting
        chosen, problem = choose(package, wishes, setting, _span(group))
        if chosen is None:
            raise _Failed(*(() if problem is None else (problem,)))
        warning = redirect_warning(package, _span(group))
        if warning is not None and warning not in self.problems:
            self.problems.append(warning)
        entries = []
        for item in chosen.packages:
            entry, problems = read_entry(item, item, None)
            self._note(problems, spec.package)
            entries += [] if entry is None else self._usable((entry,), spec.package)
        pinned = PinnedHub(package=spec.package, version=chosen.text, name=package.name)
        label = f"`{spec.package}` {chosen.text}"
        return _Settled(pinned=pinned, label=label, entries=tuple(entries))

    def _git(self, spec: GitSpec, group: list[_Asked]) -> _Settled:
        specs = [(a, a.entry.spec) for a in group if isinstance(a.entry.spec, GitSpec)]
        revisions = {s.revision: a for a, s in specs if s.revision is not None}
        if len(revisions) > 1:
            raise _Failed(_disagreeing(spec, revisions, _span(group)))
        revision = next(iter(revisions), None)
        commit = self.sources.commit_of(spec, revision)
        if (revision or "HEAD") in _UNPINNED and all(s.warn_unpinned for _, s in specs):
            warning = _unpinned(spec, revision, _span(group))
            if warning not in self.problems:
                self.problems.append(warning)
        pinned = PinnedGit(
            git=spec.git,
            unrendered=str(group[0].entry.unrendered["git"]),
            revision=commit,
            subdirectory=spec.subdirectory,
            name="",
        )
        return self._read(pinned, self.sources.files(pinned), spec, group)

    def _read(self, pinned: Pinned, path: Path, spec: Spec, group: list[_Asked]) -> _Settled:
        """Read what a package's own files say."""
        label = shown(label_of(spec), self.env)
        name = project_name(path, label, _span(group))
        if isinstance(name, Problem):
            raise _Failed(name)
        if not isinstance(pinned, PinnedTarball):
            pinned = msgspec.structs.replace(pinned, name=name)
        root = Path(self.sources.setting.root)

        is_local = isinstance(pinned, PinnedLocal)

        def called(file: str) -> str:
            place = path / file
            if not is_local:
                # It is in a directory that goes away.
                return f"{label}/{file}"
            return place.relative_to(root).as_posix() if place.is_relative_to(root) else str(place)

        found, problems = read_declarations(texts_of(path), self.names, called)
        self._note(problems, label)
        return _Settled(
            pinned=pinned,
            label=f"`{label}`",
            entries=tuple(self._usable(found.entries, label)),
            base=path if is_local else None,
        )

    def _usable(self, entries: Iterable[Entry], label: str) -> list[Entry]:
        """Return the entries of a package that may be followed, and note what is wrong."""
        usable = []
        for entry in entries:
            problems = check_entries((entry,))
            self._note(problems, label)
            if not has_errors(problems):
                usable.append(entry)
        return usable

    def _note(self, problems: Iterable[Problem], label: str) -> None:
        for problem in problems:
            told = msgspec.structs.replace(
                problem, message=f"{problem.message}, as the package `{label}` declares"
            )
            if told not in self.problems:
                self.problems.append(told)


def _span(group: list[_Asked]) -> Span | None:
    """Return the place of the root project's request, else of one that has a place."""
    spans = (asked.entry.span for asked in sorted(group, key=lambda asked: not asked.is_own))
    return next((span for span in spans if span is not None), None)


def _told_by(problem: Problem, group: list[_Asked]) -> Problem:
    if group[0].is_own:
        return problem
    message = f"{problem.message}; {group[0].by} asks for it"
    return msgspec.structs.replace(problem, message=message)


def _disagreeing(spec: GitSpec, revisions: Mapping[str, _Asked], span: Span | None) -> Problem:
    wishes = "; ".join(
        f"{asked.by} asks for `{revision}`" for revision, asked in revisions.items()
    )
    return Problem(
        code="package-versions-conflict",
        message=f"Different revisions of `{shown(spec.git)}` are asked for: {wishes}",
        span=span,
        hint="Give the same revision everywhere",
    )


def _unpinned(spec: GitSpec, revision: str | None, span: Span | None) -> Problem:
    branch = "HEAD (default branch)" if revision is None else f"the branch `{revision}`"
    return Problem(
        code="git-package-unpinned",
        severity="warning",
        message=f"The git package `{shown(spec.git)}` is not pinned, using {branch}",
        span=span,
        hint="Give a tag or a commit as `revision`, or `warn-unpinned: false`",
        event="DepsUnpinned",
    )


def _taken_names(solver: _Solver, root_name: str) -> list[Problem]:
    first: dict[str, str] = {root_name: "the root project"}
    problems = []
    for key, settled in solver.settled.items():
        if settled is None:
            continue
        name = settled.pinned.name
        if name in first:
            problems.append(
                Problem(
                    code="package-name-taken",
                    message=f"Two projects are called `{name}`: {first[name]} and {settled.label}",
                    span=_span(solver.groups[key]),
                    hint="Names of packages must differ from each other and from the root "
                    "project's; remove one of the two",
                )
            )
        first.setdefault(name, settled.label)
    return problems
