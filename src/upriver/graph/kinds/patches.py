"""Which node each entry of a property file is about (PROJ-169, PROJ-223)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from upriver.graph.drafts import Scope
from upriver.graph.versions import (
    Properties,
    file_names,
    plain_properties,
    versioned_properties,
)
from upriver.problems import Span
from upriver.resources.definitions import NodePatch, VersionPatch
from upriver.resources.nearest import nearest_hint

Key = tuple[str, str, str]
"""Kind, package and file stem (or block name) of a definition."""

SECTIONS: Mapping[str, str] = {
    "model": "models",
    "seed": "seeds",
    "snapshot": "snapshots",
    "analysis": "analyses",
    "test": "data_tests",
    "function": "functions",
}
_TESTABLE = ("model", "seed", "snapshot")


class Assigned(msgspec.Struct, frozen=True, kw_only=True):
    """One patch, or one version of it, and the definition it is about."""

    properties: Properties
    key: Key | None
    """None where there is no such definition."""


def assign(
    scope: Scope,
    patches: Iterable[tuple[NodePatch, str]],
    keys: Sequence[Key],
    is_enabled: Callable[[Key], bool],
) -> list[Assigned]:
    """Find the definition of every patch; each patch comes with its file's checksum.

    `is_enabled` tells of a definition without its patch; it is asked only where several packages
    define a name.
    """
    finder = _Finder(keys, is_enabled)
    assigned: list[Assigned] = []
    taken: dict[Key, NodePatch] = {}
    for patch, checksum in patches:
        if patch.kind not in SECTIONS:
            continue
        for one in _assign_one(scope, finder, patch, checksum):
            assigned.append(one)
            if one.key is None:
                continue
            first = taken.setdefault(one.key, patch)
            if first is not patch:
                _report_twice(scope, patch, first)
    return assigned


def _assign_one(scope: Scope, finder: _Finder, patch: NodePatch, checksum: str) -> list[Assigned]:
    if patch.relation is not None:
        key = ("snapshot", patch.package, patch.name)
        return [Assigned(properties=plain_properties(patch, checksum), key=key)]
    if not patch.versions:
        key_found = finder.find(patch.kind, patch.name, patch.package)
        if key_found is None:
            _report_missing(scope, finder, patch, patch.name)
        return [Assigned(properties=plain_properties(patch, checksum), key=key_found)]
    assigned: list[Assigned] = []
    for version in patch.versions:
        key_found = _version_key(finder, patch, version)
        if key_found is None:
            _report_missing(scope, finder, patch, file_names(patch, version)[0])
            continue
        properties = versioned_properties(patch, version, checksum)
        assigned.append(Assigned(properties=properties, key=key_found))
    return assigned


def _version_key(finder: _Finder, patch: NodePatch, version: VersionPatch) -> Key | None:
    for stem in file_names(patch, version):
        key = finder.find("model", stem, patch.package)
        if key is not None:
            return key
    return None


class _Finder:
    """Definitions by kind and name; enabled ones come first, then the patch's own package."""

    def __init__(self, keys: Sequence[Key], is_enabled: Callable[[Key], bool]) -> None:
        self._is_enabled = is_enabled
        self._packages: dict[tuple[str, str], list[str]] = {}
        for kind, package, name in keys:
            self._packages.setdefault((kind, name), []).append(package)

    def find(self, kind: str, name: str, package: str) -> Key | None:
        packages = self._packages.get((kind, name))
        if not packages:
            return None
        if len(packages) == 1:
            return (kind, packages[0], name)
        own = (package,) if package in packages else ()
        found: list[Key] = [(kind, one, name) for one in (*own, *packages)]
        return next((key for key in found if self._is_enabled(key)), found[0])

    def kind_of(self, name: str) -> str | None:
        """Return the kind of a node of this name."""
        return next((kind for kind in SECTIONS if (kind, name) in self._packages), None)

    def names(self, kind: str) -> list[str]:
        """Return all names of a kind."""
        return [name for known, name in self._packages if known == kind]


def _report_missing(scope: Scope, finder: _Finder, patch: NodePatch, name: str) -> None:
    span = Span(file=scope.place(patch.package, patch.path), keys=(*patch.keys, "name"))
    section = SECTIONS[patch.kind]
    other = finder.kind_of(name)
    if other is not None and other in _TESTABLE and patch.kind in _TESTABLE:
        scope.report(
            "patch-of-another-kind",
            f"`{name}` is described under `{section}`, and is a {other}",
            span,
            hint=f"Move it to `{SECTIONS[other]}`",
            is_warning=True,
            event="WrongResourceSchemaFile",
        )
        return
    scope.report(
        "patch-without-node",
        f"`{name}` is described under `{section}`, and there is no such {patch.kind}",
        span,
        hint=nearest_hint(name, finder.names(patch.kind)),
        is_warning=True,
        event="NoNodeForYamlKey",
    )


def _report_twice(scope: Scope, patch: NodePatch, first: NodePatch) -> None:
    scope.report(
        "patch-twice",
        f"The {patch.kind} `{patch.name}` is described twice",
        Span(file=scope.place(patch.package, patch.path), keys=patch.keys),
        hint="Keep one of the two entries",
        related=(Span(file=scope.place(first.package, first.path), keys=first.keys),),
    )
