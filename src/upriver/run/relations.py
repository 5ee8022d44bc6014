"""Relation objects for what a run reads and writes.

Names come from the plan and the graph; here they only become objects. The rendered name of the
side that owns a relation decides its quoting (defect D18).
"""

from __future__ import annotations

from itertools import product

from upriver.jinja.relation import EventTimeFilter, Relation, ephemeral_relation, relation_of
from upriver.plan.plan import Decision
from upriver.resources.dialect import Dialect, merge_quoting, render_name
from upriver.resources.nodes import Node, Operation, Source, UnitTest
from upriver.resources.relation import Quoting, RelationName
from upriver.run.world import RunWorld
from upriver.state.baseline import Published


def this_relation(world: RunWorld, node: Node) -> Relation | None:
    """Return a node's own relation, `this`; hooks have none (JINJA-46)."""
    if isinstance(node, Operation):
        return None
    name = RelationName(database=node.database, schema=node.schema, identifier=node.alias)
    return _rendered_as(world, name, node.relation_name)


def source_relation(
    world: RunWorld,
    source: Source,
    *,
    limit: int | None = None,
    window: EventTimeFilter | None = None,
) -> Relation:
    """Return the relation of a source, which may stand for files."""
    name = RelationName(
        database=source.database, schema=source.schema, identifier=source.identifier
    )
    quoting = _source_quoting(world, source)
    made = relation_of(world.dialect, name, quoting, limit=limit, event_time_filter=window)
    rendered = source.relation_name
    if rendered is None or not world.dialect.has_external_sources:
        return made
    if _quoting_of(world.dialect, name, rendered, quoting) is not None:
        return made
    return made.incorporate(external=rendered)


def _source_quoting(world: RunWorld, source: Source) -> Quoting:
    """Return the quoting of a source: as dbt, the project's `quoting` has no say while running."""
    return merge_quoting(world.dialect.quoting, source.quoting)


def decided_relation(
    world: RunWorld,
    decision: Decision,
    *,
    limit: int | None = None,
    window: EventTimeFilter | None = None,
) -> Relation:
    """Return the relation a decision chose; `limit` and `window` narrow what is read from it."""
    if decision.relation is None:
        raise LookupError(f"{decision.target} has no relation")
    name, rendered = decision.relation, decision.relation_name
    if decision.target.startswith("source.") and decision.place != "masked":
        source = world.setting.graph.resources.get(decision.target)
        if isinstance(source, Source):
            return source_relation(world, source, limit=limit, window=window)
    return _rendered_as(world, name, rendered, limit=limit, window=window)


def deferred_relation(world: RunWorld, published: Published) -> Relation:
    """Return a published resource's relation."""
    name = RelationName(
        database=published.database, schema=published.schema, identifier=published.alias
    )
    return _rendered_as(world, name, published.relation_name)


def cte_relation(
    world: RunWorld,
    identifier: str,
    *,
    limit: int | None = None,
    window: EventTimeFilter | None = None,
) -> Relation:
    """Return the relation that stands for an inlined query, narrowed like any other."""
    return ephemeral_relation(world.dialect, identifier, limit=limit, event_time_filter=window)


def schema_relation(world: RunWorld, name: RelationName) -> Relation:
    """Return a schema as the relation that `create_schema` takes."""
    return relation_of(world.dialect, name, world.quoting).without_identifier()


def unit_relation(world: RunWorld, model: Node, test: UnitTest) -> Relation:
    """Return `this` of a unit test, from which its temporary table takes the name."""
    name = RelationName(
        database=model.database, schema=test.schema or model.schema, identifier=test.name
    )
    return relation_of(world.dialect, name, world.quoting)


def quoting_of(dialect: Dialect, name: RelationName, rendered: str, usual: Quoting) -> Quoting:
    """Find the quoting under which a name renders as its owner rendered it; else the usual one."""
    return _quoting_of(dialect, name, rendered, usual) or usual


def _quoting_of(
    dialect: Dialect, name: RelationName, rendered: str, usual: Quoting
) -> Quoting | None:
    if render_name(dialect, name, usual) == rendered:
        return usual
    for database, schema, identifier in product((True, False), repeat=3):
        quoting = Quoting(database=database, schema=schema, identifier=identifier)
        if render_name(dialect, name, quoting) == rendered:
            return quoting
    return None


def _rendered_as(
    world: RunWorld,
    name: RelationName,
    rendered: str | None,
    *,
    limit: int | None = None,
    window: EventTimeFilter | None = None,
) -> Relation:
    quoting = world.quoting
    if rendered is not None:
        quoting = quoting_of(world.dialect, name, rendered, quoting)
    return relation_of(world.dialect, name, quoting, limit=limit, event_time_filter=window)
