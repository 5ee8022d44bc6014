"""The name `adapter` (JINJA-91..116)."""

from __future__ import annotations

from typing import Any

import pytest
from tests.jinja.contexts import FakeWarehouse, subject, world

from upriver.jinja.context import build_context, render, render_node
from upriver.jinja.errors import CompilationError
from upriver.problems import WarehouseError
from upriver.resources.answers import Answer, ListedRelation, Response
from upriver.resources.relation import RelationName

ORDERS = ListedRelation(
    name=RelationName(database="db", schema="main", identifier="Orders"), type="table"
)
COLUMNS = """
{% macro get_columns_in_relation(relation) %}
  {% set columns = {'wide': [api.Column('a', 'varchar', 20), api.Column('b', 'int')],
                    'narrow': [api.Column('a', 'varchar', 10)]} %}
  {% do return(columns[relation.identifier]) %}
{% endmacro %}
{% macro alter_column_type(relation, name, type) %}{% do run_query('alter ' ~ name ~ ' ' ~ type) %}
{% endmacro %}
"""
PAIR = (
    "{% set wide = api.Relation.create(identifier='wide') %}"
    "{% set narrow = api.Relation.create(identifier='narrow') %}"
)


def rendered(
    text: str,
    own: str = "",
    *,
    kind: str = "duckdb",
    warehouse: FakeWarehouse | None = None,
    **options: Any,
) -> str:
    made = world(own, kind=kind, warehouse=warehouse or FakeWarehouse(listed=(ORDERS,)), **options)
    return render_node(made, subject(made), text).strip()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ adapter.type() }} {{ adapter.quote('a') }}", 'duckdb "a"'),
        ("{{ adapter.quote_as_configured('a', 'schema') }}", '"a"'),
        (
            "{% set q = adapter.quote_seed_column %}{{ q('a', none) }} {{ q('a', false) }}",
            '"a" a',
        ),
        ("{{ adapter.get_relation('db', 'main', 'no') is none }}", "True"),
        ("{{ adapter.get_relation('db', 'main', 'Orders').is_table }}", "True"),
        ("{{ adapter.list_relations('db', 'main') | join }}", '"db"."main"."Orders"'),
        (
            (
                "{{ adapter.already_exists('main', 'Orders') }}"
                " {{ adapter.check_schema_exists('db', 'MAIN') }}"
            ),
            "True True",
        ),
        ("{{ adapter.get_column_schema_from_query('x')[0].name }}", "id"),
        ("{{ adapter.get_hard_deletes_behavior({}) }}", "ignore"),
        (
            "{{ adapter.get_hard_deletes_behavior({'invalidate_hard_deletes': true}) }}",
            "invalidate",
        ),
        ("{{ adapter.get_hard_deletes_behavior({'hard_deletes': 'new_record'}) }}", "new_record"),
        (
            "{{ adapter.get_incremental_strategy_macro(context, 'append').name }}",
            "get_incremental_append_sql",
        ),
        (
            "{{ adapter.get_incremental_strategy_macro(context, none).name }}",
            "get_incremental_default_sql",
        ),
        ("{{ adapter.behavior.no_such_flag.no_warn }}", "False"),
        ("{{ adapter.parse_index({'columns': ['a'], 'type': 'hash'}).type }}", "hash"),
        ("{{ adapter.parse_index(none) is none }} {{ adapter.is_motherduck() }}", "True False"),
        ("{{ adapter.no_such_method is defined }}", "False"),
        ("{{ adapter.execute('select 1')[0].rows_affected }}", "2"),
        ('{{ adapter.escape_sql_string("it\'s") }}', "it''s"),
        ("{{ adapter.Relation.create(schema='s', identifier='i') }}", '"s"."i"'),
    ],
)
def test_answers(text: str, expected: str) -> None:
    assert rendered(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ adapter.get_relation('a', 'b', 'c') is none }}", "True"),
        ("{{ adapter.get_columns_in_relation(this) }}", "[]"),
        ("{{ adapter.execute('select 1', fetch=true)[1].rows | length }}", "0"),
        ("{{ adapter.check_schema_exists('a', 'b') }} {{ adapter.cache_added(this) }}", "False"),
        ("{{ adapter.drop_relation(this) is none }} {{ adapter.commit() is none }}", "True True"),
        ("{{ adapter.add_query('x')[1] is none }} {{ run_query('x') }}", "True"),
        ("{{ adapter.no_such_method is defined }}", "False"),
    ],
)
def test_blanks_while_parsing(text: str, expected: str) -> None:
    assert rendered(text, is_executing=False) == expected


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{{ adapter.get_relation('db', 'main', 'ORDERS') }}", "relation-approximate-match"),
        ("{{ adapter.drop_relation(this) }}", "relation-without-type"),
        ("{{ adapter.quote_seed_column('a', 'x') }}", "config-type"),
        ("{{ adapter.parse_index({'columns': 'a'}) }}", "index-config"),
        ("{{ adapter.parse_index({'columns': ['a'], 'kind': 'x'}) }}", "index-config"),
        ("{{ adapter.parse_index('a') }}", "index-config"),
        (
            "{{ adapter.get_hard_deletes_behavior({'hard_deletes': 'x'}) }}",
            "snapshot-hard-deletes",
        ),
        (
            (
                "{{ adapter.get_hard_deletes_behavior("
                "{'hard_deletes': 'ignore', 'invalidate_hard_deletes': false}) }}"
            ),
            "snapshot-hard-deletes",
        ),
        (
            "{{ adapter.get_incremental_strategy_macro(context, 'insert_overwrite') }}",
            "incremental-strategy",
        ),
        ("{{ adapter.get_incremental_strategy_macro(context, 'zork') }}", "incremental-strategy"),
        ("{{ adapter.get_catalog_integration('x') }}", "compilation-error"),
        ("{{ adapter.verify_database('other') }}", "other-database"),
    ],
)
def test_what_is_refused(text: str, code: str) -> None:
    kind = "postgres" if "verify" in text else "duckdb"
    with pytest.raises(CompilationError) as caught:
        rendered(text, kind=kind)
    assert caught.value.code == code


