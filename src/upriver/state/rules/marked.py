"""What selectors and rules look at of a published resource: tags, `meta`, columns, ancestry.

A rule about data that must not cross environments describes resources, and whoever edits a checkout
may take away what a rule goes by. The published side is described as well, so a rule holds where
either side is what it describes (`denial.py`). It is a graph like the local one, as far as selectors
ask; bodies have only what is looked at here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from upriver.graph.graph import Entry, Graph, ProjectFacts
from upriver.resources.nodes import Column
from upriver.resources.relation import RelationName
from upriver.state.wire.read import RESOURCE_MAPS


class Marked(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One published resource."""

    entry: Entry
    parents: tuple[str, ...] = ()
    config: dict[str, Any] = {}
    meta: dict[str, Any] = {}
    columns: dict[str, Column] = {}
    """Those that have tags or `meta`."""

    @property
    def tags(self) -> tuple[str, ...]:
        """The resource's tags."""
        return self.entry.tags


class _WireParents(msgspec.Struct, frozen=True):
    nodes: tuple[str, ...] | None = None


class _WireMarked(msgspec.Struct, frozen=True):
    resource_type: str | None = None
    name: str | None = None
    package_name: str | None = None
    database: str | None = None
    schema: str | None = None
    alias: str | None = None
    identifier: str | None = None
    relation_name: str | None = None
    source_name: str | None = None
    fqn: tuple[str, ...] | None = None
    original_file_path: str | None = None
    patch_path: str | None = None
    group: str | None = None
    access: str | None = None
    version: Any = None
    latest_version: Any = None
    config: dict[str, Any] | None = None
    tags: Any = None
    meta: Any = None
    columns: Any = None
    depends_on: _WireParents | None = None
    test_metadata: dict[str, Any] | None = None


class _WireProject(msgspec.Struct, frozen=True):
    project_name: str | None = None
    adapter_type: str | None = None


_MAPS = dict[str, msgspec.Raw]
_MANIFEST = msgspec.json.Decoder(_MAPS)
_MEMBERS = msgspec.json.Decoder(dict[str, _WireMarked] | None)
_PROJECT = msgspec.json.Decoder(_WireProject | None)
_KEPT = msgspec.msgpack.Decoder(tuple[str, str, tuple[Marked, ...]])


def read_marked(data: bytes) -> Graph | None:
    """Return what is marked in a manifest; None if it is none."""
    try:
        maps = _MANIFEST.decode(data)
        project = _PROJECT.decode(maps.get("metadata", b"null")) or _WireProject()
        members: dict[str, _WireMarked] = {}
        for name in RESOURCE_MAPS:
            members.update(_MEMBERS.decode(maps.get(name, b"null")) or {})
    except msgspec.MsgspecError:
        return None
    found = [_marked(unique_id, member) for unique_id, member in members.items()]
    return _graph(project.project_name or "", project.adapter_type or "", found)


def encode_marked(graph: Graph) -> bytes:
    """Return bytes from which `decode_marked` makes the same graph."""
    facts = graph.facts
    return msgspec.msgpack.encode(
        (facts.project_name, facts.adapter_type, tuple(graph.resources.values()))
    )


def decode_marked(data: bytes) -> Graph | None:
    """Return the graph, or None if the bytes are of another format."""
    try:
        return _graph(*_KEPT.decode(data))
    except msgspec.MsgspecError:
        return None


def _graph(project: str, adapter: str, found: list[Marked] | tuple[Marked, ...]) -> Graph:
    entries = {one.entry.unique_id: one.entry for one in found}
    parents = {
        one.entry.unique_id: tuple(above for above in one.parents if above in entries)
        for one in found
    }
    children: dict[str, list[str]] = {unique_id: [] for unique_id in entries}
    for unique_id, above in parents.items():
        for parent in above:
            children[parent].append(unique_id)
    resources: Any = {one.entry.unique_id: one for one in found}
    return Graph(
        facts=ProjectFacts(project_name=project, adapter_type=adapter),
        entries=entries,
        parents=parents,
        children={unique_id: tuple(below) for unique_id, below in children.items()},
        resources=resources,
        macros={},
        docs={},
        disabled={},
        selectors={},
    )


def _marked(unique_id: str, member: _WireMarked) -> Marked:
    kind = member.resource_type or unique_id.partition(".")[0]
    config = member.config or {}
    tags = tuple(dict.fromkeys((*_texts(member.tags), *_texts(config.get("tags")))))
    package = member.package_name or unique_id.split(".")[1]
    name = member.name or unique_id.rpartition(".")[2]
    identifier = member.identifier if kind == "source" else member.alias or name
    test = member.test_metadata or {}
    return Marked(
        entry=Entry(
            unique_id=unique_id,
            kind=kind,
            name=name,
            package=package,
            fqn=member.fqn or (package, name),
            tags=tags,
            original_file_path=member.original_file_path or "",
            patch_path=member.patch_path,
            group=member.group or config.get("group"),
            access=member.access or config.get("access"),
            version=member.version,
            latest_version=member.latest_version,
            materialized=config.get("materialized"),
            relation=RelationName(
                database=member.database, schema=member.schema, identifier=identifier
            ),
            relation_name=member.relation_name,
            test_name=test.get("name"),
            source_name=member.source_name,
        ),
        parents=(member.depends_on and member.depends_on.nodes) or (),
        config=config,
        meta=_mapping(member.meta),
        columns={column.name: column for column in _columns(member.columns)},
    )


def _columns(given: Any) -> Iterator[Column]:
    """Yield columns that are marked; some writers make a list of them."""
    columns = list(given.values()) if isinstance(given, dict) else given
    for column in columns if isinstance(columns, list) else ():
        if not isinstance(column, dict):
            continue
        config = _mapping(column.get("config"))
        tags = (*_texts(column.get("tags")), *_texts(config.get("tags")))
        meta = {**_mapping(config.get("meta")), **_mapping(column.get("meta"))}
        if tags or meta:
            yield Column(name=str(column.get("name")), tags=tuple(dict.fromkeys(tags)), meta=meta)


def _texts(value: Any) -> tuple[str, ...]:
    values = value if isinstance(value, list | tuple) else [] if value is None else [value]
    return tuple(str(one) for one in values)


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
