"""Merge rules of configuration (PROJ-63..117)."""

from __future__ import annotations

from typing import Any

import pytest
from tests.graph.linked_project import link_texts, resource

from upriver.graph.config import (
    DEFAULTS,
    accumulate_calls,
    apply_layer,
    hook_items,
    is_colour,
    settle,
    wrong_types,
)


def merged(*layers: dict[str, Any], kind: str = "model") -> dict[str, Any]:
    config = dict(DEFAULTS[kind])
    for layer in layers:
        apply_layer(config, layer, kind)
    return config


@pytest.mark.parametrize(
    ("key", "layers", "expected"),
    [
        ("materialized", ["table", "view"], "view"),
        ("schema", ["a", None], None),
        ("tags", ["a", ["b", "a"]], ["a", "b", "a"]),
        ("meta", [{"a": 1, "b": 1}, {"b": 2}], {"a": 1, "b": 2}),
        ("grants", [{"select": "a"}, {"+select": ["b"]}], {"select": ["a", "b"]}),
        ("grants", [{"select": ["a"]}, {"select": "b"}], {"select": ["b"]}),
        ("docs", [{"node_color": "red"}], {"show": True, "node_color": "red"}),
        ("contract", [{"enforced": True}], {"enforced": True, "alias_types": True}),
        ("persist_docs", [{"relation": True}, {"columns": True}], {"columns": True}),
        ("packages", [["a"], ["b"]], ["a", "b"]),
        ("own_key", [{"a": 1}, {"b": 2}], {"b": 2}),
        (
            "freshness",
            [{"build_after": {"count": 1, "period": "day"}}],
            {"build_after": {"count": 1, "period": "day", "updates_on": "any"}},
        ),
    ],
)
def test_layers_merge_by_the_rule_of_their_key(key: str, layers: list[Any], expected: Any) -> None:
    assert merged(*({key: value} for value in layers))[key] == expected


def test_merging_changes_no_layer_and_no_default() -> None:
    layers = ({"tags": ["a"], "meta": {"a": 1}}, {"tags": ["b"], "meta": {"b": 1}})
    merged(*layers)
    assert layers == ({"tags": ["a"], "meta": {"a": 1}}, {"tags": ["b"], "meta": {"b": 1}})
    assert (DEFAULTS["model"]["tags"], DEFAULTS["model"]["meta"]) == ([], {})


@pytest.mark.parametrize("key", ["pre_hook", "pre-hook"])
def test_hooks_have_two_spellings(key: str) -> None:
    """PROJ-70."""
    config = merged({key: "a"}, {"pre-hook": ['{"sql": "b", "transaction": false}']})
    assert config["pre-hook"] == [
        {"sql": "a", "transaction": True, "index": None},
        {"sql": "b", "transaction": False, "index": None},
    ]


def test_hook_text_that_is_not_json_is_sql() -> None:
    assert hook_items("{{ grant() }}")[0]["sql"] == "{{ grant() }}"


def test_calls_accumulate() -> None:
    """PROJ-69."""
    layer = accumulate_calls(
        [
            {"tags": "a", "pre_hook": "x", "alias": "p"},
            {"tags": ["b"], "pre_hook": ["y"], "alias": "q"},
        ]
    )
    assert layer == {"tags": ["a", "b"], "pre-hook": ["x", "y"], "alias": "q"}


def test_what_a_later_call_adds_is_a_list() -> None:
    calls = [{"pre_hook": "x"}, {"tags": "a", "post_hook": "y", "alias": "p"}]
    assert accumulate_calls(calls) == {
        "pre-hook": "x", "tags": ["a"], "post-hook": ["y"], "alias": "p",
    }  # fmt: skip


def test_one_call_is_kept_as_written() -> None:
    assert accumulate_calls([{"tags": "a", "grants": {"+select": "b"}}]) == {
        "tags": "a", "grants": {"+select": ["b"]},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("said", "stores", "stored_as"),
    [
        ({}, None, None),
        ({"store_failures": True}, True, "table"),
        ({"store_failures": False}, False, "ephemeral"),
        ({"store_failures": False, "store_failures_as": "view"}, True, "view"),
        ({"store_failures": True, "store_failures_as": "ephemeral"}, False, "ephemeral"),
    ],
)
def test_how_failures_are_stored_is_settled(
    said: dict[str, Any], *, stores: bool | None, stored_as: str | None
) -> None:
    config = settle(merged(said, kind="test"), "test")
    assert (config["store_failures"], config["store_failures_as"]) == (stores, stored_as)


def test_tags_of_a_node_name_those_of_yaml_last() -> None:
    """PROJ-71."""
    linked = link_texts(
        {
            "models/m.sql": "{{ config(tags=['b', 'a', 'b']) }} select 1",
            "models/p.yml": "models: [{name: m, config: {tags: [c, b]}}]",
        },
        models={"+tags": ["a", "a"]},
    )
    model = resource(linked, "model.shop.m")
    assert model.config["tags"] == ["a", "a", "c", "b", "b", "a", "b"]
    assert model.tags == ("a", "b", "c")


@pytest.mark.parametrize(
    ("config", "key"),
    [
        ({"enabled": "maybe"}, "enabled"),
        ({"materialized": 3}, "materialized"),
        ({"persist_docs": True}, "persist_docs"),
        ({"tags": [{"a": 1}]}, "tags"),
    ],
)
def test_wrong_types_are_found(config: dict[str, Any], key: str) -> None:
    assert [found for found, _ in wrong_types(config)] == [key]


@pytest.mark.parametrize(
    ("text", "expected"), [("teal", True), ("#fff", True), ("#12345", False), ("zzz", False)]
)
def test_colours(text: str, *, expected: bool) -> None:
    assert is_colour(text) is expected