@pytest.mark.parametrize("method", ["drop", "truncate"])
def test_ddl_goes_through_the_macro_a_project_may_replace(method: str) -> None:
    own = (
        f"{{% macro {method}_relation(r) %}}{{% do run_query('{method} ' ~ r.identifier) %}}"
        "{% endmacro %}"
    )
    warehouse = FakeWarehouse(listed=(ORDERS,))
    text = f"{{% do adapter.{method}_relation(adapter.get_relation('db', 'main', 'Orders')) %}}"
    rendered(text, own, warehouse=warehouse)
    assert warehouse.sent == [f"{method} Orders"]
    assert warehouse.listed == (() if method == "drop" else (ORDERS,))


def test_renaming_and_schemas() -> None:
    warehouse = FakeWarehouse(listed=(ORDERS,))
    own = (
        "{% macro rename_relation(a, b) %}{% do run_query('rename') %}{% endmacro %}"
        "{% macro create_schema(r) %}{% do run_query('create ' ~ r) %}{% endmacro %}"
        "{% macro drop_schema(r) %}{% do run_query('drop ' ~ r) %}{% endmacro %}"
    )
    text = (
        "{% set o = adapter.get_relation('db', 'main', 'Orders') %}"
        "{% do adapter.rename_relation(o, o.replace_path(identifier='x')) %}"
        "{% do adapter.create_schema(this) %}{% do adapter.drop_schema(this) %}"
    )
    rendered(text, own, warehouse=warehouse)
    assert warehouse.sent == [
        "cache: Orders is x", "rename", 'create "db"."main"', "commit", 'drop "db"."main"',
        "commit", "cache: main is gone",
    ]  # fmt: skip


