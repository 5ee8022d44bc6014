"""Read the warehouse's catalog through the `get_catalog` family of macros (JINJA-153).

One question per database, so that the cost follows the number of columns: by relation where few
are wanted and the warehouse can be asked so, else by schema.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from upriver.adapters.cache import RelationCache
from upriver.adapters.session import Session
from upriver.jinja.context import call_macro
from upriver.jinja.errors import MacroReturn
from upriver.jinja.relation import Relation, relation_of
from upriver.problems import UpriverError
from upriver.resources.catalog import (
    CatalogColumn,
    CatalogStatistic,
    CatalogTable,
    catalog_key,
)
from upriver.resources.relation import RelationName
from upriver.run.compile import any_reference
from upriver.run.messages import describe_failure
from upriver.run.query_comment import step_comment
from upriver.run.setting import RunSetting
from upriver.run.subjects import operation_subject
from upriver.run.world import RunWorld

MANY_RELATIONS = 100
"""Beyond this many, whole schemas are asked for, as dbt does: macros that a project replaces see
the same questions."""
_BY_RELATION = "SchemaMetadataByRelations"
_STATISTIC = "stats"
_FALSE = frozenset({"false", "f", "no", "0"})


class CatalogAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The tables that were found, by `catalog_key`, and the questions that failed."""

    tables: Mapping[tuple[str, str, str], CatalogTable]
    errors: tuple[str, ...] = ()


def read_catalog(
    setting: RunSetting,
    wanted: Sequence[RelationName],
    say: Callable[[str, str, str | None], None],
) -> CatalogAnswer:
    """Ask for relations; what does not exist is not in the answer."""
    keys = {catalog_key(name) for name in wanted}
    is_by_relation = (
        len(keys) <= MANY_RELATIONS and _BY_RELATION in setting.adapter.capabilities.supports
    )
    tables: dict[tuple[str, str, str], CatalogTable] = {}
    errors: list[str] = []
    session = Session(
        setting.warehouse, setting.cache or RelationCache(), name="generate_catalog",
        on_query=None,
    )  # fmt: skip
    world = RunWorld(setting, say=say).for_worker(session)
    session.comment = step_comment(world, None)
    try:
        for names in _by_database(wanted):
            try:
                for table in _ask(world, names, is_by_relation=is_by_relation):
                    if catalog_key(table.name) in keys:
                        tables.setdefault(catalog_key(table.name), table)
            except (UpriverError, MacroReturn) as error:
                errors.append(describe_failure(error, None, setting.adapter)[0])
    finally:
        session.close()
    return CatalogAnswer(tables=tables, errors=tuple(errors))


def _by_database(names: Sequence[RelationName]) -> Iterator[list[RelationName]]:
    groups: dict[str, dict[tuple[str, str, str], RelationName]] = {}
    for name in names:
        group = groups.setdefault((name.database or "").lower(), {})
        group.setdefault(catalog_key(name), name)
    yield from (list(group.values()) for group in groups.values())


def _ask(
    world: RunWorld, names: Sequence[RelationName], *, is_by_relation: bool
) -> Iterator[CatalogTable]:
    relations = [relation_of(world.dialect, name, world.quoting) for name in names]
    information = relations[0].information_schema_only()
    if is_by_relation:
        name = "get_catalog_relations"
        given: dict[str, Any] = {"information_schema": information, "relations": relations}
    else:
        name = "get_catalog"
        given = {"information_schema": information, "schemas": _schemas(relations)}
    subject = operation_subject(world.project_name, None, any_reference(world))
    yield from tables_of(call_macro(name, world, subject, (), given))


def _schemas(relations: Sequence[Relation]) -> list[str]:
    found = {(relation.schema or "").lower(): relation.schema for relation in relations}
    return [schema for schema in found.values() if schema is not None]


def tables_of(rows: Any) -> Iterator[CatalogTable]:
    """Gather a catalog query's rows, one for each column, to tables."""
    names = [str(name).lower() for name in rows.column_names]
    gathered: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in rows.rows:
        cells = dict(zip(names, row, strict=True))
        key = (cells["table_database"], cells["table_schema"], cells["table_name"])
        gathered.setdefault(key, []).append(cells)
    statistics = _statistic_names(names)
    for (database, schema, identifier), columns in gathered.items():
        first = columns[0]
        yield CatalogTable(
            name=RelationName(database=database, schema=schema, identifier=identifier),
            type=str(first["table_type"]),
            comment=first.get("table_comment"),
            owner=first.get("table_owner"),
            columns=tuple(sorted(map(_column, columns), key=lambda column: column.index)),
            statistics=tuple(_statistics(first, statistics)),
        )


def _column(cells: Mapping[str, Any]) -> CatalogColumn:
    return CatalogColumn(
        name=str(cells["column_name"]),
        type=str(cells["column_type"]),
        index=int(cells["column_index"]),
        comment=cells.get("column_comment"),
    )


def _statistic_names(names: Sequence[str]) -> tuple[str, ...]:
    """Return the ids of the figures that come as columns `stats:<id>:value` and so on."""
    parts = (name.split(":") for name in names)
    return tuple(dict.fromkeys(p[1] for p in parts if p[0] == _STATISTIC and len(p) > 1))


def _statistics(cells: Mapping[str, Any], ids: Sequence[str]) -> Iterator[CatalogStatistic]:
    for one in ids:
        value = cells.get(f"{_STATISTIC}:{one}:value")
        is_shown = cells.get(f"{_STATISTIC}:{one}:include")
        if value is None:
            continue
        yield CatalogStatistic(
            id=one,
            label=str(cells.get(f"{_STATISTIC}:{one}:label") or one),
            value=value,
            is_shown=str(is_shown).lower() not in _FALSE,
            description=str(cells.get(f"{_STATISTIC}:{one}:description") or ""),
        )
