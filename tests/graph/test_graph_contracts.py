"""Constraints, contract checksums and the keys they declare (PROJ-185, PROJ-228..230)."""

from __future__ import annotations

from typing import Any

import pytest
from tests.graph.linked_project import codes, link_texts, resource

from upriver.digest import digest_text
from upriver.graph.contracts import (
    bad_constraint_types,
    constraint_key,
    contract_checksum,
    full_constraint,
    key_mistakes,
)
from upriver.graph.contracts import tested_key as key_of_tests
from upriver.resources.nodes import Column

NOT_NULL = (
    "ColumnLevelConstraint(type=<ConstraintType.not_null: 'not_null'>, name=None, expression=None,"
    " warn_unenforced=True, warn_unsupported=True, to=None, to_columns=[])"
)
CHECK = (
    "ModelLevelConstraint(type=<ConstraintType.check: 'check'>, name='c', expression=\"it's\","
    " warn_unenforced=True, warn_unsupported=True, to=None, to_columns=[], columns=['b'])"
)


def column(name: str, *types: str, data_type: str | None = "int") -> Column:
    constraints = tuple(full_constraint({"type": one}, is_for_model=False) for one in types)
    return Column(name=name, data_type=data_type, constraints=constraints)


def columns(*every: Column) -> dict[str, Column]:
    return {one.name: one for one in every}


def model_constraint(**written: Any) -> dict[str, Any]:
    return full_constraint(written, is_for_model=True)


@pytest.mark.parametrize(
    ("materialized", "ending"), [("view", ""), ("table", f"table[{CHECK}]"), ("custom", "")]
)
def test_checksum_is_of_sorted_columns_and_enforced_constraints(
    materialized: str, ending: str
) -> None:
    check = model_constraint(type="check", name="c", expression="it's", columns=["b"])
    declared = columns(column("b"), column("a", "not_null", data_type=None))
    expected = digest_text(f"|aNone[{NOT_NULL}]|bint[]{ending}")
    assert contract_checksum(declared, (check,), materialized) == expected


def test_only_enforced_contracts_have_a_checksum() -> None:
    texts = {
        "models/a.sql": "{{ config(contract={'enforced': true}) }} select 1 as id",
        "models/b.sql": "select 1 as id",
        "models/p.yml": "models: [{name: a, columns: [{name: id, data_type: int}]}]",
    }
    linked = link_texts(texts)
    assert resource(linked, "model.shop.a").contract_checksum == digest_text("|idint[]")
    assert resource(linked, "model.shop.b").contract_checksum is None


@pytest.mark.parametrize(
    ("declared", "constraints", "expected"),
    [
        (columns(column("a", "primary_key")), (), ("a",)),
        (
            columns(column("a")),
            (model_constraint(type="primary_key", columns=["z", "a"]),),
            ("a", "z"),
        ),
        (columns(column("a", "unique")), (), ()),
    ],
)
def test_keys_of_constraints(
    declared: dict[str, Column], constraints: tuple[dict[str, Any], ...], expected: tuple[str, ...]
) -> None:
    assert constraint_key(declared, constraints) == expected


def test_keys_of_tests_prefer_enabled_ones() -> None:
    off = ("unique", {"column_name": "a"}, False)
    pair = ("unique_combination_of_columns", {"combination_of_columns": ["d", "c"]}, True)
    assert key_of_tests([off]) == ("a",)
    assert key_of_tests([off, pair]) == ("c", "d")


def test_keys_of_tests_are_what_is_unique_and_not_null() -> None:
    unique = ("unique", {"column_name": "a"}, True)
    pair = ("unique_combination_of_columns", {"combination_of_columns": ["d", "c"]}, True)
    filled = [("not_null", {"column_name": name}, True) for name in "acx"]
    assert key_of_tests([unique, pair, *filled]) == ("a", "c")
    off = [(*pair[:2], False), ("not_null", {"column_name": "d"}, False)]
    assert key_of_tests(off) == ("d",)


def test_mistakes() -> None:
    two = columns(column("a", "primary_key"), column("b", "primary_key"))
    assert len(key_mistakes(two, (model_constraint(type="primary_key", columns=["a"]),))) == 2
    assert bad_constraint_types([column("a", "zz")], ()) == ["zz"]


@pytest.mark.parametrize(
    ("path", "config", "entry", "expected"),
    [
        ("m.sql", "{contract: {enforced: true}}", "", ["contract-invalid"]),
        ("m.sql", "{contract: {enforced: true}}", "columns: [{name: a, data_type: int}]", []),
        (
            "m.sql",
            "{contract: {enforced: true}, materialized: incremental}",
            "columns: [{name: a, data_type: int}]",
            ["contract-invalid"],
        ),
        (
            "m.sql",
            "{contract: {enforced: true}}",
            "columns: [{name: a, data_type: int, constraints: [{type: unique}]}]",
            ["constraints-ignored"],
        ),
        (
            "m.sql",
            "{}",
            (
                "columns: [{name: a, constraints: [{type: primary_key}]},"
                " {name: b, constraints: [{type: primary_key}]}]"
            ),
            ["contract-invalid"],
        ),
        ("m.py", "{contract: {enforced: true}}", "columns: [{name: a}]", ["contract-invalid"]),
    ],
)
def test_impossible_contracts(path: str, config: str, entry: str, expected: list[str]) -> None:
    text = "select 1" if path.endswith("sql") else "def model(dbt, session): return 1"
    more = f", {entry}" if entry else ""
    texts = {
        f"models/{path}": text,
        "models/p.yml": f"models: [{{name: m, config: {config}{more}}}]",
    }
    assert codes(link_texts(texts)) == expected


def test_foreign_keys_are_dependencies() -> None:
    texts = {
        "models/a.sql": "select 1",
        "models/b.sql": "select 1",
        "models/p.yml": "models: [{name: a, columns: [{name: id, constraints:"
        " [{type: foreign_key, to: \"ref('b')\", to_columns: [id]}]}]}]",
    }
    assert resource(link_texts(texts), "model.shop.a").depends_on == ("model.shop.b",)
