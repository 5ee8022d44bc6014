"""Ages of sources: thresholds, and warehouses that tell when a table was changed last."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.run.running import SmallProject

from upriver.adapters.duckdb.adapter import adapter as duckdb_adapter
from upriver.plan.plan import Plan, Step
from upriver.resources.nodes import Source
from upriver.run.actions.freshness import judge

HOUR = 3600.0
TOLD = """
{% macro get_relation_last_modified(information_schema, relations) %}
  {{ return(run_query("select 'dev' as schema, 'T' as identifier,"
     ~ " timestamp '2020-01-01' as last_modified, timestamp '2020-01-01 03:00:00' as snapshotted_at")) }}
{% endmacro %}
"""


class TellingAdapter:
    """DuckDB, as if it knew when its tables were changed."""

    dialect = duckdb_adapter.dialect
    capabilities = msgspec.structs.replace(
        duckdb_adapter.capabilities, supports=frozenset({"TableLastModifiedMetadata"})
    )
    parse_credentials = staticmethod(duckdb_adapter.parse_credentials)
    open = staticmethod(duckdb_adapter.open)
    convert_type = staticmethod(duckdb_adapter.convert_type)


def _limits(warn: int | None, error: int | None) -> dict[str, Any]:
    return {
        "warn_after": {"count": warn, "period": warn and "hour"},
        "error_after": {"count": error, "period": error and "hour"},
        "filter": None,
    }


@pytest.mark.parametrize(
    ("age", "warn", "error", "status"),
    [
        (-HOUR, 1, 2, "pass"),
        (HOUR, 1, 2, "pass"),
        (HOUR + 1, 1, 2, "warn"),
        (2 * HOUR + 1, 1, 2, "error"),
        (9 * HOUR, 1, None, "warn"),
        (9 * HOUR, None, 2, "error"),
        (9 * HOUR, None, None, "pass"),
    ],
)
def test_thresholds(age: float, warn: int | None, error: int | None, status: str) -> None:
    assert judge(age, _limits(warn, error)) == status
    assert judge(age, {"warn_after": None, "error_after": None}) == "pass"


@pytest.mark.parametrize(("identifier", "status"), [("t", "warn"), ("other", "runtime error")])
def test_the_warehouse_may_know(tmp_path: Path, identifier: str, status: str) -> None:
    # ADPT-15
    project = SmallProject(tmp_path, adapter=TellingAdapter())
    project.macro(TOLD)
    source = Source(
        unique_id="source.p.raw.t", name="t", source_name="raw", package="p", path="s.yml",
        original_file_path="s.yml", fqn=("p", "raw", "t"), database="small", schema="dev",
        identifier=identifier, relation_name=f'"small"."dev"."{identifier}"',
        freshness=_limits(2, 4),
    )  # fmt: skip
    project.nodes[source.unique_id] = source
    project.parents[source.unique_id] = ()
    step = Step(unique_id=source.unique_id, action="freshness")
    plan = Plan(command="freshness", steps=(step,), selected=(source.unique_id,))
    result = project.run("freshness", plan=plan)["t"]
    assert result.status == status, result.message
    if result.freshness is not None:
        moment = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
        assert (result.freshness.max_loaded_at, result.freshness.age) == (moment, 3 * HOUR)
