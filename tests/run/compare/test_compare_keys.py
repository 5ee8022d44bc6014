"""By which columns rows are told apart."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.small_graphs import small_graph

from upriver.resources.nodes import Column
from upriver.run.compare.keys import keys_of


def found(
    tests: list[tuple[str, dict[str, Any]]], config: Any = None, **model: Any
) -> list[tuple[tuple[str, ...], str]]:
    lines = {"model.p.m": "", **{f"test.p.t{at}": "model.p.m" for at in range(len(tests))}}
    graph = small_graph(lines, m={"config": config or {}})
    resources = dict(graph.resources)
    resources["model.p.m"] = msgspec.structs.replace(resources["model.p.m"], **model)
    for at, (name, kwargs) in enumerate(tests):
        resources[f"test.p.t{at}"] = msgspec.structs.replace(
            resources[f"test.p.t{at}"],
            test_name=name,
            attached_node="model.p.m",
            column_name=kwargs.get("column_name"),
            test_kwargs=kwargs,
            config={"where": kwargs.get("where")},
        )
    graph = msgspec.structs.replace(graph, resources=resources)
    return [(key.columns, key.origin) for key in keys_of(graph, "model.p.m")]


def test_a_constraint_comes_before_a_test_and_a_test_before_configuration() -> None:
    assert found(
        [("unique", {"column_name": '"Id"'})],
        {"unique_key": ["x", "y"]},
        constraints=({"type": "primary_key", "columns": ["a", "b"]},),
        columns={"u": Column(name="u", constraints=({"type": "unique"},))},
    ) == [
        (("a", "b"), "primary key constraint"),
        (("u",), "unique constraint"),
        (("Id",), "test unique"),
        (("x", "y"), "unique_key"),
    ]


def test_of_several_tests_the_one_without_nulls_is_first() -> None:
    tests = [
        ("unique", {"column_name": "a"}),
        ("dbt_utils.unique_combination_of_columns", {"combination_of_columns": ["b", "c"]}),
        ("unique", {"column_name": "b"}),
        ("not_null", {"column_name": "b"}),
    ]
    assert [columns for columns, _ in found(tests)] == [("b",), ("a",), ("b", "c")]


@pytest.mark.parametrize(
    ("tests", "config"),
    [
        ([("unique", {"column_name": "a", "where": "b > 1"})], None),
        ([("not_null", {"column_name": "a"})], None),
        ([], {"unique_key": "a", "strategy": "check"}),
    ],
)
def test_what_is_no_key(tests: list[tuple[str, dict[str, Any]]], config: Any) -> None:
    assert found(tests, config) == []
