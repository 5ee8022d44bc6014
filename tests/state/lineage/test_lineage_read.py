"""Which columns a query's columns come from, construct by construct."""

from __future__ import annotations

import pytest

from upriver.state.lineage.columns import ALL, ROWS, Lineage
from upriver.state.lineage.read import Input, both, dialect_of, read_lineage

INPUTS = (
    Input(unique_id="a", name=("db", "dev", "a"), columns=("id", "x", "y"), is_complete=True),
    Input(unique_id="b", name=("db", "dev", "b"), columns=("id", "z"), is_complete=True),
    Input(unique_id="o", name=("db", "raw", "o")),
)
"""`o` has columns nobody knows."""


def read(sql: str, dialect: str = "duckdb") -> Lineage:
    lower = sql.lower()
    named = [one for one in INPUTS if f"dev.{one.unique_id}" in lower or "raw.o" in lower]
    return read_lineage(sql, dialect, named)


def columns(lineage: Lineage) -> dict[str, str]:
    """Each column as `kind: origin origin`."""
    assert lineage.doubt is None, lineage.doubt
    return {
        column.name: f"{column.kind}: "
        + " ".join(f"{one}.{name}" for one, name in column.origins if name != ROWS)
        for column in lineage.columns
    }


def used(lineage: Lineage) -> set[str]:
    return {f"{one}.{name}" for one, name in lineage.used if name != ROWS}


@pytest.mark.parametrize(
    ("sql", "expected", "rows"),
    [
        ("select * from dev.a", {"id": "passthrough: a.id", "x": "passthrough: a.x",
                                 "y": "passthrough: a.y"}, ""),
        ("select x as k, x + y as s, 1 as one from db.dev.a",
         {"k": "rename: a.x", "s": "transform: a.x a.y", "one": "constant: "}, ""),
        ("with t as (select id, x + 1 as n from dev.a where y > 1) select t.*, b.z from t"
         " left join dev.b as b using (id)",
         {"id": "passthrough: a.id b.id", "n": "transform: a.x", "z": "passthrough: b.z"},
         "a.id a.y b.id"),
        ("select id, count(*) as n, sum(y) filter (where x > 1) as s from dev.a group by 1",
         {"id": "passthrough: a.id", "n": "transform: ", "s": "transform: a.x a.y"}, "a.id"),
        ("select id, row_number() over (partition by x order by y) as n from dev.a",
         {"id": "passthrough: a.id", "n": "transform: a.x a.y"}, ""),
        ("select id from dev.a union all select z from dev.b", {"id": "rename: a.id b.z"}, ""),
        ("select id from dev.a union select id from dev.b",
         {"id": "passthrough: a.id b.id"}, "a.id b.id"),
        ("select a.id, (select max(z) from dev.b where b.id = a.x) as m from dev.a",
         {"id": "passthrough: a.id", "m": "transform: a.x b.id b.z"}, ""),
        ("select id from dev.a where x in (select z from dev.b)",
         {"id": "passthrough: a.id"}, "a.x b.z"),
        ("select * exclude (x) replace (y + 1 as y) rename (id as k) from dev.a",
         {"k": "rename: a.id", "y": "transform: a.y"}, ""),
        ("select x as p, p + 1 as q from dev.a", {"p": "rename: a.x", "q": "transform: a.x"}, ""),
        ("select unnest(x) as u, y from dev.a", {"u": "transform: a.x", "y": "passthrough: a.y"},
         "a.x"),
        ("select v.w from dev.a, unnest(a.x) as v(w)", {"w": "transform: a.x"}, "a.x"),
        ("select l.q from dev.a, lateral (select a.x + 1 as q) as l", {"q": "transform: a.x"}, ""),
        ("select list_transform(x, e -> e + y) as l from dev.a", {"l": "transform: a.x a.y"}, ""),
        ("select distinct on (x) id from dev.a order by y limit 3",
         {"id": "passthrough: a.id"}, "a.x a.y"),
        ("select x.f as f from dev.a", {"f": "transform: a.x"}, ""),
        ("select s.k from (select id, x from dev.a) as s(k, l)", {"k": "rename: a.id"}, ""),
        ("select sum(x) over w as n from dev.a window w as (partition by y)",
         {"n": "transform: a.x"}, "a.y"),
        ("with recursive r(n) as (select id from dev.a union all select n + 1 from r where n < 3)"
         " select n as k from r", {"k": "transform: a.id a.x a.y"}, "a.id a.x a.y"),
        ("select z, k from dev.b join raw.o on o.j = b.id",
         {"z": "passthrough: b.z o.z", "k": "passthrough: o.k"}, "b.id o.j a.*"),
        ("select id from dev.a where exists (select 1 from raw.o where o.k = y)",
         {"id": "passthrough: a.id"}, "a.y o.k o.y b.*"),
        ("from dev.a select id", {"id": "passthrough: a.id"}, ""),
        ("select * from (dev.a join dev.b using (id))",
         {"id": "passthrough: a.id b.id", "x": "passthrough: a.x", "y": "passthrough: a.y",
          "z": "passthrough: b.z"}, "a.id b.id"),
    ],
)  # fmt: skip
def test_what_columns_come_from(sql: str, expected: dict[str, str], rows: str) -> None:
    found = read(sql)
    assert columns(found) == expected
    assert used(found) == set(rows.split())


