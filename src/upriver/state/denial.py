"""Data that must not cross environments: which rule denies reading a relation of another one.

A rule describes resources (`workspace/upriver_file/rules.py`). It is asked wherever something of
another environment would be read: by the table in `defer.py` for every reference, and through
`Denials.let_through` for what reads a counterpart directly (clones, comparisons of rows, a macro's
`defer_relation`). The first rule that describes a resource holds.

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


class Denials:
    """The rules that hold for the target, over one graph."""

    def __init__(
        self,
        rules: tuple[DenyRule, ...],
        graph: Graph,
        named: tuple[frozenset[str], ...],
        render: Callable[[RelationName], str],
    ) -> None:
        """`named` is what each rule's selectors name."""
        self._rules = tuple(zip(rules, named, strict=True))
        self._graph = graph
        self._render = render

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

    def _first(self, unique_id: str, name: RelationName, *, is_source: bool) -> DenyRule | None:
        for rule, named in self._rules:
            if is_source and not rule.has_sources and unique_id not in named:
                continue
            if self._describes(rule, named, unique_id, name):
                return rule
        return None

    def _describes(
        self, rule: DenyRule, named: frozenset[str], unique_id: str, name: RelationName
    ) -> bool:
        """Whether everything that a rule says is so."""
        if rule.select and unique_id not in named:
            return False
        if rule.database and not _is_like(name.database, rule.database):
            return False
        if rule.schema and not _is_like(name.schema, rule.schema):
            return False
        if not (rule.tag or rule.meta or rule.column_tag or rule.column_meta):
            return True
        resource = self._graph.resources.get(unique_id)
        return resource is not None and _is_marked(resource, rule)


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
