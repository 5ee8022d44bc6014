"""Events as JSON lines in dbt's shape, which orchestrators parse (CLI-102..108)."""

from __future__ import annotations

import datetime
import os
import threading
from collections.abc import Mapping
from typing import Any, TextIO

import msgspec

from upriver.cli import lines
from upriver.cli.console import shown_place
from upriver.graph.graph import Entry, Graph
from upriver.problems import Problem
from upriver.project.events import (
    ArtifactWritten,
    NothingToDo,
    Opened,
    Planned,
    ProblemFound,
    ProjectEvent,
    ProjectLoaded,
    Said,
)
from upriver.run.events import (
    Event,
    Printed,
    QueryRan,
    RunFinished,
    RunStarted,
    StepFinished,
    StepResult,
    StepStarted,
)
from upriver.run.report import Report

_LEVELS = {"debug": 10, "info": 20, "warn": 30, "error": 40, "none": 100}
_RESULT_EVENTS = {
    "run": ("LogModelResult", "Q012"),
    "test": ("LogTestResult", "Q007"),
    "snapshot": ("LogSnapshotResult", "Q015"),
    "seed": ("LogSeedResult", "Q016"),
    "unit-test": ("LogTestResult", "Q007"),
    "hook": ("LogHookEndLine", "Q033"),
}


