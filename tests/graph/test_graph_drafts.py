"""What all kinds share while they are linked."""

from __future__ import annotations

from tests.graph.linked_project import link_inputs, link_texts, resource

from upriver.graph.drafts import Scope, in_file_layers, resolve_config
from upriver.graph.inputs import LinkFlags
from upriver.resources.calls import Facts

TREE = {"shop": {"+tags": "tree", "+meta": {"tree": 1}}}


def test_paths_of_packages_are_relative_to_the_root_project() -> None:
    inputs = link_inputs(
        {}, packages={"one": {}}, settings={"one": {"directory": "dbt_packages/one"}}
    )
    scope = Scope(inputs, (), {})
    assert scope.place("one", "models/m.sql") == "dbt_packages/one/models/m.sql"
    assert scope.place("shop", "models/m.sql") == "models/m.sql"
    assert scope.directories("shop", "models/a/b/p.yml") == ("a", "b")


def test_a_node_that_says_nothing_shares_its_directorys_config() -> None:
    graph = link_texts({"models/a.sql": "x", "models/b.sql": "y"}, models=TREE).graph
    first, second = (graph.resources[f"model.shop.{name}"] for name in "ab")
    assert first.config is second.config


def test_the_layers_of_a_config() -> None:
    scope = Scope(link_inputs({}, models=TREE), (), {})
    said = {"tags": ["yaml"], "meta": {"yaml": 1}}
    resolved = resolve_config(
        scope, "model", "shop", ("shop", "m"), yaml=said, raw_yaml=said,
        in_file={"tags": "file"}, raw_in_file={"tags": "file"},
    )  # fmt: skip
    assert resolved.config["tags"] == ["tree", "yaml", "file"]
    assert resolved.config["meta"] == {"tree": 1, "yaml": 1}
    assert resolved.tags == ("tree", "file", "yaml")
    assert resolved.unrendered == {"tags": "file", "meta": {"yaml": 1}}


def test_what_is_unrendered_depends_on_a_flag() -> None:
    """PROJ-77."""
    facts = Facts(configs=({"alias": "x"},))
    code = "{{ config(alias='x') }}"
    flags = LinkFlags(state_modified_compare_more_unrendered_values=True)
    plain = Scope(link_inputs({}), (), {})
    raw = Scope(link_inputs({}, flags=flags), (), {})
    shown = {"alias": "Keyword(key='alias', value=Const(value='x'))"}
    assert in_file_layers(plain, facts, code) == ({"alias": "x"}, {"alias": "x"})
    assert in_file_layers(raw, facts, code) == ({"alias": "x"}, shown)
    assert in_file_layers(raw, facts, "") == ({"alias": "x"}, {"alias": "x"})


def test_python_models_are_tables() -> None:
    texts = {"models/m.py": "def model(dbt, session):\n    return 1\n"}
    linked = link_texts(texts, models={"+materialized": "view"})
    assert resource(linked, "model.shop.m").config["materialized"] == "table"
