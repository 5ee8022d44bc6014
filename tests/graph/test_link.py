"""A project as a whole, and that linking one edited file again gives the same graph."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.graph.linked_project import codes, link_inputs, link_texts, parse_texts, resource

from upriver.graph.graph import Graph
from upriver.graph.inputs import HookInput, LinkInputs
from upriver.graph.link import FileChange, LinkNames, link, relink

PROJECT = {
    "models/stg/a.sql": "{{ config(tags=['x']) }} select 1 as id",
    "models/stg/b.sql": "select * from {{ ref('a') }}",
    "models/c.sql": "select * from {{ ref('b') }} join {{ source('raw', 't') }} using (id)",
    "models/v_v1.sql": "select 1 as id",
    "models/v_v2.sql": "select * from {{ ref('v', v=1) }}",
    "models/off.sql": "{{ config(enabled=false) }} select 1",
    "seeds/s.csv": "id\n1",
    "analyses/an.sql": "select * from {{ ref('c') }}",
    "tests/t.sql": "select * from {{ ref('a') }}",
    "models/p.yml": """
models:
  - name: a
    description: first
    columns: [{name: id, data_tests: [unique, not_null]}]
  - {name: v, versions: [{v: 1}, {v: 2}]}
sources: [{name: raw, tables: [{name: t}]}]
groups: [{name: g, owner: {name: n}}]
exposures:
  - {name: e, type: ml, owner: {name: n}, depends_on: ["ref('c')"]}
unit_tests:
  - {name: u, model: c, given: [], expect: {rows: []}}
