"""Breaking changes of contracts, one case per row of deferral.md section 12.5."""

from __future__ import annotations

import pytest

from upriver.state.comparable import Contract
from upriver.state.contracts import base_type, breaking_changes

SUPPORT = {"not_null": "enforced", "check": "enforced", "foreign_key": "not_enforced"}


def rule(kind, **fields):
    return {"type": kind, "name": None, "expression": None, "columns": [], **fields}


def promise(columns=None, **fields):
    return Contract(
        columns={"id": ("integer", ()), "name": ("varchar(10)", ())}
        if columns is None
        else columns,
        **{"checksum": "old", "materialized": "table", **fields},
    )


def changes(old, new, *, is_enforced=True):
    return breaking_changes(old, new, is_enforced=is_enforced, constraint_support=SUPPORT)


NEW = promise(checksum="new")


@pytest.mark.parametrize(
    ("old", "expected"),
    [
        (promise(), ()),
        (promise({"id": ("integer", ())}), ()),
        (promise({"name": ("VARCHAR(20)", ()), "id": ("integer(3)", ())}), ()),
        (promise({"gone": ("text", (rule("not_null"),))}), ("the column `gone` was removed",)),
        (promise({"id": ("int", ())}), ("the type of `id` changed from `int` to `integer`",)),
        (promise({"id": (None, ())}), ("the type of `id` changed from `None` to `integer`",)),
        (
            promise({"id": ("integer", (rule("not_null"),))}),
            ("the constraint `not_null` of the column `id` was removed",),
        ),
        (
            promise({"id": ("integer", (rule("not_null", name="nn"),))}),
            ("the constraint `nn` of the column `id` was removed",),
        ),
        (promise({"id": ("integer", (rule("foreign_key"),))}), ()),
        (promise({"id": ("integer", (rule("custom"),))}), ()),
        (promise({"id": ("integer", (rule("not_null"),))}, materialized="view"), ()),
        (
            promise(constraints=(rule("check", columns=["id", "name"]),)),
            ("the constraint `check` on (id, name) was removed",),
        ),
    ],
)
def test_what_breaks_a_contract(old, expected):
    assert changes(old, NEW) == expected


def test_kept_constraints_break_nothing():
    columns = {"id": ("integer", (rule("not_null"),))}
    old = promise(columns, constraints=(rule("check"),))
    new = promise(columns, constraints=(rule("check"),), checksum="new")
    assert changes(old, new) == ()


@pytest.mark.parametrize("materialized", ["view", "materialized_view", "custom"])
@pytest.mark.parametrize(
    "parts",
    [
        {"columns": {"id": ("integer", (rule("not_null"),))}},
        {"constraints": (rule("check"),)},
    ],
)
def test_a_materialization_that_no_longer_enforces_constraints(materialized, parts):
    new = promise(**parts, materialized=materialized, checksum="new")
    [change] = changes(promise(**parts), new)
    assert f"from `table` to `{materialized}`" in change
    assert changes(promise(), promise(materialized=materialized, checksum="new")) == ()


def test_the_same_checksum_is_the_same_contract():
    assert changes(promise({"gone": ("text", ())}), promise()) == ()


def test_enforcement_switched_off_breaks_and_so_does_the_rest():
    found = changes(promise({"gone": ("text", ())}), promise(), is_enforced=False)
    assert found == ("contract enforcement was removed", "the column `gone` was removed")


@pytest.mark.parametrize(
    ("data_type", "expected"),
    [
        ("decimal(3,1)", "decimal"),
        ("VARCHAR (10)", "varchar"),
        ("timestamp(3) with time zone", "timestamp"),
        ("array<varchar(10)>", "array<varchar"),
        (None, None),
    ],
)
def test_a_base_type_is_what_comes_before_the_size(data_type, expected):
    assert base_type(data_type) == expected
