"""Earlier results as state (deferral.md sections 11 and 13, SEL-29, SEL-30)."""

from __future__ import annotations

import json

import pytest

from upriver.state.run_results import (
    PastFreshness,
    PastResult,
    PastRun,
    fresher_sources,
    load_run_results,
    load_sources,
    to_retry,
)
from upriver.state.wire.run_results import ResultRow, encode_run_results

STATUSES = (
    "success", "error", "skipped", "partial success", "no-op", "pass", "fail", "warn",
    "runtime error",
)  # fmt: skip


def past(unique_id, status):
    return PastResult(unique_id=unique_id, status=status)


def test_what_was_written_is_read_back(tmp_path):
    rows = [
        ResultRow(unique_id=f"model.p.m{index}", status=status, message="m", failures=index)
        for index, status in enumerate(STATUSES)
    ]
    rows.append(
        ResultRow(
            unique_id="model.p.micro",
            status="partial success",
            succeeded_batches=(("2026-01-01", "2026-01-02"),),
            failed_batches=(("2026-01-02", "2026-01-03"),),
        )
    )
    data = encode_run_results(
        rows,
        metadata={"invocation_id": "i", "generated_at": "2026-01-01T00:00:00.000000Z"},
        args={"which": "build", "select": ["a"], "vars": {"x": 1}},
        elapsed_time=1.5,
    )
    (tmp_path / "run_results.json").write_bytes(data)
    run, problems = load_run_results(str(tmp_path))
    assert problems == ()
    assert (run.command, run.args["select"], run.invocation_id) == ("build", ["a"], "i")
    assert [result.status for result in run.results.values()] == [*STATUSES, "partial success"]
    assert run.results["model.p.m1"].failures == 1
    assert run.results["model.p.micro"].failed_batches == (("2026-01-02", "2026-01-03"),)


@pytest.mark.parametrize("version", [4, 5, 6])
def test_older_versions_are_read(tmp_path, version):
    row = {"unique_id": "model.p.a", "status": "error", "timing": [], "message": "m"}
    schema = f"https://schemas.getdbt.com/dbt/run-results/v{version}.json"
    text = json.dumps({"metadata": {"dbt_schema_version": schema}, "results": [row], "x": 1})
    (tmp_path / "run_results.json").write_text(text)
    run, _ = load_run_results(str(tmp_path))
    assert run.results["model.p.a"].status == "error"
    assert (run.command, run.args) == (None, {})


def test_missing_files_are_absent_and_no_problem(tmp_path):
    assert load_run_results(str(tmp_path)) == (None, ())
    assert load_sources(str(tmp_path / "nowhere")) == (None, ())
    file = tmp_path / "file"
    file.touch()
    assert load_run_results(str(file)) == (None, ())


@pytest.mark.parametrize(
    ("name", "load", "artifact"),
    [
        ("run_results.json", load_run_results, "RunResultsArtifact"),
        ("sources.json", load_sources, "FreshnessExecutionResultArtifact"),
    ],
)
@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("{", "artifact-not-json", "Could not read {artifact} at"),
        ('{"results": 3}', "artifact-shape", "`results` in"),
        ('{"results": [{"status": "x"}]}', "artifact-shape", "`results[0]` in"),
        ("[]", "artifact-shape", "`the file` in"),
    ],
)
def test_damaged_files_are_problems(tmp_path, name, load, artifact, text, code, words):
    (tmp_path / name).write_text(text)
    found, [problem] = load(str(tmp_path))
    assert found is None
    assert problem.code == code
    assert problem.message.startswith(words.format(artifact=artifact))


def test_a_file_that_cannot_be_read_is_a_problem(tmp_path):
    (tmp_path / "run_results.json").mkdir()
    found, [problem] = load_run_results(str(tmp_path))
    assert (found, problem.code) == (None, "artifact-unreadable")


def test_what_is_retried():
    run = PastRun(
        location="run_results.json",
        results={f"model.p.{s}": past(f"model.p.{s}", s) for s in STATUSES}
        | {"operation.p.p-on-run-end-0": past("operation.p.p-on-run-end-0", "error")},
    )
    retried = ("error", "skipped", "partial success", "fail", "runtime error")
    assert to_retry(run) == tuple(f"model.p.{status}" for status in retried)
    assert "model.p.warn" in to_retry(run, with_warnings=True)


@pytest.mark.parametrize(
    ("current", "previous", "is_fresher"),
    [
        (("pass", "2026-01-02T00:00:00Z"), ("pass", "2026-01-01T00:00:00Z"), True),
        (("pass", "2026-01-01T00:00:00Z"), ("pass", "2026-01-01T00:00:00+00:00"), False),
        (("pass", "2026-01-01T01:00:00"), ("warn", "2026-01-01T02:00:00+01:00"), False),
        (("error", "2026-01-02T00:00:00Z"), None, True),
        (("pass", "2026-01-02T00:00:00Z"), ("runtime error", None), True),
        (("runtime error", None), ("pass", "2026-01-01T00:00:00Z"), False),
        (("runtime error", None), None, False),
    ],
)
def test_which_sources_are_fresher(current, previous, is_fresher):
    def found(row):
        status, max_loaded_at = row
        return PastFreshness(unique_id="source.p.a.b", status=status, max_loaded_at=max_loaded_at)

    before = {} if previous is None else {"source.p.a.b": found(previous)}
    selected = fresher_sources({"source.p.a.b": found(current)}, before)
    assert selected == (("source.p.a.b",) if is_fresher else ())
