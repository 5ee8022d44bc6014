"""Which node an entry of a property file is about (PROJ-169)."""

from __future__ import annotations

import pytest
from tests.graph.linked_project import Texts, link_texts, resource

M = "select 1 as id"


@pytest.mark.parametrize(
    ("yaml", "code", "hint"),
    [
        (
            "models: [{name: order}]",
            "patch-without-node",
            "Did you mean `orders`?",
        ),
        ("seeds: [{name: zzz}]", "patch-without-node", None),
        (
            "seeds: [{name: orders}]",
            "patch-of-another-kind",
            "Move it to `models`",
        ),
        ("analyses: [{name: orders}]", "patch-without-node", None),
    ],
)
def test_entries_about_nothing_are_warnings(yaml: str, code: str, hint: str | None) -> None:
    (problem,) = link_texts({"models/orders.sql": M, "models/p.yml": yaml}).problems
    assert (problem.code, problem.severity, problem.hint) == (code, "warning", hint)


@pytest.mark.parametrize(
    "texts",
    [
        {"models/p.yml": "models: [{name: m}, {name: m}]"},
        {"models/p.yml": "models: [{name: m}]", "models/q.yml": "models: [{name: m}]"},
    ],
)
def test_a_node_is_described_once(texts: Texts) -> None:
    (problem,) = link_texts({"models/m.sql": M, **texts}).problems
    assert (problem.code, problem.severity) == ("patch-twice", "error")
    assert len(problem.related) == 1


def test_the_root_project_may_describe_a_packages_node() -> None:
    linked = link_texts(
        {
            "models/p.yml": "models: [{name: m, description: d,"
            " columns: [{name: a, data_tests: [unique]}]}]"
        },
        packages={"one": {"models/m.sql": M}},
    )
    assert resource(linked, "model.one.m").description == "d"
    (test,) = (one for one in linked.graph.entries.values() if one.kind == "test")
    assert test.package == "shop"
    assert resource(linked, test.unique_id).attached_node is None


def test_of_several_nodes_of_a_name_the_enabled_one_is_described() -> None:
    linked = link_texts(
        {
            "models/a/m.sql": "{{ config(enabled=false) }}",
            "models/b/m.sql": M,
            "models/p.yml": "models: [{name: m, description: d}]",
        }
    )
    assert resource(linked, "model.shop.m").description == "d"
    (disabled,) = linked.graph.disabled["model.shop.m"]
    assert disabled.description == ""


@pytest.mark.parametrize(
    ("path", "section"),
    [("analyses/x.sql", "analyses"), ("tests/x.sql", "data_tests"), ("seeds/x.csv", "seeds")],
)
def test_each_section_describes_its_kind(path: str, section: str) -> None:
    linked = link_texts({path: "id", "models/p.yml": f"{section}: [{{name: x, description: d}}]"})
    (node,) = linked.graph.resources.values()
    assert node.description == "d"
