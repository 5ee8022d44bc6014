"""Telling apart what lies in the schemas a project writes to.

A relation is the project's if the project names it or a record says that it was built from one of
its resources. Whose record names a resource that is gone, or that has another relation now, is an
orphan. Everything else is somebody else's, and so is what a source stands for.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Mapping

import msgspec

from upriver.graph.graph import Graph
from upriver.resources.answers import ListedRelation
from upriver.resources.relation import RelationName
from upriver.state.baseline import Baseline, is_deferrable
from upriver.state.builds import Built

Key = tuple[str, str, str]
"""Database, schema and identifier in lower case."""
SchemaKey = tuple[str, str]
_LEFT_OVER = re.compile(r"__(?:dbt_(?:tmp|backup|int|fk_backup)|upriver_tmp)\w*$")
_PART = re.compile(r'"((?:[^"]|"")*)"|`([^`]*)`|\[([^\]]*)\]|([^."`\[]+)')
_BUILT_KINDS = frozenset({"model", "seed", "snapshot", "test"})


class Remain(msgspec.Struct, frozen=True, kw_only=True):
    """One relation that the project left."""

    name: RelationName
    type: str
    why: str
    """How it is known whose it is."""
    unique_id: str | None = None
    is_orphan: bool = False
    """The project has no resource any more that would build it."""


class Remains(msgspec.Struct, frozen=True, kw_only=True):
    """What lies in some schemas."""

    ours: tuple[Remain, ...] = ()
    others: tuple[RelationName, ...] = ()


def key_of(name: RelationName) -> Key:
    """Return a name without regard to case."""
    database, schema, identifier = (
        (part or "").lower() for part in (name.database, name.schema, name.identifier)
    )
    return database, schema, identifier


def key_of_rendered(rendered: str) -> Key:
    """Return the parts of a rendered name; what it leaves out is empty."""
    # Of the ways to quote a part, only one took part.
    parts = ["".join(found) for found in _PART.findall(rendered)]
    plain = ["", "", *(part.replace('""', '"').lower() for part in parts)][-3:]
    return plain[0], plain[1], plain[2]


def written_schemas(graph: Graph) -> tuple[RelationName, ...]:
    """Return the schemas that the project's builds write to, each once."""
    found: dict[SchemaKey, RelationName] = {}
    for entry in graph.entries.values():
        if entry.kind in _BUILT_KINDS and entry.relation is not None and entry.relation_name:
            name = entry.relation
            schema = RelationName(database=name.database, schema=name.schema, identifier=None)
            found.setdefault(key_of(schema)[:2], schema)
    return tuple(found[key] for key in sorted(found))


def read_schemas(records: Iterable[Built]) -> frozenset[SchemaKey]:
    """Return the schemas that recorded builds have read as another environment's."""
    return frozenset(
        key_of_rendered(item.relation_name)[:2]
        for built in records
        for item in built.inputs
        if item.place == "baseline" and item.relation_name
    )


def published_schemas(baseline: Baseline) -> frozenset[SchemaKey]:
    """Return the schemas of what a baseline has built."""
    return frozenset(
        ((one.database or "").lower(), (one.schema or "").lower())
        for one in baseline.published.values()
        if is_deferrable(one)
    )


def is_in(schema: SchemaKey, schemas: frozenset[SchemaKey]) -> bool:
    """Whether a schema is among others, which may not say their database."""
    return schema in schemas or ("", schema[1]) in schemas


def sort_out(
    graph: Graph, listed: Iterable[ListedRelation], records: Mapping[Key, Built]
) -> Remains:
    """Tell what is the project's from what is not."""
    named: dict[Key, str] = {}
    sources: set[Key] = set()
    for unique_id, entry in graph.entries.items():
        if entry.relation is None:
            continue
        if entry.kind == "source":
            sources.add(key_of(entry.relation))
        elif entry.kind in _BUILT_KINDS and entry.relation_name:
            named[key_of(entry.relation)] = unique_id
    packages = {unique_id.split(".")[1] for unique_id in graph.entries}
    ours: list[Remain] = []
    others: list[RelationName] = []
    for one in sorted(listed, key=lambda relation: key_of(relation.name)):
        found = _remain(one, named, records, packages, sources)
        if found is None:
            others.append(one.name)
        else:
            ours.append(found)
    return Remains(ours=tuple(ours), others=tuple(others))


