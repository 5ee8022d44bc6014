from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.small_graphs import small_graph

from upriver.plan.methods import Material
from upriver.plan.select import select
from upriver.plan.spec import command_line_spec

KINDS = frozenset({"model", "seed", "source", "test", "exposure", "unit_test"})

GRAPH = small_graph(
    {
        "source.p.raw.tickets": "",
        "seed.p.countries": "",
        "model.p.stg_orders": "source.p.raw.tickets",
        "model.p.stg_customers": "seed.p.countries",
        "model.p.orders": "model.p.stg_orders model.p.stg_customers",
        "model.p.revenue": "model.p.orders",
        "model.q.lib": "",
        "model.p.dim.v1": "model.q.lib",
        "model.p.dim.v2": "model.q.lib",
        "test.p.unique_orders": "model.p.orders",
        "test.p.rel_orders_customers": "model.p.orders model.p.stg_customers",
        "test.p.positive": "model.p.stg_orders",
        "exposure.p.board": "model.p.revenue",
        "unit_test.p.checks": "model.p.orders",
    },
    stg_orders={
        "fqn": ("p", "staging", "stg_orders"),
        "tags": ("nightly", "pii"),
        "original_file_path": "models/staging/stg_orders.sql",
        "patch_path": "p://models/staging/schema.yml",
        "config": {"materialized": "view", "meta": {"owner": "ada"}, "tags": ["nightly"]},
    },
    stg_customers={"fqn": ("p", "staging", "stg_customers"), "tags": ("nightly",)},
    orders={
        "fqn": ("p", "marts", "core", "orders"),
        "group": "finance",
        "access": "public",
        "config": {"materialized": "table", "enabled": True},
    },
    revenue={"fqn": ("p", "marts", "revenue"), "is_empty": True},
    dim={"version": 1, "latest_version": 1},
    countries={"original_file_path": "seeds/countries.csv"},
    unique_orders={"test_name": "unique"},
    rel_orders_customers={"test_name": "relationships"},
)
# Two versions share a name, so their fields are set here.
GRAPH.entries["model.p.dim.v2"] = GRAPH.entries["model.p.dim.v2"].__class__(  # type: ignore[index]
    **{
        **{
            f: getattr(GRAPH.entries["model.p.dim.v2"], f)
            for f in GRAPH.entries["model.p.dim.v2"].__struct_fields__
        },
        "version": 2,
    }
)


def ids(select_words: str, exclude: str = "", mode: str = "eager", **kwargs: object) -> set[str]:
    """Select and return names, which are unique here but for the versions of `dim`."""
    spec, problems = command_line_spec(tuple(select_words.split()), tuple(exclude.split()))
    assert not problems
    selection, problems = select(
        spec, Material(graph=GRAPH, **kwargs), KINDS, mode=mode, drops_empty=False
    )
    assert not [p for p in problems if p.severity == "error"], problems
    return {i.split(".", 2)[2] for i in selection.ids}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        # SEL-15 fqn
        ("orders", "orders unique_orders rel_orders_customers checks"),
        ("staging", "stg_orders stg_customers positive rel_orders_customers"),
        ("p.staging.stg_orders", "stg_orders positive"),
        ("marts.core.orders", "orders unique_orders rel_orders_customers checks"),
        ("stg_*", "stg_orders stg_customers positive rel_orders_customers"),
        ("marts.*", "orders revenue unique_orders rel_orders_customers checks"),
        ("dim", "dim.v1 dim.v2"),
        ("dim.v1", "dim.v1"),
        ("dim_v2", "dim.v2"),
        # SEL-2, 3, 4 graph operators
        ("+stg_orders", "raw.tickets stg_orders positive"),
        (
            "1+orders",
            "orders stg_orders stg_customers positive unique_orders rel_orders_customers checks",
        ),
        ("stg_orders+1", "stg_orders positive orders unique_orders rel_orders_customers checks"),
        ("revenue+", "revenue board"),
        (
            "@stg_orders",
            "stg_orders orders revenue board raw.tickets stg_customers countries positive"
            " unique_orders rel_orders_customers checks",
        ),
        # SEL-5, 6 union and intersection
        ("stg_orders stg_customers,tag:pii", "stg_orders positive"),
        ("tag:nightly,stg_orders", "stg_orders positive"),
        # SEL-16..27
        ("tag:pii", "stg_orders positive"),
        ("tag:night*", "stg_orders stg_customers positive rel_orders_customers"),
        ("group:finance", "orders unique_orders rel_orders_customers checks"),
        ("access:public", "orders unique_orders rel_orders_customers checks"),
        ("source:raw", "raw.tickets"),
        ("source:raw.tick*", "raw.tickets"),
        ("source:p.raw.tickets+1", "raw.tickets stg_orders positive"),
        ("path:models/staging", "stg_orders positive"),
        ("models/staging/stg_orders.sql", "stg_orders positive"),
        ("path:models/*/stg_*.sql", "stg_orders positive"),
        ("countries.csv", "countries"),
        ("file:stg_orders", "stg_orders positive"),
        ("package:q", "lib"),
        ("package:this,tag:pii", "stg_orders positive"),
        ("config.materialized:view", "stg_orders positive"),
        ("config.meta.owner:ada", "stg_orders positive"),
        ("config.tags:nightly", "stg_orders positive"),
        ("config.enabled:TRUE", "orders unique_orders rel_orders_customers checks"),
        ("test_name:unique", "unique_orders"),
        ("test_type:singular", "positive"),
        ("test_type:generic", "unique_orders rel_orders_customers"),
        ("test_type:data", "unique_orders rel_orders_customers positive"),
        ("test_type:unit", "checks"),
        ("unit_test:check*", "checks"),
        ("resource_type:exposure", "board"),
        ("exposure:board", "board"),
        ("+exposure:board,resource_type:seed", "countries"),
        ("version:latest", "dim.v1"),
        ("version:prerelease", "dim.v2"),
        ("version:none,package:q", "lib"),
    ],
)
def test_criteria(words: str, expected: str) -> None:
    assert ids(words) == set(expected.split())


