"""Constraints, the checksum of a contract, and the primary key they or the tests imply."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from upriver.digest import digest_text
from upriver.resources.nodes import Column

ENFORCING = ("table", "incremental")
"""Materializations that enforce constraints."""
CONSTRAINT_TYPES = ("check", "not_null", "unique", "primary_key", "foreign_key", "custom")


def full_constraint(written: Mapping[str, Any], *, is_for_model: bool) -> dict[str, Any]:
    """Return a constraint with every key the manifest gives it (PROJ-230)."""
    constraint = {
        "type": written.get("type"),
        "name": written.get("name"),
        "expression": written.get("expression"),
        "warn_unenforced": written.get("warn_unenforced", True),
        "warn_unsupported": written.get("warn_unsupported", True),
        "to": written.get("to"),
        "to_columns": list(written.get("to_columns") or ()),
    }
    if is_for_model:
        constraint["columns"] = list(written.get("columns") or ())
    return constraint


def contract_checksum(
    columns: Mapping[str, Column],
    constraints: Sequence[Mapping[str, Any]],
    materialized: str | None,
) -> str:
    """Return the checksum dbt gives an enforced contract: a digest of a text in which columns
    stand sorted by name with their type and constraints, followed, for materializations that
    enforce constraints, by the materialization and the model's own constraints.
    """
    text = "".join(
        f"|{column.name}{column.data_type}{_shown_all('ColumnLevel', column.constraints)}"
        for column in sorted(columns.values(), key=lambda column: column.name)
    )
    if materialized in ENFORCING:
        text += f"{materialized}{_shown_all('ModelLevel', constraints)}"
    return digest_text(text)


def _shown_all(name: str, constraints: Sequence[Mapping[str, Any]]) -> str:
    return f"[{', '.join(_shown(name, constraint) for constraint in constraints)}]"


def _shown(name: str, constraint: Mapping[str, Any]) -> str:
    kind = constraint["type"]
    rest = ", ".join(f"{key}={value!r}" for key, value in constraint.items() if key != "type")
    return f"{name}Constraint(type=<ConstraintType.{kind}: {kind!r}>, {rest})"


def constraint_key(
    columns: Mapping[str, Column], constraints: Iterable[Mapping[str, Any]]
) -> tuple[str, ...]:
    """Return the primary key that constraints declare, sorted; empty if none does."""
    for constraint in constraints:
        if constraint["type"] == "primary_key":
            return tuple(sorted(constraint["columns"]))
    constrained = [column for column in columns.values() if column.constraints]
    return tuple(
        sorted(
            column.name
            for column in constrained
            if any(constraint["type"] == "primary_key" for constraint in column.constraints)
        )
    )


def tested_key(tests: Iterable[tuple[str, Mapping[str, Any], bool]]) -> tuple[str, ...]:
    """Return the primary key that generic tests imply (PROJ-185): columns both unique and not
    null, else those any uniqueness test names, enabled ones before disabled ones.

    Each test is its name, its arguments, and whether it is enabled.
    """
    unique: set[str] = set()
    off: set[str] = set()
    not_null: set[str] = set()
    for name, kwargs, is_enabled in tests:
        column = kwargs.get("column_name")
        if name == "unique" and column:
            (unique if is_enabled else off).add(str(column))
        elif name == "not_null" and column:
            not_null.add(str(column))
        elif name == "unique_combination_of_columns":
            names = map(str, kwargs.get("combination_of_columns") or ())
            (unique if is_enabled else off).update(names)
    return tuple(sorted((unique | off) & not_null or unique or off))


def contract_mistakes(columns: Mapping[str, Column], language: str) -> list[str]:
    """Return what makes an enforced contract impossible (PROJ-229)."""
    found: list[str] = []
    if language != "sql":
        found.append("contracts can be enforced for SQL models only")
    if not columns:
        found.append("no column is declared in a property file")
    return found


def key_mistakes(
    columns: Mapping[str, Column], constraints: Sequence[Mapping[str, Any]]
) -> list[str]:
    """Return what is wrong with the primary keys declared, whether enforced or not."""
    found: list[str] = []
    on_columns = [
        column.name
        for column in columns.values()
        if any(constraint["type"] == "primary_key" for constraint in column.constraints)
    ]
    if len(on_columns) > 1:
        listed = ", ".join(f"`{name}`" for name in on_columns)
        found.append(
            f"{listed} each declare a primary key, which only one may; use one for the model"
        )
    if on_columns and any(one["type"] == "primary_key" for one in constraints):
        found.append("a primary key is declared both for the model and for a column")
    return found


def bad_constraint_types(
    columns: Iterable[Column], constraints: Iterable[Mapping[str, Any]]
) -> list[str]:
    """Return constraint types that do not exist, as written."""
    every = [*constraints, *(one for column in columns for one in column.constraints)]
    return [str(one["type"]) for one in every if one["type"] not in CONSTRAINT_TYPES]