def _remain(
    one: ListedRelation,
    named: Mapping[Key, str],
    records: Mapping[Key, Built],
    packages: set[str],
    sources: set[Key],
) -> Remain | None:
    key = key_of(one.name)
    owner = named.get(key)
    record = records.get(key)
    if record is not None and record.unique_id.split(".")[1] in packages:
        built = f"built {_moment(record.built_at)}"
        if owner == record.unique_id:
            return Remain(name=one.name, type=one.type, why=built, unique_id=owner)
        if owner is None and key not in sources:
            return Remain(
                name=one.name,
                type=one.type,
                why=f"{built} from {record.unique_id}, which the project no longer has there",
                unique_id=record.unique_id,
                is_orphan=True,
            )
    if key in sources:
        return None
    if owner is not None:
        why = "named by the project; who built it is not known"
        return Remain(name=one.name, type=one.type, why=why, unique_id=owner)
    base = _LEFT_OVER.sub("", key[2])
    owner = named.get((key[0], key[1], base))
    if base != key[2] and owner is not None:
        why = f"left by a build of {owner} that did not end"
        return Remain(name=one.name, type=one.type, why=why, unique_id=owner, is_orphan=True)
    return None


def readers_first(remains: Iterable[Remain], graph: Graph) -> list[Remain]:
    """Put what reads before what is read; what the project does not know comes first of all."""
    depth: dict[str, int] = {}
    waiting = {one.unique_id for one in remains if one.unique_id in graph.entries}
    stack = [(unique_id, False) for unique_id in waiting if unique_id is not None]
    while stack:
        unique_id, is_ready = stack.pop()
        parents = graph.parents.get(unique_id, ())
        if is_ready:
            depth[unique_id] = 1 + max((depth.get(parent, 0) for parent in parents), default=0)
        elif unique_id not in depth:
            stack.append((unique_id, True))
            stack += [(parent, False) for parent in parents if parent not in depth]
    most = len(depth) + 1
    return sorted(remains, key=lambda one: -depth.get(one.unique_id or "", most))


def _moment(seconds: float) -> str:
    moment = datetime.datetime.fromtimestamp(seconds, tz=datetime.UTC)
    return moment.strftime("%Y-%m-%d %H:%M UTC")


class Elsewhere(msgspec.Struct, frozen=True, kw_only=True):
    """What a baseline's schemas hold that nothing builds any more; only looked at."""

    gone: tuple[tuple[str, str], ...] = ()
    """unique_id and rendered name: published, and not in the project."""
    unnamed: tuple[RelationName, ...] = ()
    """In the schemas, and not in the manifest."""


def look_elsewhere(
    graph: Graph, baselines: Iterable[Baseline], listed: Iterable[ListedRelation]
) -> Elsewhere:
    """Compare listings of the baselines' schemas with what their manifests and the project name."""
    there = {key_of(one.name): one.name for one in listed}
    known: set[Key] = set()
    gone: dict[str, str] = {}
    for baseline in baselines:
        for unique_id, one in baseline.published.items():
            name = RelationName(database=one.database, schema=one.schema, identifier=one.alias)
            known.add(key_of(name))
            if unique_id not in graph.entries and is_deferrable(one) and key_of(name) in there:
                gone[unique_id] = one.relation_name or ""
    for entry in graph.entries.values():
        if entry.relation is not None:
            known.add(key_of(entry.relation))
    unnamed = tuple(there[key] for key in sorted(there) if key not in known)
    return Elsewhere(gone=tuple(sorted(gone.items())), unnamed=unnamed)
