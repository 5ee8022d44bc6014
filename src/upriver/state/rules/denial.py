"""Data that must not cross environments: which rule denies reading a relation of another one.

A rule describes resources (`workspace/upriver_file/rules.py`). It is asked wherever something of
another environment would be read: by the table in `defer.py` for every reference, and through
`Denials.let_through` for what reads a counterpart directly (clones, comparisons of rows, a macro's
`defer_relation`). The first rule that describes a resource holds.

A rule that goes by tags, `meta`, columns or selectors is asked of the checkout and of every state
(`Side`): data are what production says they are, whatever an edit takes away.

A counterpart at the target's own place is no other environment. Sources are never deferred; a rule
that means them (`sources: true`, or a selector that names them) denies reading them at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

import msgspec

from upriver.graph.graph import Graph
from upriver.resources.relation import RelationName
from upriver.state.baseline import Published
from upriver.workspace.upriver_file.rules import DenyRule

_CATALOGUES = frozenset({"information_schema", "pg_catalog"})
"""Schemas that every database has, and that hold no data of anybody's."""


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One description of the project's resources: the checkout's, or a state's."""

    graph: Graph
    named: tuple[frozenset[str], ...]
    """What each rule's selectors name in it."""


class Denials:
    """The rules that hold for the target, over one graph."""

    def __init__(
        self,
        rules: tuple[DenyRule, ...],
        graph: Graph,
        named: tuple[frozenset[str], ...],
        render: Callable[[RelationName], str],
        others: tuple[Side, ...] = (),
        published: tuple[Mapping[str, Published], ...] = (),
        database: str | None = None,
    ) -> None:
        """`named` is what each rule's selectors name; `others` are the sides of states.

        `published` is what the states publish, and `database` where names without one lie: for
        relations that are named in SQL.
        """
        self._rules = rules
        self._sides = (Side(graph=graph, named=named), *others)
        self._graph = graph
        self._render = render
        self._published = published
        self._database = database
        self._places: _Places | None = None
        self._masks: set[_Key] = set()
        """What was given in place of something else may be named by the statements that read it."""

    def of_published(self, published: Published) -> DenyRule | None:
        """Return the rule under which a published relation may not be read."""
        entry = self._graph.entries.get(published.unique_id)
        name = name_of(published)
        if entry is not None and entry.relation is not None and _key(entry.relation) == _key(name):
            return None
        return self._first(published.unique_id, name, is_source=False)

    def of_source(self, unique_id: str) -> DenyRule | None:
        """Return the rule under which a source may not be read."""
        relation = self._graph.entries[unique_id].relation
        return None if relation is None else self._first(unique_id, relation, is_source=True)

    def masked(self, rule: DenyRule, name: RelationName) -> tuple[RelationName, str] | None:
        """Return the relation, and its rendered name, that a rule lets be read instead."""
        if rule.use is None:
            return None
        parts = {"database": name.database, "schema": name.schema, "identifier": name.identifier}
        text = rule.use
        for key, value in parts.items():
            text = text.replace(f"{{{key}}}", value or "")
        database, schema, identifier = ([None, None, None, *text.split(".")])[-3:]
        found = RelationName(
            database=database or name.database, schema=schema or name.schema, identifier=identifier
        )
        self._masks.add(_key(found))
        return found, self._render(found)

    def let_through(self, published: Published) -> Published | DenyRule:
        """Return what may be read of a counterpart: itself, a masked relation, or the rule."""
        rule = self.of_published(published)
        if rule is None:
            return published
        masked = self.masked(rule, name_of(published))
        if masked is None:
            return rule
        name, rendered = masked
        return msgspec.structs.replace(
            published,
            database=name.database,
            schema=name.schema,
            alias=name.identifier,
            relation_name=rendered,
        )

    def of_written(self, name: RelationName) -> DenyRule | None:
        """Return the rule under which a relation that is named in SQL may not be read.

        What the project declares, its own relations and its sources, is judged as what it declares.
        Anything else is denied if a state has it and a rule means that, or if a rule means the
        place, which is not one that the target writes to.
        """
        found = msgspec.structs.replace(name, database=name.database or self._database)
        key = _key(found)
        places = self._places = self._places or _places(self._graph, self._published)
        if key in places.own or key in self._masks:
            return None
        if key in places.sources:
            return self.of_source(places.sources[key])
        rules = (self.of_published(one) for one in places.published.get(key, ()))
        rule = next((rule for rule in rules if rule is not None), None)
        if rule is not None or key[:2] in places.written_to or key[1] in _CATALOGUES:
            return rule
        return next((one for one in self._rules if one.is_of_place and _lies_in(found, one)), None)

    def _first(self, unique_id: str, name: RelationName, *, is_source: bool) -> DenyRule | None:
        for at, rule in enumerate(self._rules):
            if is_source and not rule.has_sources and not self._is_named(at, unique_id):
                continue
            if _lies_in(name, rule) and any(
                _describes(side, at, rule, unique_id) for side in self._sides
            ):
                return rule
        return None

    def _is_named(self, at: int, unique_id: str) -> bool:
        return any(unique_id in side.named[at] for side in self._sides)