@pytest.mark.parametrize(
    ("mode", "words", "expected"),
    [
        ("empty", "orders", "orders"),
        ("cautious", "orders", "orders unique_orders checks"),
        # SEL-49: tests whose parents come together only in the union join.
        (
            "cautious",
            "orders stg_customers",
            "orders stg_customers unique_orders checks rel_orders_customers",
        ),
        ("buildable", "orders", "orders unique_orders checks rel_orders_customers"),
        ("buildable", "stg_customers", "stg_customers"),
    ],
)
def test_indirect_selection(mode: str, words: str, expected: str) -> None:
    assert ids(words, mode=mode) == set(expected.split())


def test_eager_exclusion_takes_shared_tests_along() -> None:
    # SEL-8: the relationships test touches the excluded model.
    assert ids("orders stg_customers", "stg_customers") == {"orders", "unique_orders", "checks"}


def test_no_criteria_select_everything() -> None:
    assert len(ids("")) == len(GRAPH.entries)


def test_a_criterion_without_match_warns() -> None:
    spec, _ = command_line_spec(("nope", "orders"), ())
    _, problems = select(spec, Material(graph=GRAPH), KINDS)
    assert [p.event for p in problems] == ["NoNodesForSelectionCriteria"]
    assert "'nope'" in problems[0].message


def test_models_without_sql_are_dropped_from_runs() -> None:
    spec, _ = command_line_spec(("revenue",), ())
    selection, _ = select(spec, Material(graph=GRAPH), KINDS)
    assert not selection.ids


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        ("sate:new", "selector-method-unknown", "state"),
        ("@orders+", "selector-syntax", "@"),
    ],
)
def test_bad_words(words: str, code: str, text: str) -> None:
    _, problems = command_line_spec((words,), ())
    assert [p.code for p in problems] == [code]
    assert text in f"{problems[0].message} {problems[0].hint}"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("state:modified", "state-missing"),
        ("result:error", "state-missing"),
        ("source_status:fresher", "state-missing"),
        ("test_type:none", "selector-value"),
        ("source:a.b.c.d", "selector-value"),
        ("resource_type:modle", "selector-value"),
        ("version:newest", "selector-value"),
    ],
)
def test_bad_values(words: str, code: str) -> None:
    spec, _ = command_line_spec((words,), ())
    selection, problems = select(spec, Material(graph=GRAPH), KINDS)
    assert [p.code for p in problems] == [code]
    assert not selection.ids


class Compared:
    """Answers as a comparison with a baseline would."""

    def is_new(self, unique_id: str) -> bool:
        return unique_id == "model.p.revenue"

    def is_modified(self, unique_id: str, part: str | None = None) -> bool:
        if part is not None:
            return (unique_id, part) == ("model.p.stg_orders", "body")
        return unique_id in ("model.p.revenue", "model.p.stg_orders")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("state:new", "revenue"),
        ("state:modified,resource_type:model", "revenue stg_orders positive"),
        ("state:modified.body,resource_type:model", "stg_orders positive"),
        ("state:modified.configs", ""),
        ("state:modified+,package:q", ""),
    ],
)
def test_state(words: str, expected: str) -> None:
    assert ids(words, comparison=Compared()) == set(expected.split())


def test_results_and_fresher_sources() -> None:
    results = {"model.p.orders": "error", "model.p.gone": "error", "model.p.revenue": "success"}
    assert ids("result:error", mode="empty", results=results) == {"orders"}
    fresher = frozenset({"source.p.raw.tickets"})
    assert ids("source_status:fresher+1", mode="empty", fresher_sources=fresher) == {
        "raw.tickets",
        "stg_orders",
    }


ATOMS = st.sampled_from(
    [
        "orders",
        "+orders",
        "stg_orders+",
        "tag:nightly",
        "@stg_customers",
        "resource_type:test",
        "p.marts",
    ]
)


@given(a=ATOMS, b=ATOMS, c=ATOMS)
def test_set_algebra(a: str, b: str, c: str) -> None:
    # With no tests coming along, operators are plain set operators.
    def plain(words: str, exclude: str = "") -> set[str]:
        return ids(words, exclude, mode="empty")

    assert plain(f"{a} {b}") == plain(a) | plain(b)
    assert plain(f"{a},{b}") == plain(a) & plain(b)
    assert plain(f"{a},{b} {c}") == (plain(a) & plain(b)) | plain(c)
    assert plain(f"{a} {b}", c) == (plain(a) | plain(b)) - plain(c)
