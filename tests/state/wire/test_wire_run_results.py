"""`run_results.json` and `sources.json` as upriver writes them (artifacts.md sections 5 and 7)."""

from __future__ import annotations

import datetime
import json
from pathlib import PurePosixPath

from upriver.resources.answers import Response
from upriver.state.run_results import load_sources
from upriver.state.wire.run_results import (
    ResultDecision,
    ResultRow,
    ResultTiming,
    encode_run_results,
)
from upriver.state.wire.sources import FreshnessRow, encode_sources

TIMING = ResultTiming(name="execute", started_at=1767323045.25, completed_at=1767323046.0)
KEYS = {
    "status", "timing", "thread_id", "execution_time", "adapter_response", "message", "failures",
    "unique_id", "compiled", "compiled_code", "relation_name", "batch_results",
}  # fmt: skip


def written(*rows, **args):
    data = encode_run_results(
        rows, metadata={"dbt_version": "1.11.16"}, args=args, elapsed_time=2.5
    )
    return json.loads(data)


def test_the_artifact_has_dbts_keys_and_no_others():
    """ART-55..57: the schema forbids unknown keys."""
    artifact = written(ResultRow(unique_id="model.p.a", status="success"), which="run")
    assert list(artifact) == ["metadata", "results", "elapsed_time", "args"]
    assert artifact["metadata"] == {
        "dbt_schema_version": "https://schemas.getdbt.com/dbt/run-results/v6.json",
        "dbt_version": "1.11.16",
    }
    [row] = artifact["results"]
    assert set(row) == KEYS
    assert (row["adapter_response"], row["batch_results"]) == ({}, None)


def test_times_are_utc_with_microseconds():
    """ART-76."""
    [row] = written(ResultRow(unique_id="a", status="pass", timing=(TIMING,)))["results"]
    assert row["timing"] == [
        {
            "name": "execute",
            "started_at": "2026-01-02T03:04:05.250000Z",
            "completed_at": "2026-01-02T03:04:06.000000Z",
        }
    ]


def test_what_the_statement_said_and_what_was_decided_are_in_the_adapter_response():
    response = Response(
        message="INSERT 2", code="INSERT", rows_affected=2, extra={"query_id": "q"}
    )
    decision = ResultDecision(
        target="model.p.b", place="baseline", reason="missing-in-target", relation_name="x.y"
    )
    [row] = written(
        ResultRow(unique_id="a", status="success", response=response, decisions=(decision,))
    )["results"]
    assert row["adapter_response"] == {
        "_message": "INSERT 2",
        "code": "INSERT",
        "rows_affected": 2,
        "query_id": "q",
        "upriver": {
            "references": [
                {
                    "target": "model.p.b",
                    "place": "baseline",
                    "reason": "missing-in-target",
                    "relation_name": "x.y",
                }
            ]
        },
    }


def test_what_the_statement_did_not_say_is_left_out():
    [row] = written(ResultRow(unique_id="a", status="pass", response=Response(message="OK")))[
        "results"
    ]
    assert row["adapter_response"] == {"_message": "OK"}


def test_batches_are_listed_by_how_they_ended():
    row = ResultRow(unique_id="a", status="partial success", failed_batches=(("x", "y"),))
    [value] = written(row)["results"]
    assert value["batch_results"] == {"successful": [], "failed": [["x", "y"]]}


def test_arguments_json_has_no_form_for_are_written_as_text():
    assert written(project_dir=PurePosixPath("/p"))["args"] == {"project_dir": "/p"}


def test_sources_are_written_and_read_back(tmp_path):
    """ART-69..71."""
    rows = [
        FreshnessRow(
            unique_id="source.p.a.b",
            status="warn",
            max_loaded_at=datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC),
            snapshotted_at=datetime.datetime(2026, 1, 2, 3, 4, 15, tzinfo=datetime.UTC),
            age=10.0,
            criteria={"warn_after": {"count": 1, "period": "day"}},
            timing=(TIMING,),
        ),
    ]
    data = encode_sources(rows, metadata={}, elapsed_time=1.0)
    [good] = json.loads(data)["results"]
    assert set(good) == {
        "unique_id", "max_loaded_at", "snapshotted_at", "max_loaded_at_time_ago_in_s", "status",
        "criteria", "adapter_response", "timing", "thread_id", "execution_time",
    }  # fmt: skip
    assert good["max_loaded_at"] == "2026-01-02T03:04:05+00:00"
    (tmp_path / "sources.json").write_bytes(data)
    found, problems = load_sources(str(tmp_path))
    assert problems == ()
    assert found["source.p.a.b"].max_loaded_at == "2026-01-02T03:04:05+00:00"
