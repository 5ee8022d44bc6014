"""Run a data test: one row says how many rows failed and whether that matters (PROJ-126)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from upriver.jinja.errors import CompilationError
from upriver.resources.nodes import Node
from upriver.run.actions.building import build, compile_task
from upriver.run.escalation import is_error
from upriver.run.materialize import response_of
from upriver.run.task import Done, Task

_TEST_EVENT = "LogTestResult"


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What the test's query said."""

    failures: int
    should_warn: bool
    should_error: bool


def run_data_test(task: Task) -> Done:
    """Compile a test, run its materialization and judge the row it gives."""
    node, compiler = compile_task(task)
    main = build(task, node, compiler, str(node.config.get("materialized") or "test")).main
    flags = task.setting.settings.flags
    done = judge(_verdict(main, node), node.config, is_strict=is_error(flags, _TEST_EVENT))
    return msgspec.structs.replace(done, response=response_of(main))


def judge(verdict: Verdict, config: Mapping[str, Any], *, is_strict: bool) -> Done:
    """Turn a verdict into a status (PROJ-126); `is_strict` makes warnings of tests failures."""
    severity = str(config.get("severity") or "ERROR").upper()
    error_if = str(config.get("error_if") or "!= 0")
    warn_if = str(config.get("warn_if") or "!= 0")
    if severity == "ERROR" and verdict.should_error:
        return _bad(verdict, "fail", "fail", error_if)
    if verdict.should_warn:
        if is_strict:
            return _bad(verdict, "fail", "fail", warn_if)
        return _bad(verdict, "warn", "warn", warn_if)
    return Done(status="pass", failures=0)


def _bad(verdict: Verdict, status: Any, configured: str, condition: str) -> Done:
    count = verdict.failures
    noun = "result" if count == 1 else "results"
    return Done(
        status=status,
        message=f"Got {count} {noun}, configured to {configured} if {condition}",
        failures=count,
    )


def _verdict(main: Any, node: Node) -> Verdict:
    table = main["table"]
    rows = [] if table is None else list(table.rows)
    if len(rows) != 1 or len(rows[0]) < 3:  # noqa: PLR2004 (failures and two conditions)
        raise CompilationError(
            f"The materialization of test `{node.name}` must give one row of failures,"
            f" should_warn and should_error, and gave {len(rows)} rows",
            node,
            code="test-result-shape",
        )
    cells = {
        str(name).lower(): value for name, value in zip(table.column_names, rows[0], strict=False)
    }
    failures = cells.get("failures")
    if failures is None:
        raise CompilationError(
            f"`fail_calc` of test `{node.name}`, `{node.config.get('fail_calc')}`, gave no number",
            node,
            code="test-result-shape",
            hint="Aggregates over no rows are null: write `coalesce(..., 0)`",
        )
    return Verdict(
        failures=int(failures),
        should_warn=_truth(cells.get("should_warn")),
        should_error=_truth(cells.get("should_error")),
    )


def _truth(value: Any) -> bool:
    """Read a boolean that some warehouses give as text or number."""
    if isinstance(value, str):
        return value.strip().lower() in {"true", "t", "1", "yes"}
    return bool(value)