""",
}


def test_every_kind_of_resource_is_in_the_graph() -> None:
    linked = link_texts(PROJECT, hooks=(HookInput(sql="select 1"),))
    assert linked.problems == ()
    kinds = {entry.kind for entry in linked.graph.entries.values()}
    assert kinds == {
        "model", "seed", "analysis", "test", "source", "exposure", "unit_test", "group",
        "operation",
    }  # fmt: skip
    assert list(linked.graph.disabled) == ["model.shop.off"]
    assert set(linked.graph.entries) == set(linked.graph.resources)


def test_edges_go_both_ways() -> None:
    graph = link_texts(PROJECT).graph
    assert graph.parents["model.shop.c"] == ("source.shop.raw.t", "model.shop.b")
    assert "model.shop.c" in graph.children["source.shop.raw.t"]
    for unique_id, parents in graph.parents.items():
        assert all(unique_id in graph.children[parent] for parent in parents)
        assert graph.entries[unique_id].references == parents


def test_all_problems_are_reported_together() -> None:
    linked = link_texts(
        {
            "models/a.sql": "select * from {{ ref('nowhere') }}",
            "models/b.sql": "{{ config(alias='c') }} select 1",
            "models/c.sql": "select * from {{ source('x', 'y') }}",
            "models/p.yml": "models: [{name: cc, group: g}, {name: b, group: g}]",
        }
    )
    assert sorted(codes(linked)) == [
        "group-not-found", "patch-without-node", "ref-not-found", "relation-shared",
        "source-not-found",
    ]  # fmt: skip


def test_the_nearest_name_is_hinted() -> None:
    texts = {"models/orders.sql": "select 1", "models/b.sql": "\n\nselect {{ ref('order') }}"}
    (problem,) = link_texts(texts).problems
    assert problem.hint == "Did you mean `orders`?"
    assert problem.span is not None
    assert (problem.span.file, problem.span.line) == ("models/b.sql", 3)


def test_a_cycle_is_named_in_order() -> None:
    texts = {f"models/{a}.sql": f"select {{{{ ref('{b}') }}}}" for a, b in ("ab", "bc", "ca")}
    (problem,) = link_texts(texts).problems
    assert problem.code == "cycle"
    assert (
        "`model.shop.a` -> `model.shop.b` -> `model.shop.c` -> `model.shop.a`" in problem.message
    )


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ("{name: a, data_tests: [unique, not_null]}, {name: b, data_tests: [unique]}", ("a",)),
        ("{name: a, data_tests: [unique]}, {name: b, data_tests: [unique]}", ("a", "b")),
        ("{name: a, quote: true, data_tests: [unique]}", ('"a"',)),
        ("{name: a, data_tests: [{unique: {config: {enabled: false}}}]}", ("a",)),
        ("{name: a, data_tests: [not_null]}", ()),
        ("{name: b, constraints: [{type: primary_key}]}, {name: a, data_tests: [unique]}", ("b",)),
    ],
)
def test_primary_keys_are_inferred(columns: str, expected: tuple[str, ...]) -> None:
    """PROJ-185."""
    texts = {
        "models/m.sql": "select 1",
        "models/p.yml": f"models: [{{name: m, columns: [{columns}]}}]",
    }
    assert resource(link_texts(texts), "model.shop.m").primary_key == expected


def test_linking_is_deterministic() -> None:
    assert link_texts(PROJECT).graph == link_texts(PROJECT).graph


BODIES = st.sampled_from(
    [
        "select 1 as id",
        "select * from {{ ref('a') }}",
        "select * from {{ ref('s') }} join {{ source('raw', 't') }} using (id)",
        "{{ config(tags=['y'], meta={'k': 1}) }} select * from {{ ref('b') }}",
        "{{ config(materialized='table') }} select * from {{ ref('c') }}",
        "{{ config(materialized='ephemeral') }} select 2",
        "{{ config(alias='other') }} select 2",
        "{{ config(enabled=false) }} select 2",
        "select * from {{ ref('nowhere') }}",
        "",
    ]
)
EDITABLE = ("models/stg/a.sql", "models/stg/b.sql", "models/c.sql", "models/v_v2.sql")


def _edited(inputs: LinkInputs, path: str, body: str) -> tuple[LinkInputs, FileChange]:
    (after,), _ = parse_texts({"shop": {path: body}})
    before = next(file for file in inputs.files if file.path == path)
    properties = next(file for file in inputs.files if file.path.endswith(".yml"))
    files = tuple(after if file is before else file for file in inputs.files)
    change = FileChange(before=before, after=after, properties=properties)
    return msgspec.structs.replace(inputs, files=files), change


def _plain(graph: Graph) -> tuple[object, ...]:
    return (
        dict(graph.resources), dict(graph.entries), dict(graph.parents), dict(graph.children),
        dict(graph.disabled), dict(graph.macros),
    )  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(EDITABLE), BODIES), min_size=1, max_size=4))
def test_relinking_equals_linking(edits: list[tuple[str, str]]) -> None:
    """After any sequence of edits: the graph, or the refusal to say anything."""
    inputs = link_inputs(PROJECT)
    linked = link(inputs)
    for path, body in edits:
        inputs, change = _edited(inputs, path, body)
        bare = msgspec.structs.replace(inputs, files=())
        names = msgspec.msgpack.decode(msgspec.msgpack.encode(linked.names), type=LinkNames)
        relinked = relink(linked.graph, names, bare, (change,))
        full = link(inputs)
        if relinked is not None:
            assert _plain(relinked.graph) == _plain(full.graph)
            assert relinked.problems == full.problems
        linked = full
        if any(problem.severity == "error" for problem in full.problems):
            return


@pytest.mark.parametrize(
    "body",
    [
        "{{ config(alias='other') }} select 1",
        "{{ config(enabled=false) }} select 1",
        "{{ config(materialized='ephemeral') }} select 1",
        "{{ config(group='nobody') }} select 1",
        "select * from {{ ref('nowhere') }}",
        "select * from {{ ref('c') }}",
    ],
)
def test_what_others_depend_on_is_not_relinked(body: str) -> None:
    inputs = link_inputs(PROJECT)
    linked = link(inputs)
    inputs, change = _edited(inputs, "models/stg/a.sql", body)
    assert relink(linked.graph, linked.names, inputs, (change,)) is None


def test_a_new_body_is_relinked() -> None:
    inputs = link_inputs(PROJECT)
    linked = link(inputs)
    inputs, change = _edited(inputs, "models/stg/b.sql", "select * from {{ ref('s') }}")
    relinked = relink(linked.graph, linked.names, inputs, (change,))
    assert relinked is not None
    assert relinked.graph.parents["model.shop.b"] == ("seed.shop.s",)
    assert relinked.graph.resources["model.shop.c"] is linked.graph.resources["model.shop.c"]