def test_columns_nobody_knows_pass_through() -> None:
    found = read("select o.*, k + 1 as n from raw.o")
    assert [(one.unique_id, one.excluded) for one in found.passed] == [("o", ())]
    assert columns(found) == {"n": "transform: o.k"}
    assert not found.is_complete
    through = read("with t as (select * exclude (v) from raw.o) select t.w from t")
    assert columns(through) == {"w": "passthrough: o.w"}


@pytest.mark.parametrize(
    "sql",
    [
        "select * from dev.a pivot (sum(x) for y in (1, 2))",
        "select columns('x|y') from dev.a",
        "select * from raw.o union all select * from raw.o",
    ],
)
def test_columns_without_names_come_from_everything(sql: str) -> None:
    found = read(sql)
    assert found.columns[-1].name == ALL
    assert found.columns[-1].origins


@pytest.mark.parametrize(
    "sql",
    ["selec x", "select nope from dev.a", "select 1; select 2", "create table t as select 1", "",
     "select * from dev.a natural join raw.o", "select (", "delete from dev.a"],
)  # fmt: skip
def test_what_cannot_be_told_is_in_doubt(sql: str) -> None:
    found = read_lineage(sql, "duckdb", INPUTS)
    assert found.doubt
    assert found.used == tuple((one.unique_id, ALL) for one in INPUTS)


def test_what_is_read_unseen_counts_whole() -> None:
    found = read_lineage("select x from dev.a", "duckdb", INPUTS)
    assert ("b", ALL) in found.used


def test_a_name_that_may_be_two_inputs_is_in_doubt() -> None:
    inputs = [Input(unique_id=one, name=("db", one, "t")) for one in ("p", "q")]
    assert read_lineage("select x from t", "duckdb", inputs).doubt
    assert not read_lineage("select x from p.t", "duckdb", inputs).doubt


def test_inputs_with_one_relation_are_read_together() -> None:
    inputs = [
        Input(unique_id="seed", name=("db", "dev", "t"), columns=("x",), is_complete=True),
        Input(unique_id="source", name=("db", "dev", "t")),
    ]
    found = read_lineage("select x, y from dev.t", "duckdb", inputs)
    assert columns(found) == {"x": "passthrough: seed.x source.x", "y": "passthrough: source.y"}


def test_names_that_differ_by_case_are_the_same() -> None:
    assert columns(read('select "ID" as Id from DEV.A')) == {"Id": "passthrough: a.id"}


def test_postgres() -> None:
    found = read(
        "select distinct on (x) id::text as t, y->>'k' as j, now() as at, jsonb_agg(x) over () as l"
        " from dev.a, lateral generate_series(1, x) as g(n) where n > 1",
        "postgres",
    )
    assert columns(found) == {
        "t": "transform: a.id", "j": "transform: a.y", "at": "constant: ", "l": "transform: a.x",
    }  # fmt: skip


def test_a_deep_query_is_read() -> None:
    many = " union all ".join(["select id from dev.a"] * 300)
    assert columns(read(many)) == {"id": "passthrough: a.id"}
    chain = " || ".join(["x"] * 2000)
    assert read(f"select {chain} as c from dev.a").columns[0].origins == (("a", "x"),)


def test_a_pivot_has_a_name_of_its_own() -> None:
    found = read("select p.k from (select * from dev.a) pivot (sum(x) for y in (1, 2)) as p")
    assert columns(found) == {"k": "transform: a.id a.x a.y"}


def test_either_of_two_texts() -> None:
    one, other = (
        read("select id, x as k from dev.a"),
        read("select id, y as k from dev.a where x > 1"),
    )
    found = both(one, other)
    assert columns(found) == {"id": "passthrough: a.id", "k": "rename: a.x a.y"}
    assert used(found) == {"a.x"}


def test_dialects() -> None:
    assert dialect_of(("duckdb",)) == "duckdb"
    assert dialect_of(("mine", "postgres")) == "postgres"
    assert dialect_of(("mine",)) == ""
