"""Events as JSON lines in dbt's shape, which orchestrators parse (CLI-102..108).

Names, codes and keys are dbt's for every event that tools are known to read; what only upriver has
to say comes as events with codes of its own (`U...`).
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

import msgspec

from upriver import __version__
from upriver.cli import lines
from upriver.cli.event_codes import CODES
from upriver.cli.json_nodes import MODEL_EVENT, RESULT_EVENTS, node_info, result_data, run_result
from upriver.cli.json_nodes import stamp as stamped
from upriver.cli.style import LEVELS, shown_place
from upriver.graph.graph import Entry, Graph
from upriver.problems import Problem
from upriver.project.events import (
    ArtifactWritten,
    BuildingCatalog,
    CatalogWritten,
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
    PhaseBegan,
    Printed,
    QueryRan,
    RunFinished,
    RunStarted,
    StepFinished,
    StepResult,
    StepStarted,
)
from upriver.run.report import BAD_STATUSES, Report

_ARTIFACTS: Mapping[str, str] = {
    "manifest.json": "WritableManifest",
    "run_results.json": "RunExecutionResult",
}
_PRINTED: Mapping[str, tuple[str, str]] = {
    "warn": ("JinjaLogWarning", "I061"),
    "info": ("JinjaLogInfo", "I062"),
    "debug": ("JinjaLogDebug", "I063"),
}


_PHASES: Mapping[str, tuple[str, str, str]] = {
    "compile": ("NodeCompiling", "Q030", "compiling"),
    "execute": ("NodeExecuting", "Q031", "executing"),
}
_CRITERION = "NoNodesForSelectionCriteria"


class JsonLog:
    """Writes one JSON object per event."""

    def __init__(
        self,
        stream: TextIO,
        *,
        level: str,
        width: int,
        shows_prints: bool = True,
        shows_steps: bool = True,
    ) -> None:
        """`shows_steps` is off for commands whose output is what they compiled or read."""
        self._stream = stream
        self._threshold = LEVELS[level]
        self._width = width
        self._shows_prints = shows_prints
        self._shows_steps = shows_steps
        self._invocation_id = ""
        self._command = ""
        self._started_at = time.time()
        self._graph: Graph | None = None
        self._began: dict[str, StepStarted] = {}
        self._results: list[StepResult] = []

    def __call__(self, event: ProjectEvent | Event) -> None:
        """Write one event, or several where dbt has several."""
        match event:
            case Opened():
                self._opened(event)
            case ProjectLoaded():
                line = lines.found_line(event.counts)
                data = {"stat_line": line.removeprefix("Found ")}
                self._emit("FoundStats", "W006", line, data)
            case ProblemFound():
                self._problem(event.problem)
            case Planned():
                self._planned(event)
            case NothingToDo():
                self._emit("NothingToDo", "Q035", lines.NOTHING_TO_DO, level="warn")
            case Said():
                data = {"msg": event.text} if event.data is None else dict(event.data)
                self._emit(event.event, CODES.get(event.event, "Z050"), event.text, data)
            case BuildingCatalog():
                self._emit("BuildingCatalog", "E044", lines.BUILDING_CATALOG)
            case CatalogWritten():
                text = lines.catalog_line(event.path)
                self._emit("CatalogWritten", "E042", text, {"path": event.path})
            case ArtifactWritten():
                self._written(event)
            case _:
                self._run_event(event)

    def _opened(self, event: Opened) -> None:
        self._invocation_id = event.invocation_id
        self._command = event.command
        version = f"={event.dbt_version}"
        data = {"log_version": 3, "version": version}
        self._emit("MainReportVersion", "A001", f"Running with dbt{version}", data)
        if event.adapter_type is not None:
            adapter = {"adapter_name": event.adapter_type, "adapter_version": f"={__version__}"}
            text = f"Registered adapter: {event.adapter_type}={__version__}"
            self._emit("AdapterRegistered", "E034", text, adapter)

    def _planned(self, event: Planned) -> None:
        self._graph = event.graph
        if event.summary_line:
            data = {"policy": event.plan.policy, **msgspec.to_builtins(event.summary)}
            self._emit("DeferralSummary", "U001", event.summary_line, data)

    def _written(self, event: ArtifactWritten) -> None:
        kind = _ARTIFACTS.get(Path(event.path).name, "")
        data = {"artifact_path": event.path, "artifact_type": kind}
        text = f"Wrote artifact {kind} to {event.path}"
        self._emit("ArtifactWritten", "P001", text, data, level="debug")

    def _run_event(self, event: Event) -> None:
        match event:
            case Printed():
                self._printed(event)
            case QueryRan():
                self._query(event)
            case RunStarted() if self._graph is not None:
                data = {
                    "node_count": event.total,
                    "num_threads": event.threads,
                    "target_name": event.target,
                }
                text = lines.concurrency_line(event.threads, event.target)
                self._emit("ConcurrencyLine", "Q027", text, data)
            case StepStarted():
                self._step_started(event)
            case PhaseBegan():
                self._phase(event)
            case StepFinished():
                self._step_finished(event)
            case RunFinished():
                self._run_finished(event)
            case _:
                pass

    def _query(self, event: QueryRan) -> None:
        began = self._began.get(event.connection)
        thread = None if began is None else began.thread_id
        if event.seconds is None:
            data = {"conn_name": event.connection, "sql": event.sql}
            text = f"On {event.connection}: {event.sql}"
            self._emit("SQLQuery", "E016", text, data, level="debug", thread=thread)
        else:
            text = lines.status_line(event.status, event.seconds)
            done = {"elapsed": event.seconds, "query_id": "", "status": event.status}
            self._emit("SQLQueryStatus", "E017", text, done, level="debug", thread=thread)

    def _printed(self, event: Printed) -> None:
        data: dict[str, Any] = {"msg": event.text}
        if event.level == "print":
            if self._shows_prints:
                self._emit("PrintEvent", "Z052", event.text, data, is_output=True)
            return
        entry = self._entry(event.unique_id)
        if entry is not None:
            data["node_info"] = self._info(entry, "executing")
        name, code = _PRINTED[event.level]
        self._emit(name, code, event.text, data, level=event.level)

    def _step_started(self, event: StepStarted) -> None:
        entry = self._entry(event.unique_id)
        self._began[event.unique_id] = event
        if entry is None:
            return
        info = self._info(entry, "started")
        if event.action != "hook":
            text = f"Began running node {entry.unique_id}"
            data = {"node_info": info}
            self._emit("NodeStart", "Q024", text, data, level="debug", thread=event.thread_id)
        if self._shows_steps and event.action != "no-op":
            self._start_line(event, entry, info)

    def _phase(self, event: PhaseBegan) -> None:
        entry = self._entry(event.unique_id)
        if entry is not None:
            name, code, word = _PHASES[event.phase]
            text = f"Began {word} node {entry.unique_id}"
            data = {"node_info": self._info(entry, word)}
            self._emit(name, code, text, data, level="debug", thread=event.thread_id)

    def _start_line(self, event: StepStarted, entry: Entry, info: Mapping[str, Any]) -> None:
        data: dict[str, Any] = {"index": event.index, "node_info": info, "total": event.total}
        entry = self._described(entry)
        text = lines.start_line(event, entry, self._width)
        if event.action == "hook":
            data["statement"] = lines.hook_name(entry)
            self._emit("LogHookStartLine", "Q032", text, data, thread=event.thread_id)
        else:
            data["description"] = lines.describe(entry, event.action)
            self._emit("LogStartLine", "Q011", text, data, thread=event.thread_id)

    def _step_finished(self, event: StepFinished) -> None:
        result = event.result
        self._results.append(result)
        entry = self._entry(result.unique_id)
        if entry is None or self._graph is None:
            return
        info = self._info(entry, result.status, event.finished_at)
        if self._shows_steps:
            self._result_line(event, entry, self._graph, info)
        if result.action != "hook":
            self._emit(
                "NodeFinished", "Q025", f"Finished running node {entry.unique_id}",
                {"node_info": info, "run_result": run_result(result)},
                level="debug", thread=result.thread_id,
            )  # fmt: skip
        if result.status in BAD_STATUSES or result.status == "skipped":
            self._mark_skipped(result)

    def _mark_skipped(self, result: StepResult) -> None:
        reason = f" Reason: {result.message}." if result.message else ""
        text = (
            f"Marking all children of '{result.unique_id}' to be skipped because of status"
            f" '{result.status}'. {reason}"
        )
        data = {
            "unique_id": result.unique_id,
            "status": result.status,
            "run_result": run_result(result),
        }
        self._emit("MarkSkippedChildren", "Z033", text, data, level="debug")

    def _result_line(
        self, event: StepFinished, entry: Entry, graph: Graph, info: Mapping[str, Any]
    ) -> None:
        result = event.result
        text = lines.result_text(event, self._described(entry), self._width)
        if result.status == "skipped" and result.action != "hook":
            name, code = "SkippingDetails", "Q034"
            data: dict[str, Any] = {
                "index": event.index,
                "node_info": info,
                "node_name": entry.name,
                "resource_type": entry.kind,
                "schema": info["node_relation"]["schema"],
                "total": event.total,
            }
        else:
            name, code = RESULT_EVENTS.get(result.action, MODEL_EVENT)
            data = result_data(event, entry, graph, info)
        level = "error" if result.status in BAD_STATUSES else "info"
        self._emit(
            name, code, text, data,
            level="warn" if result.status == "warn" else level, thread=result.thread_id,
        )  # fmt: skip

    def _run_finished(self, event: RunFinished) -> None:
        report = Report(
            results=tuple(self._results),
            elapsed=event.elapsed,
            is_interrupted=event.is_interrupted,
        )
        if self._graph is None:
            self._operations_ended()
            return
        if self._shows_steps or report.is_interrupted:
            self._summary(report, self._graph)
        for result in report.results:
            if self._command != "freshness" or result.status in BAD_STATUSES:
                self._failure(result)
        if self._command == "freshness":
            self._emit("FreshnessCheckComplete", "Q003", lines.AGES_DONE)
        elif self._shows_steps:
            stats = {"stats": lines.tally(report)}
            self._emit("StatsLine", "Z023", lines.done_line(report), stats)

    def _summary(self, report: Report, graph: Graph) -> None:
        text = lines.finished_line(report, graph)
        data: dict[str, Any] = {
            "execution": f" in {text.partition(' in ')[2].partition(' (')[0]}",
            "execution_time": report.elapsed,
            "stat_line": lines.finished_parts(report, graph),
        }
        self._emit("FinishedRunningStats", "E047", text, data)
        results: dict[str, Any] = {
            "elapsed_time": report.elapsed,
            "generated_at": stamped(time.time()),
            "results": [run_result(result) for result in report.results],
            "success": report.is_success,
        }
        self._emit("EndRunResult", "Q037", "Command end result", results, level="debug")
        if self._command == "freshness" and not report.is_interrupted:
            return
        errors, partial, warnings = lines.verdict(report)
        data = {
            "keyboard_interrupt": report.is_interrupted,
            "num_errors": errors,
            "num_partial_success": partial,
            "num_warnings": warnings,
        }
        self._emit("EndOfRunSummary", "Z030", lines.completed_line(report)[0], data)

    def _operations_ended(self) -> None:
        for result in self._results:
            if result.status in BAD_STATUSES:
                text = f"Encountered an error while running operation: {result.message}"
                data = {"exc": result.message}
                self._emit("RunningOperationCaughtError", "Q001", text, data, level="error")

    def _failure(self, result: StepResult) -> None:
        entry = self._entry(result.unique_id)
        if entry is None or result.status not in ("warn", *BAD_STATUSES):
            return
        info = self._info(entry, result.status)
        is_warning = result.status == "warn"
        name, code, level = "RunResultFailure", "Z022", "error"
        if is_warning:
            name, code, level = "RunResultWarning", "Z021", "warn"
        head = {
            "node_info": info,
            "node_name": entry.name,
            "path": entry.original_file_path,
            "resource_type": entry.kind,
        }
        self._emit(name, code, lines.failure_head(result, entry), head, level=level)
        if result.message is None and result.action == "freshness":
            text = f"  {lines.failure_text(result)}"
            status = {"node_info": info, "status": result.status}
            self._emit("RunResultErrorNoMessage", "Z025", text, status, level="error")
            return
        said = {"msg": result.message or "", "node_info": info}
        name, code = "RunResultError", "Z024"
        if is_warning:
            name, code = "RunResultWarningMessage", "Z046"
        self._emit(name, code, result.message or "", said, level=level)
        compiled = lines.compiled_at(result)
        if compiled is not None:
            place = {"node_info": info, "path": result.compiled_path}
            self._emit("SQLCompiledPath", "Z026", compiled, place)

    def _problem(self, problem: Problem) -> None:
        is_error = problem.severity == "error"
        place = shown_place(problem)
        text = problem.message if place is None else f"{problem.message}\n  at {place}"
        name = problem.event or "UpriverWarning"
        code = CODES.get(name, "U002")
        if is_error:
            name, code = "MainEncounteredError", "Z002"
        data = {
            "exc": problem.message,
            "msg": problem.message,
            "upriver": msgspec.to_builtins(problem),
        }
        if problem.event == _CRITERION:
            data["spec_raw"] = problem.message.partition("'")[2].rpartition("'")[0]
        self._emit(name, code, text, data, level="error" if is_error else "warn")

    def data(self, texts: tuple[str, ...]) -> None:
        """Write requested output as events."""
        for text in texts:
            self._emit("PrintEvent", "Z052", text, {"msg": text}, is_output=True)

    def shown(self, name: str, code: str, text: str, data: Mapping[str, Any]) -> None:
        """Write one event that carries requested output."""
        self._emit(name, code, text, data, is_output=True)

    def completed(self, *, is_success: bool) -> None:
        """Tell that the command has ended."""
        now = time.time()
        seconds = now - self._started_at
        word = "succeeded" if is_success else "failed"
        data = {
            "command": f"dbt {self._command}",
            "completed_at": stamped(now),
            "elapsed": seconds,
            "success": is_success,
        }
        text = f"Command `dbt {self._command}` {word} after {seconds:.2f} seconds"
        self._emit("CommandCompleted", "Q039", text, data, level="debug")

    def close(self) -> None:
        """Nothing is held."""

    def _entry(self, unique_id: str | None) -> Entry | None:
        if self._graph is None or unique_id is None:
            return None
        return self._graph.entries.get(unique_id)

    def _described(self, entry: Entry) -> Entry:
        found = lines.described_entry(self._graph, entry.unique_id) if self._graph else None
        return found or entry

    def _info(self, entry: Entry, status: str, finished: float | None = None) -> dict[str, Any]:
        assert self._graph is not None  # noqa: S101 - entries come from it
        began = self._began.get(entry.unique_id)
        started = None if began is None else began.started_at
        return node_info(entry, self._graph, status, started, finished)

    def _emit(
        self,
        name: str,
        code: str,
        text: str,
        data: Mapping[str, Any] | None = None,
        *,
        level: str = "info",
        is_output: bool = False,
        thread: str | None = None,
    ) -> None:
        if LEVELS[level] < self._threshold and not is_output:
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
                "thread": thread or threading.current_thread().name,
                "ts": stamped(time.time()),
            },
        }
        line = msgspec.json.encode(record, enc_hook=str).decode()
        self._stream.write(f"{line}\n")
        self._stream.flush()
