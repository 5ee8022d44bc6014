"""Where a var comes from (PROJ-253)."""

from __future__ import annotations

from typing import Any

import pytest

from upriver.workspace.vars import Vars, find_var


@pytest.mark.parametrize(
    ("cli", "root", "own", "value"),
    [
        ({"x": 0}, {"p": {"x": 1}, "x": 2}, {"p": {"x": 3}, "x": 4}, 0),
        ({}, {"p": {"x": 1}, "x": 2}, {"p": {"x": 3}, "x": 4}, 1),
        ({}, {"p": 5, "x": 2}, {"p": {"x": 3}, "x": 4}, 2),
        ({}, {}, {"p": {"x": 3}, "x": 4}, 3),
        ({}, {"p": {}}, {"x": 4}, 4),
        ({}, {"p": {"x": None}}, {"x": 4}, None),
        ({}, {"x": {"y": 1}}, {}, {"y": 1}),
    ],
)
def test_the_order(
    cli: dict[str, Any], root: dict[str, Any], own: dict[str, Any], value: Any
) -> None:
    variables = Vars(root="shop", cli=cli, by_package={"shop": root, "p": own})
    found = find_var(variables, "x", "p")
    assert found.is_found
    assert found.value == value


def test_the_root_project_does_not_see_vars_of_packages() -> None:
    variables = Vars(root="shop", by_package={"shop": {"p": {"x": 1}}, "p": {"x": 2}})
    assert not find_var(variables, "x", "shop").is_found
    assert not find_var(variables, "x", "unknown").is_found