class JsonLog:
    """Writes one JSON object per event."""

    def __init__(self, stream: TextIO, *, level: str, width: int, invocation_id: str = "") -> None:
        self._stream = stream
        self._threshold = _LEVELS[level]
        self._width = width
        self._invocation_id = invocation_id
        self._graph: Graph | None = None
        self._started: dict[str, float] = {}
        self._results: list[StepResult] = []

    def __call__(self, event: ProjectEvent | Event) -> None:
        """Write one event, or several where dbt has several."""
        match event:
            case Opened():
                self._invocation_id = event.invocation_id
                self._emit(
                    "MainReportVersion",
                    "A001",
                    f"Running with dbt={event.dbt_version}",
                    data={"version": f"={event.dbt_version}", "log_version": 3},
                )
            case ProjectLoaded():
                line = lines.found_line(event.counts)
                self._emit(
                    "FoundStats", "W006", line, data={"stat_line": line.removeprefix("Found ")}
                )
            case ProblemFound():
                self._problem(event.problem)
            case Planned():
                self._planned(event)
            case NothingToDo():
                self._emit(
                    "NothingToDo",
                    "Q035",
                    "Nothing to do. Try checking your model configs and model specification args",
                    level="warn",
                )
            case Said(text=text) | ArtifactWritten(path=text):
                self._emit("Note", "Z050", text, data={"msg": text})
            case _:
                self._run_event(event)

    def _planned(self, event: Planned) -> None:
        self._graph = event.graph
        if event.summary_line:
            data = {"policy": event.plan.policy, **msgspec.to_builtins(event.summary)}
            self._emit("DeferralSummary", "U001", event.summary_line, data=data)

    def _run_event(self, event: Event) -> None:
        match event:
            case Printed():
                self._printed(event)
            case QueryRan() if event.seconds is None:
                self._emit(
                    "SQLQuery",
                    "E016",
                    f"On {event.connection}: {event.sql}",
                    level="debug",
                    data={"sql": event.sql, "conn_name": event.connection},
                )
            case RunStarted():
                threads = lines.counted(event.threads, "thread")
                self._emit(
                    "ConcurrencyLine",
                    "Q026",
                    f"Concurrency: {threads} (target='{event.target}')",
                    data={"num_threads": event.threads, "target_name": event.target},
                )
            case StepStarted():
                self._step_started(event)
            case StepFinished():
                self._step_finished(event)
            case RunFinished():
                self._run_finished(event)
            case _:
                pass

    def _printed(self, event: Printed) -> None:
        if event.level == "print":
            self._emit("PrintEvent", "Z052", event.text, data={"msg": event.text})
            return
        name, code = {
            "warn": ("JinjaLogWarning", "I061"),
            "info": ("JinjaLogInfo", "I062"),
            "debug": ("JinjaLogDebug", "I063"),
        }[event.level]
        self._emit(name, code, event.text, level=event.level, data={"msg": event.text})

    def _step_started(self, event: StepStarted) -> None:
        entry = self._entry(event.unique_id)
        self._started[event.unique_id] = event.started_at
        if entry is None:
            return
        info = self._node_info(entry, "started")
        name, code = (
            ("LogHookStartLine", "Q032") if event.action == "hook" else ("LogStartLine", "Q011")
        )
        self._emit(name, code, lines.start_line(event, entry, self._width), data={
            "description": lines.describe(entry, event.action), "index": event.index,
            "total": event.total, "node_info": info})  # fmt: skip
        self._emit(
            "NodeStart",
            "Q024",
            f"Began running node {entry.unique_id}",
            level="debug",
            data={"node_info": info},
        )

    def _step_finished(self, event: StepFinished) -> None:
        result = event.result
        self._results.append(result)
        entry = self._entry(result.unique_id)
        if entry is None:
            return
        info = self._node_info(entry, result.status, event.finished_at)
        text, _ = lines.result_line(event, entry, self._width)
        level = {"error": "error", "fail": "error", "runtime error": "error", "warn": "warn"}.get(
            result.status, "info"
        )
        if result.status == "skipped":
            self._emit("SkippingDetails", "Q034", text, data={
                "index": event.index, "total": event.total, "node_name": entry.name,
                "resource_type": entry.kind, "schema": entry.relation.schema if entry.relation else "",
                "node_info": info})  # fmt: skip
        else:
            name, code = _RESULT_EVENTS.get(result.action, ("LogModelResult", "Q012"))
            self._emit(name, code, text, level=level, data={
                "description": lines.describe(entry, result.action), "index": event.index,
                "total": event.total, "status": _log_status(result), "name": entry.name,
                "execution_time": result.execution_time, "num_failures": result.failures or 0,
                "num_models": event.total, "node_info": info})  # fmt: skip
        self._emit(
            "NodeFinished",
            "Q025",
            f"Finished running node {entry.unique_id}",
            level="debug",
            data={"node_info": info, "run_result": _run_result(result)},
        )

    def _run_finished(self, event: RunFinished) -> None:
        report = Report(
            results=tuple(self._results),
            elapsed=event.elapsed,
            is_interrupted=event.is_interrupted,
        )
        if self._graph is None:
            return
        self._emit(
            "FinishedRunningStats",
            "Q027",
            lines.finished_line(report, self._graph),
            data={"execution_time": event.elapsed},
        )
        text, colour = lines.completed_line(report)
        self._emit(
            "EndOfRunSummary",
            "Z030",
            text,
            level="error" if colour == "red" else "info",
            data={
                "num_errors": sum(r.status in ("error", "fail") for r in report.results),
                "num_warnings": sum(r.status == "warn" for r in report.results),
                "keyboard_interrupt": event.is_interrupted,
            },
        )
        for result in report.results:
            self._failure(result)
        self._emit("StatsLine", "Z023", lines.done_line(report))

    def _failure(self, result: StepResult) -> None:
        entry = self._entry(result.unique_id)
        if entry is None or result.status not in ("error", "fail", "runtime error", "warn"):
            return
        is_warning = result.status == "warn"
        text = "\n".join(lines.failure_block(result, entry))
        name, code = ("RunResultWarning", "Z021") if is_warning else ("RunResultFailure", "Z022")
        self._emit(name, code, text, level="warn" if is_warning else "error", data={
            "resource_type": entry.kind, "node_name": entry.name, "path": entry.original_file_path,
            "node_info": self._node_info(entry, result.status)})  # fmt: skip

    def _problem(self, problem: Problem) -> None:
        is_error = problem.severity == "error"
        place = shown_place(problem)
        text = problem.message if place is None else f"{problem.message}\n  at {place}"
        name = problem.event or ("MainEncounteredError" if is_error else "UpriverWarning")
        self._emit(
            name,
            "Z002" if is_error else "I000",
            text,
            level="error" if is_error else "warn",
            data={
                "msg": problem.message,
                "exc": problem.message,
                "upriver": msgspec.to_builtins(problem),
            },
        )

    def data(self, texts: tuple[str, ...]) -> None:
        """Write requested output as events."""
        for text in texts:
            self._emit("ListCmdOut", "Q041", text, data={"msg": text}, is_output=True)

    def _entry(self, unique_id: str) -> Entry | None:
        return None if self._graph is None else self._graph.entries.get(unique_id)

    def _node_info(
        self, entry: Entry, status: str, finished: float | None = None
    ) -> dict[str, Any]:
        started = self._started.get(entry.unique_id)
        relation = entry.relation
        return {
            "materialized": entry.materialized or entry.kind,
            "meta": {},
            "node_checksum": "",
            "node_finished_at": "" if finished is None else _stamp(finished),
            "node_name": entry.name,
            "node_path": entry.original_file_path.partition("/")[2] or entry.original_file_path,
            "node_relation": {
                "alias": relation.identifier if relation else "",
                "database": (relation.database or "") if relation else "",
                "relation_name": entry.relation_name or "",
                "schema": (relation.schema or "") if relation else "",
            },
            "node_started_at": "" if started is None else _stamp(started),
            "node_status": status,
            "resource_type": entry.kind,
            "unique_id": entry.unique_id,
        }

    def _emit(
        self,
        name: str,
        code: str,
        text: str,
        *,
        level: str = "info",
        data: Mapping[str, Any] | None = None,
        is_output: bool = False,
    ) -> None:
        if _LEVELS[level] < self._threshold and not is_output:
            return
        record = {
            "data": data or {},
            "info": {
                "category": "",
                "code": code,
                "extra": {},
                "invocation_id": self._invocation_id,
                "level": level,
                "msg": text,
                "name": name,
                "pid": os.getpid(),
                "thread": threading.current_thread().name,
                "ts": _now(),
            },
        }
        self._stream.write(msgspec.json.encode(record).decode() + "\n")
        self._stream.flush()


def _log_status(result: StepResult) -> str:
    if result.status == "success":
        return "OK" if result.response is None else result.response.message or "OK"
    return result.status


def _run_result(result: StepResult) -> dict[str, Any]:
    response = result.response
    adapter = {} if response is None else {"_message": response.message, **response.extra}
    return {
        "adapter_response": adapter,
        "execution_time": result.execution_time,
        "message": result.message or "",
        "num_failures": result.failures or 0,
        "status": result.status,
        "thread": result.thread_id,
        "timing_info": [
            {
                "name": t.name,
                "started_at": _stamp(t.started_at),
                "completed_at": _stamp(t.completed_at),
            }
            for t in result.timing
        ],
        "unique_id": result.unique_id,
    }


def _stamp(seconds: float) -> str:
    moment = datetime.datetime.fromtimestamp(seconds, tz=datetime.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _now() -> str:
    return datetime.datetime.now(tz=datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
