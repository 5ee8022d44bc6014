"""The words of the console, which people and tools look for (CLI-82..100)."""

from __future__ import annotations

import pytest
from tests.small_graphs import small_graph

from upriver.cli import lines
from upriver.graph.graph import Entry
from upriver.resources.answers import Response
from upriver.resources.relation import RelationName
from upriver.run.events import StepFinished, StepResult, StepStarted
from upriver.run.report import Report

MODEL = Entry(
    unique_id="model.shop.orders", kind="model", name="orders", package="shop",
    fqn=("shop", "orders"), original_file_path="models/orders.sql", materialized="table",
    relation=RelationName(database="db", schema="dev", identifier="orders"),
)  # fmt: skip


def entry(kind: str, name: str, **fields: object) -> Entry:
    values = {
        "unique_id": f"{kind}.shop.{name}", "kind": kind, "name": name, "package": "shop",
        "fqn": ("shop", "orders", name), "original_file_path": f"models/{name}.sql", **fields,
    }  # fmt: skip
    return Entry(**values)  # type: ignore[arg-type]


SEED = entry("seed", "raw", relation=RelationName(database="db", schema="dev", identifier="raw"))
SNAPSHOT = entry(
    "snapshot", "snap", relation=RelationName(database="db", schema="dev", identifier="snap")
)
TEST = entry("test", "unique_orders_id")
UNIT = entry("unit_test", "adds_up")
HOOK = entry("operation", "shop-on-run-start-0")
EXPOSURE = entry("exposure", "board")
PYTHON = entry(
    "model", "py", original_file_path="models/py.py", materialized="table",
    relation=RelationName(database="db", schema="dev", identifier="py"),
)  # fmt: skip


def finished(action: str, status: str, **fields: object) -> StepFinished:
    result = StepResult(
        unique_id="x",
        action=action,  # type: ignore[arg-type]
        status=status,  # type: ignore[arg-type]
        execution_time=0.284,
        **fields,  # type: ignore[arg-type]
    )
    return StepFinished(result=result, index=1, total=3, finished_at=0.0)


@pytest.mark.parametrize(
    ("found", "action", "text"),
    [
        (MODEL, "run", "1 of 3 START sql table model dev.orders ..."),
        (PYTHON, "run", "1 of 3 START python table model dev.py ..."),
        (SEED, "seed", "1 of 3 START seed file dev.raw ..."),
        (SNAPSHOT, "snapshot", "1 of 3 START snapshot dev.snap ..."),
        (TEST, "test", "1 of 3 START test unique_orders_id ..."),
        (UNIT, "unit-test", "1 of 3 START unit_test orders::adds_up ..."),
        (HOOK, "hook", "1 of 3 START hook: shop.on-run-start.0 ..."),
        (MODEL, "clone", "1 of 3 START clone of dev.orders ..."),
    ],
)
def test_start_lines(found: Entry, action: str, text: str) -> None:
    # CLI-86..91
    event = StepStarted(
        unique_id="x",
        action=action,  # type: ignore[arg-type]
        index=1,
        total=3,
        thread_id="t",
        started_at=0.0,
    )
    line = lines.start_line(event, found, 80)
    assert line.startswith(text)
    assert line.endswith(". [RUN]")
    assert line.index(" [") == 80


