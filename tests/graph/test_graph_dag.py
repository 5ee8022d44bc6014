"""Edges, circles and entries."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.graph.linked_project import link_texts

from upriver.graph.dag import edges, entry_of, find_cycle
from upriver.resources.relation import RelationName

NODES = "abcdefg"
GRAPHS = st.fixed_dictionaries(
    {node: st.lists(st.sampled_from(NODES), max_size=3, unique=True).map(tuple) for node in NODES}
)


@given(GRAPHS)
def test_a_circle_is_found_exactly_when_there_is_one(parents: dict[str, tuple[str, ...]]) -> None:
    above, below = edges(parents)
    cycle = find_cycle(above, below)
    for one, following in zip(cycle, (*cycle[1:], *cycle[:1]), strict=True):
        assert following in above[one]
    if not cycle:
        done: set[str] = set()
        for _ in NODES:
            done |= {node for node in NODES if set(above[node]) <= done}
        assert done == set(NODES)


def test_ends_outside_the_graph_are_left_out() -> None:
    above, below = edges({"a": ("gone", "b"), "b": ()})
    assert (above, below) == ({"a": ("b",), "b": ()}, {"a": (), "b": ("a",)})


def test_entries_hold_what_selection_needs() -> None:
    texts = {
        "models/a.sql": "{{ config(tags=['x'], group='g') }} select 1",
        "models/b.sql": "",
        "models/e.sql": "{{ config(materialized='ephemeral') }} select 1",
        "models/p.yml": """
models: [{name: a, columns: [{name: id, data_tests: [unique]}]}]
groups: [{name: g, owner: {name: n}}]
sources: [{name: s, tables: [{name: t, identifier: i}]}]
""",
    }
    graph = link_texts(texts).graph
    entry = graph.entries["model.shop.a"]
    assert (entry.tags, entry.group, entry.access) == (("x",), "g", "protected")
    assert entry.relation == RelationName(database="db", schema="main", identifier="a")
    assert graph.entries["model.shop.b"].is_empty
    assert graph.entries["model.shop.e"].relation is None
    source = graph.entries["source.shop.s.t"]
    assert (source.source_name, source.relation_name) == ("s", '"db"."s"."i"')
    (test,) = (one for one in graph.entries.values() if one.kind == "test")
    assert (test.test_name, test.references) == ("unique", ("model.shop.a",))
    group = graph.entries["group.shop.g"]
    assert (group.fqn, group.relation) == (("shop", "g"), None)


def test_an_entry_follows_from_its_resource() -> None:
    graph = link_texts({"models/a.sql": "select 1"}).graph
    made = entry_of(graph.resources["model.shop.a"], "model", ())
    assert made == graph.entries["model.shop.a"]