def test_columns_are_compared_and_widened() -> None:
    warehouse = FakeWarehouse()
    text = (
        PAIR + "{{ adapter.get_missing_columns(wide, narrow) }}"
        "{% do adapter.expand_target_column_types(wide, narrow) %}"
    )
    assert rendered(text, COLUMNS, warehouse=warehouse) == "[<Column b (int)>]"
    assert warehouse.sent == ["alter a character varying(20)"]


def test_what_the_adapter_runs_stores_nothing_in_the_templates_results() -> None:
    warehouse = FakeWarehouse()
    made = world(COLUMNS, warehouse=warehouse)
    context = build_context(made, subject(made))
    render(PAIR + "{% do adapter.expand_target_column_types(wide, narrow) %}", context)
    assert warehouse.sent
    assert context.results.stored == {}


@pytest.mark.parametrize(
    ("columns", "names", "strategy", "is_valid"),
    [
        ("dbt_scd_id DBT_VALID_FROM dbt_valid_to", "none", "{}", True),
        ("dbt_scd_id dbt_valid_from", "none", "{}", False),
        ("dbt_scd_id dbt_valid_from until", "{'dbt_valid_to': 'until'}", "{}", True),
        (
            "dbt_scd_id dbt_valid_from dbt_valid_to",
            "none",
            "{'hard_deletes': 'new_record'}",
            False,
        ),
    ],
)
def test_snapshot_targets(columns: str, names: str, strategy: str, is_valid: bool) -> None:  # noqa: FBT001
    listed = ", ".join(f"api.Column('{name}', 'int')" for name in columns.split())
    own = f"{{% macro get_columns_in_relation(r) %}}{{% do return([{listed}]) %}}{{% endmacro %}}"
    text = (
        "{{ adapter.assert_valid_snapshot_target_given_strategy("
        f"this, {names}, {strategy}) is none }}}}"
    )
    if is_valid:
        assert rendered(text, own) == "True"
        return
    with pytest.raises(CompilationError) as caught:
        rendered(text, own)
    assert caught.value.code == "snapshot-columns"


def test_a_relation_that_is_not_there_has_no_columns_on_duckdb() -> None:
    refusing = (
        "{% macro get_columns_in_relation(relation) %}"
        "{% do exceptions.raise_database_error(relation ~ ' does not exist') %}{% endmacro %}"
    )
    text = "{{ adapter.get_columns_in_relation(this) }}"
    assert rendered(text, refusing) == "[]"
    with pytest.raises(WarehouseError):
        rendered(text, refusing, kind="postgres")
    with pytest.raises(WarehouseError):
        rendered(text, refusing.replace("does not exist", "is locked"))


def test_bound_values_and_grants() -> None:
    grants = Answer(
        response=Response(message="OK"),
        column_names=("grantee", "privilege_type"),
        rows=(("ann", "select"), ("bob", "select"), ("ann", "insert")),
    )
    warehouse = FakeWarehouse({"grants": grants})
    text = (
        "{% do adapter.add_query('insert', bindings=[1, 2]) %}"
        "{{ adapter.standardize_grants_dict(run_query('show grants')) }}"
    )
    expected = "{'select': ['ann', 'bob'], 'insert': ['ann']}"
    assert rendered(text, warehouse=warehouse) == expected
    assert warehouse.sent == ["insert <- [1, 2]", "show grants"]


def test_what_a_table_prints_goes_to_the_world() -> None:
    made = world(warehouse=FakeWarehouse())
    render_node(made, subject(made), "{% do run_query('x').print_table() %}")
    assert [level for level, _ in made.said] == ["print"]


def test_no_warehouse_is_said() -> None:
    made = world()
    with pytest.raises(CompilationError, match="none is open"):
        render_node(made, subject(made), "{{ run_query('select 1') }}")