@pytest.mark.parametrize(
    ("found", "event", "start", "end"),
    [
        (
            MODEL,
            finished("run", "success"),
            "OK created sql table model dev.orders",
            "[OK in 0.28s]",
        ),
        (
            MODEL,
            finished("run", "error"),
            "ERROR creating sql table model dev.orders",
            "[ERROR in 0.28s]",
        ),
        (MODEL, finished("run", "skipped"), "SKIP relation dev.orders", "[SKIP]"),
        (
            MODEL,
            finished(
                "run",
                "partial success",
                succeeded_batches=(("a", "b"),),
                failed_batches=(("b", "c"),),
            ),
            "PARTIALLY created sql table model dev.orders",
            "[PARTIAL SUCCESS (1/2) in 0.28s]",
        ),
        (
            SEED,
            finished("seed", "success", response=Response(message="INSERT 3")),
            "OK loaded seed file dev.raw",
            "[INSERT 3 in 0.28s]",
        ),
        (SEED, finished("seed", "error"), "ERROR loading seed file dev.raw", "[ERROR in 0.28s]"),
        (SNAPSHOT, finished("snapshot", "success"), "OK snapshotted dev.snap", "[OK in 0.28s]"),
        (
            SNAPSHOT,
            finished("snapshot", "error"),
            "ERROR snapshotting dev.snap",
            "[ERROR in 0.28s]",
        ),
        (TEST, finished("test", "pass"), "PASS unique_orders_id", "[PASS in 0.28s]"),
        (
            TEST,
            finished("test", "fail", failures=2),
            "FAIL 2 unique_orders_id",
            "[FAIL 2 in 0.28s]",
        ),
        (
            TEST,
            finished("test", "warn", failures=2),
            "WARN 2 unique_orders_id",
            "[WARN 2 in 0.28s]",
        ),
        (TEST, finished("test", "error"), "ERROR unique_orders_id", "[ERROR in 0.28s]"),
        (TEST, finished("test", "skipped"), "SKIP test unique_orders_id", "[SKIP]"),
        (UNIT, finished("unit-test", "pass"), "PASS orders::adds_up", "[PASS in 0.28s]"),
        (UNIT, finished("unit-test", "skipped"), "SKIP unit_test adds_up", "[SKIP]"),
        (HOOK, finished("hook", "success"), "OK hook: shop.on-run-start.0", "[OK in 0.28s]"),
        (HOOK, finished("hook", "error"), "ERROR hook: shop.on-run-start.0", "[ERROR in 0.28s]"),
        (HOOK, finished("hook", "skipped"), "SKIP hook: shop.on-run-start.0", "[SKIP]"),
        (EXPOSURE, finished("no-op", "no-op"), "NO-OP exposure board", "[NO-OP in 0.28s]"),
        (EXPOSURE, finished("no-op", "skipped"), "SKIP exposure board", "[SKIP]"),
    ],
)
def test_result_lines(found: Entry, event: StepFinished, start: str, end: str) -> None:
    line = lines.result_text(event, found, 80)
    assert line.startswith(f"1 of 3 {start} ..")
    assert line.endswith(f".. {end}")


def test_long_names_are_cut_so_that_the_brackets_stay_below_each_other() -> None:
    long = entry("test", "x" * 100)
    line = lines.result_text(finished("test", "pass"), long, 40)
    assert line == f"1 of 3 PASS {'x' * 25}... [PASS in 0.28s]"


def test_found_line_has_dbts_nouns() -> None:
    # CLI-84
    counts = {"model": 1, "test": 2, "operation": 1, "analysis": 2, "macro": 511}
    assert lines.found_line(counts) == (
        "Found 1 model, 2 data tests, 1 operation, 2 analyses, 511 macros"
    )


def report(*statuses: str, **fields: object) -> Report:
    results = tuple(finished("run", status).result for status in statuses)
    return Report(results=results, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("statuses", "text"),
    [
        (("success", "pass"), "Done. PASS=2 WARN=0 ERROR=0 SKIP=0 NO-OP=0 TOTAL=2"),
        (
            ("success", "warn", "fail", "error", "skipped", "no-op", "partial success"),
            "Done. PASS=1 WARN=1 ERROR=3 SKIP=1 NO-OP=1 TOTAL=7",
        ),
        ((), "Done. PASS=0 WARN=0 ERROR=0 SKIP=0 NO-OP=0 TOTAL=0"),
    ],
)
def test_done_line(statuses: tuple[str, ...], text: str) -> None:
    # CLI-96
    assert lines.done_line(report(*statuses)) == text


@pytest.mark.parametrize(
    ("given", "text", "colour"),
    [
        (report("success"), "Completed successfully", "green"),
        (report("warn"), "Completed with 1 warning:", "yellow"),
        (
            report("fail", "warn"),
            "Completed with 1 error, 0 partial successes, and 1 warning:",
            "red",
        ),
        (
            report("error", "fail", "partial success"),
            "Completed with 2 errors, 1 partial success, and 0 warnings:",
            "red",
        ),
        (
            report("error", is_interrupted=True),
            "Interrupted: running statements were cancelled",
            "red",
        ),
    ],
)
def test_completed_line(given: Report, text: str, colour: str) -> None:
    # CLI-94
    assert lines.completed_line(given) == (text, colour)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (2.314, "in 0 hours 0 minutes and 2.31 seconds (2.31s)."),
        (3725.5, "in 1 hours 2 minutes and 5.50 seconds (3725.50s)."),
    ],
)
def test_finished_line_spells_the_time(seconds: float, text: str) -> None:
    # CLI-93
    line = lines.finished_line(Report(elapsed=seconds), small_graph({}))
    assert line == f"Finished running  {text}"


def test_a_failed_test_that_kept_its_rows_shows_how_to_see_them() -> None:
    kept = finished("test", "fail", relation_name='"db"."audit"."t"').result
    query = 'select * from "db"."audit"."t"'
    assert lines.stored_failures(kept) == (
        f"  See test failures:\n  {'-' * len(query)}\n  {query}\n  {'-' * len(query)}"
    )
    assert lines.stored_failures(finished("test", "pass", relation_name="t").result) is None
    assert lines.stored_failures(finished("run", "error", relation_name="t").result) is None
