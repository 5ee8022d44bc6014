"""Which resource a `ref` or `source` means (PROJ-265..271)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

from upriver.problems import Problem
from upriver.resources.calls import RefCall, SourceCall, Version
from upriver.resources.nearest import nearest_hint

Status = Literal["found", "missing", "disabled", "ambiguous"]


class Named(msgspec.Struct):
    """What one name means in one package."""

    unversioned: str | None = None
    """unique_id of a seed, snapshot or unversioned model."""
    latest: str | None = None
    """unique_id of the latest version."""
    versions: dict[str, str] = {}
    """unique_ids by version, as text: `v=2` and `v='2'` are the same."""


class RefIndex(msgspec.Struct):
    """Everything a `ref`, `source` or `doc` can mean. Filled while linking, then only read."""

    nodes: dict[str, dict[str, Named]] = {}
    """By name, then by package."""
    disabled: dict[str, dict[str, Named]] = {}
    sources: dict[str, dict[str, str]] = {}
    """By `source.table`, then by package."""
    disabled_sources: dict[str, dict[str, str]] = {}
    metrics: dict[str, dict[str, str]] = {}
    """By name, then by package."""
    disabled_metrics: dict[str, dict[str, str]] = {}
    functions: dict[str, dict[str, str]] = {}
    disabled_functions: dict[str, dict[str, str]] = {}


class Guard(msgspec.Struct, frozen=True, array_like=True):
    """Who may refer to a model that not everybody may refer to."""

    access: str
    group: str | None
    package: str


class Names(msgspec.Struct):
    """All names of a project, and which of them not everybody may use."""

    index: RefIndex
    guarded: dict[str, Guard]
    deprecated: dict[str, str]
    """unique_id to deprecation date."""
    root: str


class LinkNames(msgspec.Struct, frozen=True, kw_only=True):
    """What `relink` needs to know of the other files; opaque to callers, and serialisable."""

    names: Names
    groups: frozenset[str]
    problems: tuple[Problem, ...]
    """Warnings of the link; there were no errors, or nothing is relinked."""


class Answer(msgspec.Struct, frozen=True):
    """What a call means, or why it means nothing."""

    status: Status
    unique_id: str | None = None
    candidates: tuple[str, ...] = ()
    """Where it is ambiguous, the unique_ids found."""


def add_node(
    index: dict[str, dict[str, Named]],
    *,
    name: str,
    package: str,
    unique_id: str,
    version: Version | None = None,
    is_latest: bool = False,
) -> None:
    """Add a refable node to one of the index's tables."""
    named = index.setdefault(name, {}).setdefault(package, Named())
    if version is None:
        named.unversioned = named.unversioned or unique_id
        return
    named.versions[str(version)] = unique_id
    if is_latest:
        named.latest = unique_id


class Resolver:
    """Answers calls; each distinct call of a package is worked out once."""

    def __init__(self, index: RefIndex, root: str, *, is_node_package_first: bool) -> None:
        self.index = index
        self._root = root
        self._is_node_package_first = is_node_package_first
        self._refs: dict[tuple[str, str | None, str | None, str], Answer] = {}
        self._sources: dict[tuple[str, str, str], Answer] = {}

    def ref(self, call: RefCall, package: str) -> Answer:
        """Return what a `ref` in a node of `package` means."""
        version = None if call.version is None else str(call.version)
        key = (call.name, call.package, version, package)
        answer = self._refs.get(key)
        if answer is None:
            answer = self._find_ref(call, version, package)
            self._refs[key] = answer
        return answer

    def source(self, call: SourceCall, package: str) -> Answer:
        """Return what a `source` in a node of `package` means."""
        key = (call.source, call.table, package)
        answer = self._sources.get(key)
        if answer is None:
            answer = self._find_source(f"{call.source}.{call.table}", package)
            self._sources[key] = answer
        return answer

    def places(self, package: str) -> tuple[str | None, ...]:
        """Return the packages to search, in order; None is any."""
        if package == self._root:
            return (self._root, None)
        if self._is_node_package_first:
            return (package, self._root, None)
        return (self._root, package, None)

    def _find_ref(self, call: RefCall, version: str | None, package: str) -> Answer:
        places = self.places(package) if call.package is None else (call.package,)
        for table, status in ((self.index.nodes, "found"), (self.index.disabled, "disabled")):
            ids = {p: _pick(named, version) for p, named in table.get(call.name, {}).items()}
            answer = _first({p: i for p, i in ids.items() if i is not None}, places)
            if answer.status == "ambiguous" and status == "found":
                return answer
            if answer.status != "missing":
                return answer if status == "found" else Answer("disabled", answer.unique_id)
        return Answer("missing")

    def _find_source(self, key: str, package: str) -> Answer:
        places = self.places(package)
        answer = _first(self.index.sources.get(key, {}), places)
        if answer.status != "missing":
            return answer
        off = _first(self.index.disabled_sources.get(key, {}), places)
        return off if off.status == "missing" else Answer("disabled", off.unique_id)

    def metric(self, call: RefCall, package: str) -> Answer:
        """Return what a `metric` in a node of `package` means."""
        return self._named(self.index.metrics, self.index.disabled_metrics, call, package)

    def function(self, call: RefCall, package: str) -> Answer:
        """Return what a `function` in a node of `package` means."""
        return self._named(self.index.functions, self.index.disabled_functions, call, package)

    def _named(
        self,
        enabled: dict[str, dict[str, str]],
        disabled: dict[str, dict[str, str]],
        call: RefCall,
        package: str,
    ) -> Answer:
        """Look a name up; where several packages have it, the first one counts."""
        places = (call.package,) if call.package is not None else self.places(package)
        for table, status in ((enabled, "found"), (disabled, "disabled")):
            ids = table.get(call.name, {})
            for place in places:
                found = ids.get(place) if place is not None else next(iter(ids.values()), None)
                if found is not None:
                    return Answer("found" if status == "found" else "disabled", found)
        return Answer("missing")

    def hint(self, call: RefCall) -> str | None:
        """Return the nearest name, or the versions there are."""
        named = self.index.nodes.get(call.name)
        if named and call.version is not None:
            versions = sorted({v for one in named.values() for v in one.versions})
            if versions:
                return f"Versions of `{call.name}`: {', '.join(versions)}"
        if named and call.package is not None:
            return f"`{call.name}` is in package {_listed(named)}"
        return nearest_hint(call.name, self.index.nodes)

    def source_hint(self, call: SourceCall) -> str | None:
        """Return the nearest source and table."""
        return nearest_hint(f"{call.source}.{call.table}", self.index.sources)


def _pick(named: Named, version: str | None) -> str | None:
    if version is None:
        return named.unversioned or named.latest
    return named.versions.get(version)


def _first(ids: dict[str, str], places: Iterable[str | None]) -> Answer:
    if not ids:
        return Answer("missing")
    for place in places:
        if place is not None:
            if place in ids:
                return Answer("found", ids[place])
        elif len(ids) == 1:
            return Answer("found", next(iter(ids.values())))
        else:
            return Answer("ambiguous", None, tuple(ids.values()))
    return Answer("missing")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))
