"""Details of single resources on the wire."""

from __future__ import annotations

import json

import msgspec
import pytest
from tests.state.shop import EXPOSURE, GENERIC, STG, UNIT_TEST, shop_macros, shop_resources

from upriver.resources.calls import RefCall
from upriver.resources.nodes import Column, SqlOperation
from upriver.state.wire.nodes import freshness_value, macro_value, resource_value


def value_of(unique_id, **fields):
    resource = msgspec.structs.replace(shop_resources()[unique_id], **fields)
    return json.loads(msgspec.json.encode(resource_value(resource, 1.5)))


def test_calls_are_written_as_dbt_writes_them():
    """ART-47."""
    value = value_of(
        STG,
        refs=(RefCall(name="a"), RefCall(name="b", package="p", version=2)),
        metrics=(RefCall(name="m"), RefCall(name="m", package="p")),
        functions=(RefCall(name="f"),),
    )
    assert value["refs"] == [
        {"name": "a", "package": None, "version": None},
        {"name": "b", "package": "p", "version": 2},
    ]
    assert value["metrics"] == [["m"], ["p", "m"]]
    assert value["functions"] == [["f"]]
    assert value["created_at"] == 1.5


def test_a_generic_test_says_what_it_is_an_instance_of():
    """ART-32."""
    value = value_of(GENERIC, test_kwargs={"column_name": "id"}, test_namespace="pkg")
    assert value["test_metadata"] == {
        "name": "not_null",
        "kwargs": {"column_name": "id"},
        "namespace": "pkg",
    }
    assert value["attached_node"] == STG


def test_unknown_keys_of_a_column_stand_beside_the_known():
    column = Column(name="id", tags=("pii",), meta={"a": 1}, extra={"mask": "hash"})
    written = value_of(STG, columns={"id": column})["columns"]["id"]
    assert written["mask"] == "hash"
    assert written["config"] == {"meta": {"a": 1}, "tags": ["pii"]}


def test_an_owner_has_name_and_email_and_whatever_else_was_said():
    """ART-38."""
    assert value_of(EXPOSURE, owner={"email": "e", "slack": "s"})["owner"] == {
        "email": "e",
        "name": None,
        "slack": "s",
    }


def test_a_unit_tests_fixtures_say_their_format():
    """ART-42."""
    value = value_of(UNIT_TEST)
    assert value["expect"] == {"rows": [{"id": 1}], "format": "dict", "fixture": None}
    assert value["given"][0]["input"] == "ref('raw_customers')"


def test_an_inline_query_is_a_sql_operation():
    operation = SqlOperation(
        unique_id="sql_operation.p.inline_query",
        name="inline_query",
        package="p",
        path="sql/inline_query",
        original_file_path="sql/inline_query",
        fqn=("p", "sql", "inline_query"),
        alias="inline_query",
        database=None,
        schema="dev",
        relation_name=None,
    )
    value = json.loads(msgspec.json.encode(resource_value(operation, 1.0)))
    assert value["resource_type"] == "sql_operation"


def test_a_macro_has_docs_even_when_nothing_was_said():
    """ART-43."""
    value = macro_value(shop_macros()["macro.shop.up"], 1.0)
    assert value["docs"] == {"show": True, "node_color": None}
    assert value["config"] == {"meta": {}, "docs": {"show": True, "node_color": None}}
    assert value["depends_on"] == {"macros": ("macro.shop.inner",)}


@pytest.mark.parametrize("freshness", [None, {}, {"error_after": {"count": 2, "period": "day"}}])
def test_freshness_is_all_or_nothing(freshness):
    value = freshness_value(freshness)
    assert value is None if freshness is None else set(value) == {
        "warn_after", "error_after", "filter",
    }  # fmt: skip
