"""The linked project: every resource, and the edges between them, as one immutable value.

Selection and planning read only `entries` and the edge maps, which are small and always in memory.
Bodies (`resources`) may be decoded on demand: `resources` is any mapping, and nothing may iterate
over its values except verbs that promise a whole manifest.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from upriver.resources.calls import Version
from upriver.resources.macro import Doc, Macro
from upriver.resources.nodes import Resource
from upriver.resources.relation import RelationName


class Entry(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What selection and planning need to know of every enabled resource."""

    unique_id: str
    kind: str
    name: str
    package: str
    fqn: tuple[str, ...]
    tags: tuple[str, ...] = ()
    original_file_path: str = ""
    patch_path: str | None = None
    group: str | None = None
    access: str | None = None
    version: Version | None = None
    latest_version: Version | None = None
    materialized: str | None = None
    relation: RelationName | None = None
    """Name parts in the active target; None for resources without a relation."""
    relation_name: str | None = None
    is_empty: bool = False
    """The SQL is blank (SEL-41)."""
    test_name: str | None = None
    """Generic tests only."""
    source_name: str | None = None
    """Sources only: the first part of `source.table`."""
    references: tuple[str, ...] = ()
    """unique_ids this resource reads through ref/source; the same as `parents[unique_id]`."""


class ProjectFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What artifacts say of the project as a whole."""

    project_name: str
    adapter_type: str
    quoting: dict[str, Any] = {}
    packages: tuple[str, ...] = ()


class Graph(msgspec.Struct, frozen=True, kw_only=True):
    """All enabled resources of all packages, and what was left out."""

    facts: ProjectFacts
    entries: Mapping[str, Entry]
    """Every enabled resource except macros and docs, in a stable order."""
    parents: Mapping[str, tuple[str, ...]]
    """For every entry, the unique_ids it depends on, in call order, without disabled ones."""
    children: Mapping[str, tuple[str, ...]]
    """The reverse of `parents`, in entry order."""
    resources: Mapping[str, Resource]
    macros: Mapping[str, Macro]
    docs: Mapping[str, Doc]
    disabled: Mapping[str, tuple[Resource, ...]]
    lost: tuple[str, ...] = ()
    """Tests among `disabled` that read what is disabled or missing: published among the nodes."""
    selectors: Mapping[str, Any]
    """Raw definitions of `selectors.yml` by name."""
