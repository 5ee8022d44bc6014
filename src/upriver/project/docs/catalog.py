"""Which relations the catalog is about, and what it says of each (ART-64..68, defect D9)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import msgspec

from upriver.graph.graph import Entry, Graph
from upriver.plan.catalog import Catalog
from upriver.plan.decide import Deferral, Surroundings, decisions
from upriver.plan.plan import Decision
from upriver.resources.catalog import CatalogStatistic, CatalogTable, catalog_key
from upriver.resources.relation import RelationName

_STORED = frozenset({"model", "seed", "snapshot", "test"})
DEFERRED = "deferred"
"""Id of the figure that marks what was read from production. Figures are what readers of the
artifact show as they come, so the file stays one that they all understand."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A resource that the catalog shall tell of, and where its relation is."""

    unique_id: str
    relation: RelationName
    baseline: str | None = None
    """The baseline whose relation it is, rendered, where the reference to it is deferred."""


def documented(graph: Graph, ids: Collection[str] | None = None) -> tuple[str, ...]:
    """Return the resources that have a relation, of those given or of all."""
    return tuple(
        unique_id
        for unique_id, entry in graph.entries.items()
        if (ids is None or unique_id in ids) and _is_stored(entry)
    )


def _is_stored(entry: Entry) -> bool:
    if entry.kind == "source":
        return entry.relation is not None
    is_named = entry.relation is not None and entry.relation_name is not None
    return entry.kind in _STORED and is_named


def places(
    graph: Graph, ids: Sequence[str], catalog: Catalog, deferral: Deferral | None
) -> tuple[Wanted, ...]:
    """Return where each resource is read, as the same table decides that resolves `ref`."""
    surroundings = Surroundings(
        graph=graph, catalog=catalog, deferral=deferral, selected=frozenset()
    )
    decided = {one.target: one for one in decisions(surroundings, tuple(ids), frozenset())}
    return tuple(
        wanted
        for unique_id in ids
        if (wanted := _place(graph.entries[unique_id], decided.get(unique_id))) is not None
    )


def _place(entry: Entry, decision: Decision | None) -> Wanted | None:
    if decision is not None and decision.place == "baseline" and decision.relation is not None:
        return Wanted(
            unique_id=entry.unique_id,
            relation=decision.relation,
            baseline=decision.relation_name or decision.relation.identifier,
        )
    if entry.relation is None:
        return None
    return Wanted(unique_id=entry.unique_id, relation=entry.relation)


def matched(
    wanted: Sequence[Wanted], tables: Mapping[tuple[str, str, str], CatalogTable]
) -> tuple[dict[str, CatalogTable], dict[str, CatalogTable]]:
    """Return the tables of nodes and of sources by unique_id; what was not found is absent."""
    nodes: dict[str, CatalogTable] = {}
    sources: dict[str, CatalogTable] = {}
    for one in wanted:
        table = tables.get(catalog_key(one.relation))
        if table is None:
            continue
        place = sources if one.unique_id.startswith("source.") else nodes
        place[one.unique_id] = table if one.baseline is None else _marked(table, one.baseline)
    return nodes, sources


def _marked(table: CatalogTable, relation_name: str) -> CatalogTable:
    mark = CatalogStatistic(
        id=DEFERRED,
        label="Deferred",
        value=relation_name,
        description="Not built in this target: references read this relation of production",
    )
    return msgspec.structs.replace(table, statistics=(*table.statistics, mark))
