"""Relations compared for real, on DuckDB and PostgreSQL, against counting in Python."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.postgres_server import Server

from upriver.adapters.cache import RelationCache
from upriver.adapters.contract import Adapter
from upriver.adapters.duckdb.adapter import adapter as duckdb_adapter
from upriver.adapters.postgres.adapter import adapter as postgres_adapter
from upriver.adapters.session import Session
from upriver.problems import WarehouseError
from upriver.run.compare.compare import Limits, Subjects, compare_relations
from upriver.run.compare.differing import ColumnChange, Differing

Row = tuple[Any, ...]
SMALL = Limits(undivided_rows=0, rows_per_bucket=2, rows_per_turn=8, buckets_per_turn=2)


class Place:
    """A warehouse with two schemas, `prod` and `dev`."""

    def __init__(self, adapter: Adapter, output: dict[str, Any], root: Path) -> None:
        credentials, problems = adapter.parse_credentials(
            output, profile="p", target="t", root=str(root)
        )
        assert credentials is not None, problems
        self.adapter = adapter
        self.warehouse = adapter.open(credentials)
        self.session = Session(self.warehouse, RelationCache())
        for schema in ("prod", "dev"):
            self.do(f"drop schema if exists {schema} cascade; create schema {schema}")

    def do(self, *statements: str) -> None:
        for statement in statements:
            self.session.execute(statement)

    def table(self, name: str, query: str) -> None:
        self.do(f"drop table if exists {name}", f"create table {name} as {query}")

    def differing(self, *key: str, limits: Limits | None = None, keys: Any = None) -> Differing:
        subjects = Subjects(baseline="prod.t", here="dev.t", keys=keys or ((key,) if key else ()))
        return compare_relations(self.session, self.adapter.dialect, subjects, limits or Limits())


@pytest.fixture(params=["duckdb", pytest.param("postgres", marks=pytest.mark.postgres)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    if request.param == "duckdb":
        made = Place(duckdb_adapter, {"type": "duckdb", "path": "x.duckdb"}, tmp_path)
    else:
        server: Server = request.getfixturevalue("postgres_server")
        made = Place(postgres_adapter, server.output(), tmp_path)
    yield made
    made.session.close()
    made.warehouse.close()


def both(place: Place, before: str, after: str) -> None:
    place.table("prod.t", before)
    place.table("dev.t", after)


def test_rows_are_found_by_key(place: Place) -> None:
    both(
        place,
        "select 1 as id, 'a' as x, 1.5 as y union all select 2, 'b', 2 union all select 3, 'c', 3",
        "select 2 as id, 'b' as x, 9 as y union all select 3, 'z', 3.0 union all select 4, 'd', 4",
    )
    found = place.differing("ID")
    rows = found.rows
    assert (rows.baseline, rows.here, rows.added, rows.removed, rows.changed, rows.same) == (
        3, 3, 1, 1, 2, 0,
    )  # fmt: skip
    assert found.key == ("id",)
    assert [(c.name, c.changed) for c in found.columns] == [("x", 1), ("y", 1)]
    assert [c.examples[0].key for c in found.columns] == [(3,), (2,)]
    assert found.columns[0].examples[0].before == "c"
    assert [row.values[0] for row in (*found.removed, *found.added)] == [1, 4]


def test_equal_relations_do_not_differ(place: Place) -> None:
    query = "select 1 as id, null as x, cast('nan' as double precision) as y"
    both(place, query, query)
    for limits in (Limits(), SMALL):
        assert not place.differing("id", limits=limits).is_different
        assert not place.differing(limits=limits).is_different


def test_schemas_are_compared(place: Place) -> None:
    both(place, 'select 1 as id, 2 as gone, 3 as "Ab", 1 as n',
         'select 1 as id, 3 as "aB", cast(1 as bigint) as n, 4 as more')  # fmt: skip
    found = place.differing("id")
    assert {(c.name, c.change) for c in found.schema} == {
        ("gone", "removed"), ("aB", "case"), ("n", "type"), ("more", "added"),
    }  # fmt: skip
    assert found.is_different
    assert found.rows.changed == 0
    assert ColumnChange(name="n", change="type", before="integer", after="bigint") in [
        ColumnChange(name=c.name, change=c.change, before=(c.before or "").lower(),
                     after=(c.after or "").lower()) for c in found.schema
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "changed"),
    [
        ("cast(1 as integer)", "cast(1 as bigint)", 0),
        ("cast(1 as integer)", "cast(1 as decimal(10,2))", 0),
        ("cast(1.50 as decimal(10,2))", "cast(1.5 as double precision)", 0),
        ("cast(1 as integer)", "cast('1' as varchar)", 0),
        ("cast(1 as integer)", "cast('x' as varchar)", 1),
        ("cast('2024-01-01' as date)", "cast('2024-01-01 00:00:00' as timestamp)", 0),
        ("cast('2024-01-01' as date)", "cast('2024-01-01 00:00:01' as timestamp)", 1),
        ("true", "cast('true' as varchar)", 0),
        ("cast(-0.0 as double precision)", "cast(0.0 as double precision)", 0),
        ("cast('nan' as double precision)", "cast(null as double precision)", 1),
        ("cast('' as varchar)", "cast(null as varchar)", 1),
        ("cast('1 day' as interval)", "cast('24 hours' as interval)", 0),
    ],
)
@pytest.mark.parametrize("limits", [Limits(), SMALL], ids=["whole", "buckets"])
def test_values_of_other_types(
    place: Place, before: str, after: str, changed: int, limits: Limits
) -> None:
    rows = "select 1 as id, {0} as x union all select 2, {0} union all select 3, null"
    both(place, rows.format(before), rows.format(after))
    found = place.differing("id", limits=limits)
    assert found.rows.changed == 2 * changed
    by_value = place.differing("x", limits=limits)
    assert (by_value.rows.added, by_value.rows.removed) == (2 * changed, 2 * changed)


@pytest.mark.parametrize("limits", [Limits(), SMALL], ids=["whole", "buckets"])
def test_nested_values(place: Place, limits: Limits) -> None:
    if place.adapter is duckdb_adapter:
        value = "{{'a': [1, {0}], 'b': map {{'k': 'v'}}}}"
        columns = "{1} as id, " + value + " as s, '{{\"a\": 1}}'::json as j, [1.5, null] as l"
    else:
        columns = "{1} as id, '{{\"a\": {0}}}'::json as s, array['a', null] as l,"
        columns += " point(1, 2) as p, array[1.50, 2] as n"
    query = f"select {columns} union all select {columns.replace('{1}', '{1} + 1')}"
    both(place, query.format(1, 1), query.format(1, 1))
    assert not place.differing("id", limits=limits).is_different
    both(place, query.format(1, 1), query.format(2, 1))
    assert {c.name: c.changed for c in place.differing("id", limits=limits).columns}["s"] == 2
    assert place.differing(limits=limits).rows.added == 2


def test_a_key_that_does_not_hold_is_told_and_the_rest_is_compared(place: Place) -> None:
    both(
        place,
        "select 1 as id, 'a' as x union all select 1, 'b' union all select 2, 'c'"
        " union all select null, 'n' union all select 5, 'e'",
        "select 1 as id, 'a' as x union all select 1, 'B' union all select 2, 'C'"
        " union all select null, 'n' union all select null, 'n' union all select 5, 'e'",
    )
    for limits in (Limits(), SMALL):
        found = place.differing("id", limits=limits)
        rows = found.rows
        assert (rows.added, rows.removed, rows.changed, rows.same) == (2, 1, 1, 3)
        assert found.trouble_baseline.duplicates == found.trouble_here.duplicates == 1
        assert {row.values for row in found.added_whole} == {(1, "B"), (None, "n")}
    whole = place.differing("id")
    assert whole.trouble_here.examples[0].values == (1,)
    assert (whole.trouble_baseline.nulls, whole.trouble_here.nulls) == (1, 2)


def test_views_and_relations_without_common_columns(place: Place) -> None:
    place.table("prod.t", "select 1 as a")
    place.do("drop table if exists dev.t", "create view dev.t as select 1 as b union all select 2")
    found = place.differing()
    assert (found.rows.added, found.rows.removed) == (2, 1)


def test_odd_names_are_quoted(place: Place) -> None:
    both(place, 'select 1 as "a ""b", 2 as "select"', 'select 1 as "a ""b", 3 as "select"')
    assert place.differing('a "b').rows.changed == 1


def test_the_first_key_that_both_have_is_used(place: Place) -> None:
    both(place, "select 1 as id, 2 as x", "select 1 as id, 2 as x, 3 as extra")
    assert place.differing(keys=(("extra",), ("x", "id"))).key == ("x", "id")


def test_what_does_not_exist_is_an_error_and_leaves_a_usable_session(place: Place) -> None:
    place.table("prod.t", "select 1 as a")
    place.do("drop table if exists dev.t")
    with pytest.raises(WarehouseError):
        place.differing()
    assert place.session.execute("select 1", fetch=True).rows == ((1,),)


_CELLS = st.one_of(st.none(), st.integers(0, 3))
_TABLES = st.lists(st.tuples(_CELLS, _CELLS, st.sampled_from([None, "", "a", "b'"])), max_size=12)


def _values(rows: list[Row]) -> str:
    typed = (
        "select cast(null as integer) as k, cast(null as integer) as v, cast(null as varchar) as s"
    )
    listed = [
        "union all select " + ", ".join("null" if v is None else repr(v) if isinstance(v, int)
                                        else "'" + v.replace("'", "''") + "'" for v in row)
        for row in rows
    ]  # fmt: skip
    return f"{typed} where 1 = 0 {' '.join(listed)}"


def _counted(before: list[Row], after: list[Row], key: int) -> tuple[int, int, int]:
    """Added, removed and changed rows, counted without a warehouse."""
    tallies = [Counter(row[:key] for row in rows) for rows in (before, after)]

    def is_alone(row: Row) -> bool:
        return not key or None in row[:key] or any(tally[row[:key]] > 1 for tally in tallies)

    lone = [Counter(row for row in rows if is_alone(row)) for rows in (before, after)]
    found = [{row[:key]: row for row in rows if not is_alone(row)} for rows in (before, after)]
    changed = sum(found[0][k] != found[1][k] for k in found[0].keys() & found[1].keys())
    added = len(found[1].keys() - found[0].keys()) + (lone[1] - lone[0]).total()
    removed = len(found[0].keys() - found[1].keys()) + (lone[0] - lone[1]).total()
    return added, removed, changed


@settings(max_examples=60)
@given(
    before=_TABLES, after=_TABLES, key=st.integers(0, 2), limits=st.sampled_from([Limits(), SMALL])
)
def _agrees(place: Place, before: list[Row], after: list[Row], key: int, limits: Limits) -> None:
    both(place, _values(before), _values(after))
    rows = place.differing(*("k", "v")[:key], limits=limits).rows
    assert (rows.added, rows.removed, rows.changed) == _counted(before, after, key)
    assert rows.same == rows.baseline - rows.removed - rows.changed


def test_counts_agree_with_counting_by_hand(place: Place) -> None:
    _agrees(place)


def test_only_differing_buckets_are_looked_at(place: Place) -> None:
    series = (
        "range(5000) r(i)" if place.adapter is duckdb_adapter else "generate_series(0,4999) r(i)"
    )
    query = "select i as id, i % 7 as v from " + series
    both(place, query, query.replace("i % 7", "case when i = 77 then -1 else i % 7 end"))
    limits = Limits(undivided_rows=100, rows_per_bucket=10)
    found = place.differing("id", limits=limits)
    assert (found.buckets, found.differing_buckets) == (500, 1)
    assert found.rows.changed == 1
    assert found.columns[0].examples[0].key == (77,)
