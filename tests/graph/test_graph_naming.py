"""Names in the warehouse (PROJ-176..180)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
from tests.graph.linked_project import link_inputs, link_texts, resource

from upriver.graph.link import link
from upriver.graph.naming import node_uses
from upriver.resources.macro import Macro

MACRO = "{{% macro generate_{part}_name(custom, node) %}} {body} {{% endmacro %}}"


def macro(body: str) -> Macro:
    text = MACRO.format(part="schema", body=body)
    return Macro(
        unique_id="macro.shop.m", name="m", package="shop", path="", original_file_path="",
        macro_sql=text,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ("", '"db"."main"."m"'),
        ("alias='a '", '"db"."main"."a"'),
        ("schema=' s'", '"db"."main_s"."m"'),
        ("database='other'", '"other"."main"."m"'),
        ("materialized='ephemeral'", None),
        ("quoting={'schema': false}", '"db"."main"."m"'),
    ],
)
def test_names_without_overrides(config: str, expected: str | None) -> None:
    linked = link_texts({"models/m.sql": f"{{{{ config({config}) }}}} select 1"})
    assert resource(linked, "model.shop.m").relation_name == expected


def test_versions_are_part_of_the_alias() -> None:
    texts = {
        "models/m_v1.5.sql": "select 1",
        "models/p.yml": "models: [{name: m, versions: [{v: 1.5}]}]",
    }
    assert resource(link_texts(texts), "model.shop.m.v1.5").alias == "m_v1_5"


def test_the_projects_quoting_applies() -> None:
    linked = link_texts(
        {"models/m.sql": "select 1"}, settings={"shop": {"quoting": {"schema": False}}}
    )
    assert resource(linked, "model.shop.m").relation_name == '"db".main."m"'


def test_overridden_macros_are_called() -> None:
    body = "{{ custom or 'none' }}_{{ node.resource_type }}"
    linked = link_texts(
        {
            "macros/g.sql": MACRO.format(part="schema", body=body),
            "models/m.sql": "{{ config(schema='s') }} select 1",
            "seeds/s.csv": "a",
        }
    )
    assert resource(linked, "model.shop.m").schema == "s_model"
    assert resource(linked, "seed.shop.s").schema == "none_seed"


def test_a_package_prefers_its_own_macro_and_else_the_roots() -> None:
    """PROJ-179."""
    linked = link_texts(
        {"macros/g.sql": MACRO.format(part="alias", body="root_{{ node.name }}")},
        packages={
            "one": {"models/a.sql": "select 1"},
            "two": {
                "models/b.sql": "select 1",
                "macros/g.sql": MACRO.format(part="alias", body="two_{{ node.name }}"),
            },
        },
    )
    assert resource(linked, "model.one.a").alias == "root_a"
    assert resource(linked, "model.two.b").alias == "two_b"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("{{ custom }}", frozenset()),
        ("{{ node.resource_type }}", frozenset({"resource_type"})),
        ("{{ node.config.materialized }}", None),
        ("{{ node }}", None),
        ("{{ other(node) }}", None),
        ("{{ model.name }}", None),
    ],
)
def test_what_a_macro_reads_of_a_node(body: str, expected: frozenset[str] | None) -> None:
    assert node_uses((macro(body),)) == expected


@pytest.mark.parametrize(("body", "calls"), [("{{ custom }}", 1), ("{{ node.name }}", 4)])
def test_answers_that_cannot_differ_are_asked_for_once(body: str, calls: int) -> None:
    texts = {f"models/{name}.sql": "select 1" for name in "abcd"}
    inputs = link_inputs({**texts, "macros/g.sql": MACRO.format(part="schema", body=body)})
    asked: list[Any] = []

    def naming(name: str, package: str, custom: str | None, node: Mapping[str, Any]) -> str:
        asked.append((name, package, custom, node["name"]))
        return "given"

    linked = link(msgspec.structs.replace(inputs, naming=naming))
    assert len(asked) == calls
    assert {resource(linked, f"model.shop.{name}").schema for name in "abcd"} == {"given"}


def test_a_failing_macro_is_a_problem_at_the_node() -> None:
    texts = {
        "macros/g.sql": MACRO.format(
            part="schema", body="{{ exceptions.raise_compiler_error('no') }}"
        ),
        "models/m.sql": "select 1",
    }
    problems = link_texts(texts).problems
    assert [(p.severity, p.unique_id) for p in problems] == [("error", "model.shop.m")]
