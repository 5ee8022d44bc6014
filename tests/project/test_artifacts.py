from __future__ import annotations

import datetime
import json

from tests.cli.shop_project import Shop

from upriver.project.artifacts import row_of, timestamp
from upriver.run.events import StepResult, Timing


def test_moments_are_utc_with_a_z() -> None:
    zone = datetime.timezone(datetime.timedelta(hours=2))
    assert (
        timestamp(datetime.datetime(2024, 1, 1, 2, tzinfo=zone)) == "2024-01-01T00:00:00.000000Z"
    )


def test_a_row_keeps_what_a_step_said() -> None:
    result = StepResult(
        unique_id="model.p.a", action="run", status="error", message="no", failures=None,
        timing=(Timing(name="compile", started_at=0.0, completed_at=1.0),), execution_time=2.0,
    )  # fmt: skip
    row = row_of(result)
    assert (row.unique_id, row.status, row.message, row.execution_time) == (
        "model.p.a", "error", "no", 2.0,
    )  # fmt: skip
    assert row.timing[0].completed_at == 1.0


def test_both_artifacts_are_of_one_invocation(shop: Shop) -> None:
    shop("seed")
    manifest = json.loads((shop.root / "target" / "manifest.json").read_text())
    results = shop.run_results()
    assert manifest["metadata"]["invocation_id"] == results["metadata"]["invocation_id"]
    assert results["metadata"]["dbt_schema_version"].endswith("/run-results/v6.json")
    assert results["args"]["which"] == "seed"
