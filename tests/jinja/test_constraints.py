"""Constraints and indexes (JINJA-110, JINJA-116); expected values are what dbt gives."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.jinja.contexts import ADAPTERS

from upriver.jinja.constraints import (
    read_index,
    render_column_constraints,
    render_model_constraints,
)
from upriver.jinja.errors import CompilationError

DIALECT = ADAPTERS["postgres"].dialect
WEAK = msgspec.structs.replace(
    DIALECT, constraint_support={"check": "not_supported", "unique": "not_enforced"}
)


def of_column(*constraints: dict[str, Any], dialect: Any = DIALECT, **column: Any) -> list[str]:
    columns = {"a": {"name": "a", "data_type": "int", "constraints": constraints, **column}}
    return render_column_constraints(columns, dialect, lambda name: f'"{name}"', lambda _: None)


@pytest.mark.parametrize(
    ("constraint", "expected"),
    [
        ({"type": "not_null"}, "not null"),
        ({"type": "not_null", "expression": "zz"}, "not null zz"),
        ({"type": "check", "expression": "a > 1"}, "check (a > 1)"),
        ({"type": "check"}, ""),
        ({"type": "unique"}, "unique"),
        ({"type": "primary_key", "expression": "x"}, "primary key x"),
        ({"type": "foreign_key", "expression": "t (id)"}, "references t (id)"),
        (
            {"type": "foreign_key", "to": "s.t", "to_columns": ["id", "b"]},
            "references s.t (id, b)",
        ),
        ({"type": "custom", "expression": "collate x"}, "collate x"),
    ],
)
def test_column_constraints(constraint: dict[str, Any], expected: str) -> None:
    assert of_column(constraint) == [f"a int {expected}".strip()]


def test_columns_are_quoted_as_they_say() -> None:
    assert of_column(quote=True) == ['"a" int']
    assert of_column({"type": "not_null"}, {"type": "unique"}) == ["a int not null unique"]


@pytest.mark.parametrize(
    ("constraint", "expected"),
    [
        ({"type": "not_null", "columns": ["a"]}, []),
        ({"type": "check", "expression": "a > 1"}, ["check (a > 1)"]),
        ({"type": "check", "name": "n", "expression": "a > 1"}, ["constraint n check (a > 1)"]),
        ({"type": "check", "columns": ["a"]}, []),
        ({"type": "unique", "columns": ["a", "b"]}, ["unique (a, b)"]),
        ({"type": "unique", "columns": ["a"], "expression": "x"}, ["unique x (a)"]),
        ({"type": "primary_key", "name": "n", "columns": ["a"]}, ["constraint n primary key (a)"]),
        ({"type": "foreign_key", "columns": ["a"], "expression": "t (id)"},
         ["foreign key (a) references t (id)"]),
        ({"type": "foreign_key", "columns": ["a"], "to": "t", "to_columns": ["id"]},
         ["foreign key (a) references t (id)"]),
        ({"type": "custom", "name": "q", "expression": "exclude"}, ["constraint q exclude"]),
    ],
)  # fmt: skip
def test_model_constraints(constraint: dict[str, Any], expected: list[str]) -> None:
    assert render_model_constraints([constraint], DIALECT, lambda _: None) == expected


def test_what_a_warehouse_lacks_is_left_out_with_a_warning() -> None:
    warned: list[str] = []
    kept = render_model_constraints(
        [{"type": "check", "expression": "x"}, {"type": "unique", "columns": ["a"]}],
        WEAK,
        warned.append,
    )
    assert (kept, len(warned)) == (["unique (a)"], 2)
    assert of_column({"type": "check", "expression": "x", "warn_unsupported": False},
                     dialect=WEAK) == ["a int"]  # fmt: skip


def test_an_unknown_type_is_refused() -> None:
    with pytest.raises(CompilationError) as caught:
        of_column({"type": "not_nul"})
    assert (caught.value.code, caught.value.hint) == (
        "constraint-type",
        "Did you mean `not_null`?",
    )


def test_index_names_depend_on_all_of_the_index() -> None:
    class Named:
        def render(self) -> str:
            return '"s"."t"'

    indexes = [
        read_index(raw)
        for raw in (
            {"columns": ["a"]},
            {"columns": ["a"], "unique": True},
            {"columns": ["a", "b"]},
        )
    ]
    assert len({index.render(Named()) for index in indexes}) == 3
    assert indexes[0] == read_index({"columns": ("a",)})
