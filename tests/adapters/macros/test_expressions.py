"""Every macro that only writes SQL, against what dbt writes (JINJA-145..168).

`expected_values.json` was recorded from dbt-core 1.11 with dbt-duckdb and dbt-postgres: one value
where both say the same, else one per adapter; null where dbt has no such macro for the adapter.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.adapters.macros.building import POSTGRES, Recorded, bare, evaluate, postgres_macros
from tests.run.running import SmallProject

from upriver.jinja.config import RunConfig
from upriver.jinja.context import build_context
from upriver.jinja.macro_table import MacroTable
from upriver.jinja.subject import Subject
from upriver.problems import UpriverError
from upriver.run.world import RunWorld

EXPECTED = json.loads((Path(__file__).parent / "expected_values.json").read_text("utf-8"))

NAMES = """
{% macro rel() %}{{ return(api.Relation.create(
  database='shop', schema='sch', identifier='tab', type='table')) }}{% endmacro %}
{% macro src() %}{{ return(api.Relation.create(
  database='shop', schema='sch', identifier='tab_src', type='table')) }}{% endmacro %}
{% macro cols() %}{{ return([
  api.Column('id', 'integer'), api.Column('a', 'text'), api.Column('b', 'numeric')]) }}
{% endmacro %}
{% macro cols2() %}{{ return([
  api.Column('ID', 'bigint'), api.Column('a', 'text'), api.Column('z', 'text')]) }}{% endmacro %}
"""

MONTHS = (
    "run_query(dbt.date_spine('month', \"date '2024-01-31'\", \"date '2024-04-30'\"))"
    ".columns['date_month'].values() | map('string') | map('truncate', 10, true, '') | list"
)


def cases(adapter: str) -> list[tuple[str, Any]]:
    return [
        (expression, value.get(adapter) if _is_by_adapter(value) else value)
        for expression, value in EXPECTED.items()
    ]


def _is_by_adapter(value: Any) -> bool:
    return isinstance(value, dict) and set(value) <= {"duckdb", "postgres"}


@pytest.fixture(scope="module")
def on_duckdb(tmp_path_factory: pytest.TempPathFactory) -> Any:
    project = Recorded(tmp_path_factory.mktemp("duckdb"))
    project.macro(NAMES)
    return named(project.context())


@pytest.fixture(scope="module")
def on_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The macros of PostgreSQL without a server: none of these expressions asks it anything."""
    setting = SmallProject(tmp_path_factory.mktemp("postgres")).setting()
    packages = postgres_macros()
    own = SmallProject(Path())
    own.macro(NAMES)
    world = RunWorld(setting, say=lambda *_: None)
    world.dialect = POSTGRES
    table = MacroTable(
        macros={**packages, "p": own.macros}, root="p", internal=tuple(packages),
        adapter_types=("postgres",),
    )  # fmt: skip
    world.find_macro, world.find_macro_in = table.find, table.find_in
    world.has_namespace, world.dispatch_order = table.has_namespace, table.dispatch_order
    subject = Subject(
        package="p", resolver=None, config=RunConfig({}), name="op", unique_id=None,  # type: ignore[arg-type]
    )  # fmt: skip
    yield named(build_context(world, subject))
    setting.warehouse.close()


def named(context: Any) -> Any:
    for name in ("rel", "src", "cols", "cols2"):
        context.names[name] = evaluate(context, f"{name}()")
    return context


@pytest.mark.parametrize(("expression", "expected"), cases("duckdb"))
def test_on_duckdb(on_duckdb: Any, expression: str, expected: Any) -> None:
    check(on_duckdb, expression, expected)


@pytest.mark.parametrize(("expression", "expected"), cases("postgres"))
def test_on_postgres(on_postgres: Any, expression: str, expected: Any) -> None:
    check(on_postgres, expression, expected)


def check(context: Any, expression: str, expected: Any) -> None:
    if expected is None:
        with pytest.raises(UpriverError):
            evaluate(context, expression)
        return
    value = evaluate(context, expression)
    assert bare(value) == bare(json.loads(json.dumps(expected)))


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("generate_schema_name()", "dev"),
        ("generate_schema_name(' x ')", "dev_x"),
        ("generate_schema_name_for_env('x', {})", "dev"),
        ("generate_database_name()", "small"),
        ("generate_database_name(' other ')", "other"),
        ("generate_alias_name(none, {'name': 'n'})", "n"),
        ("generate_alias_name(' al ', {'name': 'n'})", "al"),
        ("generate_alias_name(none, {'name': 'n', 'version': 1.5})", "n_v1_5"),
        ("generate_latest_version_pointer_alias(none, {'name': 'n'})", "n"),
        ("get_columns_in_query('select 1 as a, 2 as b')", ["a", "b"]),
        (
            "get_intervals_between(\"date '2024-01-01'\", \"date '2024-03-01'\", 'day')",
            60,
        ),
        (
            MONTHS,
            ["2024-01-31", "2024-02-29", "2024-03-31"],
        ),
        ("run_query(dbt.get_empty_subquery_sql('select 1 as a')).rows | length", 0),
    ],
)
def test_names_and_answers(on_duckdb: Any, expression: str, expected: Any) -> None:
    assert evaluate(on_duckdb, expression) == expected


def test_a_project_replaces_a_dispatched_macro_and_one_called_by_name(tmp_path: Path) -> None:
    project = Recorded(tmp_path)
    project.macro("{% macro default__hash(field) %}sha({{ field }}){% endmacro %}")
    project.macro("{% macro get_quoted_csv(names) %}{{ names | join('+') }}{% endmacro %}")
    context = project.context()
    assert evaluate(context, "dbt.hash('x')") == "sha(x)"
    sql = evaluate(context, "get_insert_into_sql('t', 's', [api.Column('a', 'int')])")
    assert bare(sql) == "insertintot(a)(selectafroms)"
