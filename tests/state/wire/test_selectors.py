"""Selectors as a manifest holds them (ART-28); expectations are what dbt-core 1.11 wrote."""

from __future__ import annotations

import pytest

from upriver.state.wire.selectors import selector_values


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        ({"method": "tag", "value": "x"}, {"method": "tag", "value": "x"}),
        ({"tag": "x"}, {"method": "tag", "value": "x"}),
        ("stg", {"method": "fqn", "value": "stg"}),
        ("a b,c", {"method": "fqn", "value": "a b,c"}),
        ("models/staging", {"method": "path", "value": "models/staging"}),
        ("stg.sql", {"method": "file", "value": "stg.sql"}),
        ("+x", {"parents": True, "method": "fqn", "value": "x"}),
        ("tag:x+", {"method": "tag", "value": "x", "children": True}),
        ("@fqn:stg", {"childrens_parents": True, "method": "fqn", "value": "stg"}),
        ("config.materialized:view", {"method": "config.materialized", "value": "view"}),
        (
            "2+x+3",
            {
                "parents": True, "parents_depth": "2", "method": "fqn", "value": "x",
                "children": True, "children_depth": "3",
            },
        ),
        (
            {"intersection": ["tag:x", {"exclude": ["stg"]}]},
            {"intersection": [
                {"method": "tag", "value": "x"},
                {"exclude": [{"method": "fqn", "value": "stg"}]},
            ]},
        ),
        (
            {"method": "tag", "value": "x", "exclude": ["stg"]},
            {"method": "tag", "value": "x", "exclude": ["stg"]},
        ),
        (3, 3),
    ],
)  # fmt: skip
def test_every_criterion_is_spelled_out(definition, expected):
    assert selector_values({"s": definition}) == {"s": {"name": "s", "definition": expected}}


def test_a_selector_that_names_another_is_what_that_one_means():
    selectors = {
        "one": {"name": "one", "description": "d", "default": True, "definition": "tag:x"},
        "two": {"name": "two", "definition": {"union": [{"method": "selector", "value": "one"}]}},
    }
    values = selector_values(selectors)
    assert values["one"]["description"] == "d"
    assert values["two"]["definition"] == {"union": [{"method": "tag", "value": "x"}]}
    assert selector_values(values) == values
