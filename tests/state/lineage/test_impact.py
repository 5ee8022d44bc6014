"""A change never misses a reader: against rebuilding everything on DuckDB.

Random queries over each other are built, one of them is edited, and everything is built again.
Whatever lineage says has not changed must not have: the same rows as far as those columns go.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import duckdb
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from upriver.state.lineage.columns import Lineage, everything
from upriver.state.lineage.impact import WHOLE, Change, affected, changed_columns
from upriver.state.lineage.read import Input, read_lineage

BASE = ("t0", "t1")
DATA = {
    "t0": "select i as a, i % 3 as b, case when i % 4 = 0 then null else i * 2 end as c"
    " from range(8) r(i)",
    "t1": "select i % 5 as a, 10 - i as b, i % 2 as c from range(6) r(i)",
}
TEMPLATES = (
    "select {x} as a, {y} as b, {z} as c from {p}",
    "select * from {p} where {x} > {n}",
    "select *, {x} + {y} as d from {p}",
    "select {p}.a as a, q.b as b, {p}.c + q.c as c from {p} join {q} as q on {p}.{x} = q.{y}",
    "select a, {p}.b, q.c from {p} left join {q} as q using (a)",
    "select {x} as a, count(*) as b, sum({y}) as c from {p} group by 1",
    "select a, max({x}) filter (where {y} > {n}) as b, min(c) as c from {p} group by all",
    "select a, b, row_number() over (partition by {x} order by a, b, c) as c from {p}",
    "select a, b, c from {p} union all select {x}, {y}, {z} from {q}",
    "select a, b, c from {p} union select a, {y}, c from {q}",
    "select * from {p} union all by name select {x} as b, a, c from {q}",
    "select a, b, c from {p} except select a, b, {x} from {q}",
    "select distinct {x} as a, b, 0 as c from {p}",
    "with x as (select * from {p}), y as (select a, max({x}) as b from x group by 1)"
    " select x.a, y.b, x.c from x left join y using (a)",
    "select a, (select max({x}) from {q} as q where q.a = {p}.{y}) as b, c from {p}",
    "select a, b, c from {p} where exists (select 1 from {q} as q where q.{x} = {p}.{y})",
    "select a, b, c from {p} where {x} in (select {y} from {q})",
    "select a, b, c from {p} order by {x}, a, b, c limit 3",
    "select * exclude (b), {x} as b from {p}",
    "select * replace ({x} + 1 as a) from {p}",
    "select unnest([{x}, {y}]) as a, b, c from {p}",
    "select a, b, c from {p} qualify rank() over (partition by {x} order by a, b, c) = 1",
    "select {x} + 1 as k, k * 2 as a, b, c from {p}",
    "select l.a, l.b, {p}.c from {p}, lateral (select {p}.{x} + 1 as a, {p}.b as b) as l",
    "select s.x as a, s.y as b, s.z as c from (select {x} as x, {y} as y, c as z from {p}) as s",
    "select s.u as a, s.v as b, s.w as c from (select a, b, c from {p}) as s(u, v, w)",
    "with recursive r as (select a, b, c, 0 as n from {p} union all"
    " select a, b, c, n + 1 from r where n < 2 and {x} > 1) select a, b, c from r",
    "select sum({x}) over w as a, b, c from {p} window w as (partition by {y} order by a, b, c)",
    "select a, b, c from {p} semi join {q} as q on q.{x} = {p}.a",
    "select max({x}) as a, 1 as b, 2 as c from {p}",
    "select {x} as a, 1 as b, 2 as c from {p}",
    "select p.a, p.b, p.c from (select row(a, b, c) as r, * from {p}) as p where p.r is not null",
    "select list_sum(list_transform([a, b], e -> e + {x})) as a, b, c from {p}",
)
EDITS = st.tuples(st.integers(0, 99), st.sampled_from(["a", "b", "c", "1", "a + 1", "c * 2"]))
_TOKEN = re.compile(r"(?<![\w.(])\b[abc]\b(?! *\()|\b\d\b")


@st.composite
def projects(draw: Callable[..., Any]) -> dict[str, str]:
    """Queries by name, each over tables before it."""
    queries: dict[str, str] = {}
    for at in range(draw(st.integers(2, 5))):
        names = st.sampled_from([*BASE, *queries])
        column = st.sampled_from(["a", "b", "c"])
        parts = {
            "p": draw(names), "q": draw(names), "n": draw(st.integers(0, 4)),
            **{name: draw(column) for name in "xyz"},
        }  # fmt: skip
        queries[f"m{at}"] = draw(st.sampled_from(TEMPLATES)).format(**parts)
    return queries


def build(queries: Mapping[str, str]) -> duckdb.DuckDBPyConnection | None:
    """Build everything; None if the warehouse refuses."""
    connection = duckdb.connect()
    try:
        for name, query in {**DATA, **queries}.items():
            connection.execute(f"create table {name} as {query}")
    except duckdb.Error:
        connection.close()
        return None
    return connection


def reads(query: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(re.findall(r"\b[tm]\d\b", query)))


class Lineages:
    """Lineage of each query, with or without knowing the columns of the base tables."""

    def __init__(self, queries: Mapping[str, str], *, is_open: bool) -> None:
        self.queries = queries
        self.is_open = is_open
        self.found: dict[str, Lineage] = {}

    def of(self, name: str, query: str | None = None) -> Lineage:
        if query is None and name in self.found:
            return self.found[name]
        text = query or self.queries.get(name)
        if text is None:
            return Lineage()
        made = read_lineage(text, "duckdb", [self.input(one) for one in reads(text)])
        if query is None:
            self.found[name] = made
        return made

    def input(self, name: str) -> Input:
        if name in BASE:
            columns = () if self.is_open else ("a", "b", "c")
            return Input(unique_id=name, name=(name,), columns=columns, is_complete=bool(columns))
        lineage = self.of(name)
        return Input(
            unique_id=name, name=(name,), columns=lineage.names, is_complete=lineage.is_complete
        )


def check(before: dict[str, str], after: dict[str, str], *, is_open: bool) -> dict[str, Change]:
    old, new = build(before), build(after)
    assume(old is not None and new is not None)
    assert old is not None
    assert new is not None
    lineages = Lineages(after, is_open=is_open)
    edited = [name for name in after if before[name] != after[name]]
    changes = {name: changed_columns(lineages.of(name, before[name]), lineages.of(name))
               for name in edited}  # fmt: skip
    parents = {name: reads(query) for name, query in after.items()}
    found = affected(changes, list(after), lineages.of, parents)
    for name, query in after.items():
        change = found.get(name, Change())
        if change.is_whole:
            continue
        columns = [
            {row[0] for row in one.execute(f"describe {name}").fetchall()} for one in (old, new)
        ]
        same = sorted(name for name in columns[0] | columns[1] if name not in change.columns)
        shown = ", ".join(same) or "1"
        rows = [Counter(map(repr, one.execute(f"select {shown} from {name}").fetchall()))
                for one in (old, new)]  # fmt: skip
        assert rows[0] == rows[1], (name, change, query, before)
    old.close()
    new.close()
    return found


@settings(max_examples=120)
@given(queries=projects(), edit=EDITS, which=st.integers(0, 4), is_open=st.booleans())
def test_no_reader_is_missed(
    queries: dict[str, str], edit: tuple[int, str], which: int, *, is_open: bool
) -> None:
    name = [*queries][which % len(queries)]
    places = [*_TOKEN.finditer(queries[name])]
    assume(places)
    place = places[edit[0] % len(places)]
    text = queries[name]
    after = {**queries, name: f"{text[: place.start()]}{edit[1]}{text[place.end() :]}"}
    check(queries, after, is_open=is_open)


@settings(max_examples=60)
@given(queries=projects(), other=projects(), is_open=st.booleans())
def test_no_reader_of_a_rewritten_query_is_missed(
    queries: dict[str, str], other: dict[str, str], *, is_open: bool
) -> None:
    check(queries, {**queries, "m0": other["m0"]}, is_open=is_open)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("select a, b from t0", "select a, b + 1 as b from t0", {"b"}),
        ("select a, b from t0", "with x as (select * from t0) select x.a, b from x", set()),
        ("select a as k, b from t0", "-- c\nSELECT t.a AS k, t.b FROM t0 t", set()),
        ("select a, b from t0", "select a, b, c from t0", {"c"}),
        ("select a, b, c from t0", "select a, c from t0", {"b"}),
        ("select a, b from t0", "select a, b from t0 where c > 1", None),
        ("select a, 1 as b from t0", "select max(a) as a, 1 as b from t0", None),
        ("select a, b from t0", "select distinct a, b from t0", None),
        ("select a, b from t0", "select a, my_function(b) as b from t0", None),
        ("select a, b from t0 order by a", "select a, b from t0 order by b", None),
        ("select a, b from t0 where c > 1", "select b, a from t0 as x where x.c > 1", set()),
    ],
)
def test_what_an_edit_changes(before: str, after: str, expected: set[str] | None) -> None:
    inputs = [Input(unique_id="t0", name=("t0",), columns=("a", "b", "c"), is_complete=True)]
    change = changed_columns(*(read_lineage(q, "duckdb", inputs) for q in (before, after)))
    assert change == (WHOLE if expected is None else Change(frozenset(expected)))


def test_only_readers_of_a_column_are_reached() -> None:
    queries = {
        "m0": "select a, b, c from t0",
        "m1": "select a, c from m0",
        "m2": "select b + 1 as x, a from m0",
        "m3": "select x from m2",
        "m4": "select a from m2",
        "m5": "select count(*) as n from m0 where b > 1",
        "m6": "select n from m5",
        "m7": "select count(*) as n from m0",
    }
    lineages = Lineages(queries, is_open=False)
    parents = {name: reads(query) for name, query in queries.items()}
    found = affected({"m0": Change(frozenset({"b"}))}, list(queries), lineages.of, parents)
    assert set(found) == {"m0", "m2", "m3", "m5", "m6"}
    assert found["m2"] == Change(frozenset({"x"}))
    assert found["m5"] == WHOLE
    whole = affected({"m0": WHOLE}, list(queries), lineages.of, parents)
    assert set(whole) == set(queries)


def test_a_star_gives_no_more_what_is_gone() -> None:
    queries = {"m0": "select a, c from t0", "m1": "select * from m0", "m2": "select a from m1",
               "m3": "select * exclude (c) from m1"}  # fmt: skip
    lineages = Lineages(queries, is_open=False)
    change = changed_columns(lineages.of("m0", "select a, b, c from t0"), lineages.of("m0"))
    parents = {name: reads(query) for name, query in queries.items()}
    found = affected({"m0": change}, list(queries), lineages.of, parents)
    assert set(found) == {"m0", "m1", "m3"}
    again = affected({"m1": Change(frozenset({"c"}))}, list(queries), lineages.of, parents)
    assert set(again) == {"m1"}


def test_what_cannot_be_read_depends_on_everything() -> None:
    found = affected(
        {"t0": Change(frozenset({"z"}))},
        ["m"],
        lambda _: everything(("t0",), "it cannot be parsed"),
        {"m": ("t0",)},
    )
    assert found["m"] == WHOLE
