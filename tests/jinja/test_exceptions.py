"""The name `exceptions` (JINJA-84..90)."""

from __future__ import annotations

import pytest
from tests.jinja.contexts import subject, world

from upriver.jinja.context import render_node
from upriver.jinja.errors import CompilationError
from upriver.problems import WarehouseError


@pytest.mark.parametrize(
    ("call", "code", "message"),
    [
        ("raise_compiler_error('boom')", "compilation-error", "boom"),
        ("raise_fail_fast_error('stop')", "fail-fast", "stop"),
        ("raise_not_implemented('later')", "compilation-error", "later"),
        ("raise_dependency_error('x')", "compilation-error", "x"),
        ("missing_config({'unique_id': 'model.a.b'}, 'key')", "config-required", "`key`"),
        ("missing_materialization({'config': {'materialized': 'zork'}}, 'duckdb')",
         "materialization-not-found", "`zork`"),
        ("missing_relation(this)", "relation-missing", "main"),
        ("relation_wrong_type(this.incorporate(type='view'), 'table')",
         "relation-wrong-type", "become a table, and a view"),
        ("column_type_missing(['a', 'b'])", "contract-type-missing", "`a`, `b`"),
    ],
)  # fmt: skip
def test_functions_stop(call: str, code: str, message: str) -> None:
    made = world()
    with pytest.raises(CompilationError, match=message) as caught:
        render_node(made, subject(made), f"{{{{ exceptions.{call} }}}}")
    assert caught.value.code == code


def test_a_broken_contract_is_drawn() -> None:
    made = world()
    text = (
        "{{ exceptions.raise_contract_error("
        "[{'name': 'a', 'data_type': 'int'}, {'name': 'b', 'data_type': 'int'},"
        " {'name': 'same', 'data_type': 'INT'}],"
        "[{'name': 'a', 'data_type': 'text'}, {'name': 'c', 'data_type': 'int'},"
        " {'name': 'Same', 'data_type': 'int'}]) }}"
    )
    with pytest.raises(CompilationError) as caught:
        render_node(made, subject(made), text)
    assert caught.value.code == "contract-mismatch"
    assert caught.value.message.endswith(
        "| column | in the query | in the contract | what differs        |\n"
        "| ------ | ------------ | --------------- | ------------------- |\n"
        "| a      | text         | int             | another type        |\n"
        "| b      |              | int             | not in the query    |\n"
        "| c      | int          |                 | not in the contract |"
    )


def test_a_database_error_keeps_its_words() -> None:
    made = world()
    with pytest.raises(WarehouseError, match="refused"):
        render_node(made, subject(made), "{{ exceptions.raise_database_error('refused') }}")


def test_warnings_go_on() -> None:
    made = world()
    text = (
        "{{ exceptions.warn('w') }}{{ exceptions.warn_snapshot_timestamp_data_types('a', 'b') }}"
    )
    assert render_node(made, subject(made), text + "{{ exceptions.no is defined }}") == "False"
    assert [level for level, _ in made.said] == ["warn", "warn"]