_Key = tuple[str, ...]


class _Places(msgspec.Struct, frozen=True, kw_only=True):
    """What lies where, for names in SQL."""

    own: frozenset[_Key]
    written_to: frozenset[_Key]
    """Databases and schemas that the target's relations lie in."""
    sources: Mapping[_Key, str]
    published: Mapping[_Key, tuple[Published, ...]]


def _places(graph: Graph, published: tuple[Mapping[str, Published], ...]) -> _Places:
    own: set[_Key] = set()
    sources: dict[_Key, str] = {}
    for entry in graph.entries.values():
        if entry.relation is not None and entry.kind == "source":
            sources[_key(entry.relation)] = entry.unique_id
        elif entry.relation is not None:
            own.add(_key(entry.relation))
    theirs: dict[_Key, tuple[Published, ...]] = {}
    for side in published:
        for one in side.values():
            key = _key(name_of(one))
            theirs[key] = (*theirs.get(key, ()), one)
    return _Places(
        own=frozenset(own),
        written_to=frozenset(key[:2] for key in own),
        sources=sources,
        published=theirs,
    )


class Guarded(Mapping[str, Published]):
    """Counterparts as far as they may be read: masked where a rule says so, else left out."""

    def __init__(self, published: Mapping[str, Published], denials: Denials) -> None:
        self._published = published
        self._denials = denials

    def __getitem__(self, unique_id: str) -> Published:
        found = self._denials.let_through(self._published[unique_id])
        if isinstance(found, DenyRule):
            raise KeyError(unique_id)
        return found

    def __iter__(self) -> Iterator[str]:
        return (unique_id for unique_id in self._published if unique_id in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def name_of(published: Published) -> RelationName:
    """Return the name parts of a published relation."""
    return RelationName(
        database=published.database, schema=published.schema, identifier=published.alias
    )


def _key(name: RelationName) -> tuple[str, ...]:
    return tuple((part or "").lower() for part in (name.database, name.schema, name.identifier))


def _is_like(value: str | None, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase((value or "").lower(), pattern.lower()) for pattern in patterns)


def _lies_in(name: RelationName, rule: DenyRule) -> bool:
    if rule.database and not _is_like(name.database, rule.database):
        return False
    return not rule.schema or _is_like(name.schema, rule.schema)


def _describes(side: Side, at: int, rule: DenyRule, unique_id: str) -> bool:
    """Whether everything that a rule says of a resource is so on one side."""
    if rule.select and unique_id not in side.named[at]:
        return False
    if not rule.is_of_content:
        return True
    resource = side.graph.resources.get(unique_id)
    return resource is not None and _is_marked(resource, rule)


def _is_marked(resource: Any, rule: DenyRule) -> bool:
    if rule.tag and not any(_is_like(tag, rule.tag) for tag in resource.tags):
        return False
    if not _holds({**(resource.config.get("meta") or {}), **resource.meta}, rule.meta):
        return False
    if not (rule.column_tag or rule.column_meta):
        return True
    return any(_is_column_marked(column, rule) for column in resource.columns.values())


def _is_column_marked(column: Any, rule: DenyRule) -> bool:
    if rule.column_tag and not any(_is_like(tag, rule.column_tag) for tag in column.tags):
        return False
    return _holds(column.meta, rule.column_meta)


def _holds(meta: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether each wanted value is the one given, or among those given."""
    return all(key in meta and _is_among(value, meta[key]) for key, value in wanted.items())


def _is_among(wanted: Any, given: Any) -> bool:
    values = given if isinstance(given, list) else [given]
    candidates = wanted if isinstance(wanted, list) else [wanted]
    return any(one == other or str(one) == str(other) for one in candidates for other in values)
