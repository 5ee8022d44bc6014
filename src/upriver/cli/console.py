"""Events to console lines: plain everywhere, with a progress line on a terminal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TextIO

from upriver import __version__
from upriver.cli import lines
from upriver.cli.progress import Progress
from upriver.cli.style import LEVELS, Style, shown_place, shown_span
from upriver.graph.graph import Graph
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
    Printed,
    QueryRan,
    RunFinished,
    RunStarted,
    StepFinished,
    StepResult,
    StepStarted,
)
from upriver.run.report import BAD_STATUSES, Report

_LEVEL_OF_STATUS = {"warn": "warn", **dict.fromkeys(BAD_STATUSES, "error")}


class Console:
    """Writes lines for events. Holds the graph of the run it tells about."""

    def __init__(
        self,
        stream: TextIO,
        style: Style,
        *,
        data_stream: TextIO | None = None,
        progress: Progress | None = None,
        shows_steps: bool = True,
    ) -> None:
        """`shows_steps` is off for commands whose output is what they compiled or read."""
        self._stream = stream
        self._data = data_stream or stream
        self._style = style
        self._progress = progress
        self._shows_steps = shows_steps
        self._graph: Graph | None = None
        self._results: list[StepResult] = []
        self._threads: dict[str, str] = {}
        self._part: str | None = None
        self._command = ""
        self._shown = self._table()

    def __call__(self, event: ProjectEvent | Event) -> None:
        """Show one event."""
        show = self._shown.get(type(event))
        if show is not None:
            show(event)

    def _table(self) -> dict[type[Any], Callable[[Any], None]]:
        """Return what shows each kind of event: a look-up, since statements come by thousands."""
        table: dict[type[Any], Callable[[Any], None]] = {
            Opened: self._opened,
            ProjectLoaded: lambda event: self._line(lines.found_line(event.counts)),
            ProblemFound: lambda event: self._problem(event.problem),
            Planned: self._planned,
            NothingToDo: lambda _: self._line(lines.NOTHING_TO_DO, level="warn"),
            Said: lambda event: self._line(event.text),
            BuildingCatalog: lambda _: self._line(lines.BUILDING_CATALOG),
            CatalogWritten: lambda event: self._line(lines.catalog_line(event.path)),
            ArtifactWritten: lambda event: self._line(f"Wrote {event.path}", level="debug"),
            RunStarted: self._began,
            StepStarted: self._started,
            StepFinished: self._finished,
            RunFinished: self._ended,
            Printed: self._printed,
        }
        if self._style.shows("debug"):
            table[QueryRan] = self._query
        return table

    def _opened(self, event: Opened) -> None:
        self._command = event.command
        if self._style.is_detailed and self._style.shows("debug"):
            self._write(self._stream, f"\n{'=' * 30} {event.invocation_id} {'=' * 30}")
        self._line(f"Running with dbt={event.dbt_version}")
        self._line(f"upriver {__version__}: {event.command}", level="debug")
        if event.adapter_type is not None:
            self._line(f"Registered adapter: {event.adapter_type}={__version__}")

    def _planned(self, event: Planned) -> None:
        self._graph = event.graph
        if event.summary_line:
            self._line(event.summary_line)

    def _printed(self, event: Printed) -> None:
        if event.level == "print":
            if self._style.shows_prints:
                self._write(self._data, event.text)
        elif event.level == "warn":
            text = self._style.painted("warning:", "yellow")
            self._line(f"{text} {event.text}", level="warn")
        else:
            self._line(event.text, level=event.level)

    def _query(self, event: QueryRan) -> None:
        thread = self._threads.get(event.connection)
        if event.seconds is None:
            text = f"On {event.connection}: {event.sql}"
        else:
            text = lines.status_line(event.status, event.seconds)
        # What follows the end of a statement (the next one, or the end of the step) is written at
        # once, and takes this line along; each flush is a system call.
        self._line(text, level="debug", thread=thread, is_flushed=event.seconds is None)

    def _began(self, event: RunStarted) -> None:
        if self._graph is None:
            return
        self._results = []
        self._part = None
        self._line("")
        self._line(lines.concurrency_line(event.threads, event.target))
        self._line("")
        if not self._shows_steps:
            return
        if self._progress is not None and self._style.shows("info"):
            self._progress.start(event.total)

    def _started(self, event: StepStarted) -> None:
        self._threads[event.unique_id] = event.thread_id
        entry = lines.described_entry(self._graph, event.unique_id) if self._graph else None
        if entry is None or event.action == "no-op" or not self._shows_steps:
            return
        self._turn(entry.name if event.action == "hook" else "")
        if self._progress is not None:
            self._progress.began(event.unique_id, entry.name)
        else:
            text = lines.start_line(event, entry, self._style.width)
            self._line(text, thread=event.thread_id)

    def _turn(self, hook: str) -> None:
        """Leave a line free between hooks of a run's start, its steps, and hooks of its end."""
        part = hook.rpartition("-")[0] if hook else "steps"
        if self._part is not None and part != self._part:
            self._line("")
        self._part = part

    def _finished(self, event: StepFinished) -> None:
        result = event.result
        self._results.append(result)
        entry = lines.described_entry(self._graph, result.unique_id) if self._graph else None
        if self._progress is not None:
            self._progress.ended(result.unique_id)
        if entry is None or not self._shows_steps:
            return
        self._turn(entry.name if result.action == "hook" else "")
        head, status, colour = lines.result_line(event, entry, self._style.width)
        text = f"{head}{self._style.painted(status, colour)}{lines.closing(result)}"
        level = _LEVEL_OF_STATUS.get(result.status, "info")
        self._line(text, level=level, thread=result.thread_id)

    def _ended(self, event: RunFinished) -> None:
        if self._progress is not None:
            self._progress.stop()
        graph = self._graph
        if graph is None:
            self._operations_ended()
            return
        report = Report(
            results=tuple(self._results),
            elapsed=event.elapsed,
            is_interrupted=event.is_interrupted,
        )
        if self._shows_steps:
            self._line("")
            self._line(lines.finished_line(report, graph))
        if self._command == "freshness" and not report.is_interrupted:
            self._ages_ended(report, graph)
            return
        if self._shows_steps or report.is_interrupted:
            self._line("")
            text, colour = lines.completed_line(report)
            level = "error" if colour == "red" else "info"
            self._line(self._style.painted(text, colour), level=level)
        for result in sorted(report.results, key=lambda result: result.status == "warn"):
            if result.status in _LEVEL_OF_STATUS:
                self._failure(result, graph)
        if self._shows_steps:
            self._line("")
            self._line(lines.done_line(report))

    def _ages_ended(self, report: Report, graph: Graph) -> None:
        """Tell of sources that are too old, or could not be looked at, as dbt does."""
        for result in report.results:
            if result.status in BAD_STATUSES:
                self._failure(result, graph)
        self._line(lines.AGES_DONE)

    def _operations_ended(self) -> None:
        """Tell of macros that were called and failed: they are no resources of the graph."""
        for result in self._results:
            if result.status in BAD_STATUSES:
                head = self._style.painted("Encountered an error while running operation:", "red")
                self._line(f"{head} {result.message}", level="error")

    def _failure(self, result: StepResult, graph: Graph) -> None:
        level = _LEVEL_OF_STATUS[result.status]
        entry = graph.entries.get(result.unique_id)
        self._line("")
        if entry is not None:
            colour = "yellow" if level == "warn" else "red"
            head = lines.failure_head(result, entry)
            self._line(self._style.painted(head, colour), level=level)
        for line in lines.failure_text(result).splitlines():
            self._line(f"  {line}", level=level)
        for text in (lines.compiled_at(result), lines.stored_failures(result), lines.hint(result)):
            if text is not None:
                self._line("")
                self._line(text)

    def _problem(self, problem: Problem) -> None:
        is_error = problem.severity == "error"
        word, level = ("error", "error") if is_error else ("warning", "warn")
        head = self._style.painted(f"{word}[{problem.code}]:", "red" if is_error else "yellow")
        first, *more = problem.message.strip().splitlines() or [""]
        self._line(f"{head} {first}", level=level)
        for line in more:
            self._line(f"  {line.strip()}", level=level)
        place = shown_place(problem)
        if place:
            self._line(f"  at {place}", level=level)
        for span in problem.related:
            self._line(f"  see {shown_span(span.file, span.line, span.column)}", level=level)
        if problem.hint:
            self._line(f"  hint: {problem.hint}", level=level)

    def data(self, texts: tuple[str, ...]) -> None:
        """Write requested output: never suppressed, never prefixed (CLI-109)."""
        for text in texts:
            self._data.write(f"{text}\n")
        self._data.flush()

    def close(self) -> None:
        """Take the progress line away, however the command ends."""
        if self._progress is not None:
            self._progress.stop()

    def _line(
        self, text: str, *, level: str = "info", thread: str | None = None, is_flushed: bool = True
    ) -> None:
        if LEVELS[level] >= LEVELS[self._style.level]:
            line = f"{self._style.prefix(level, thread)}{text}"
            self._write(self._stream, line, is_flushed=is_flushed)

    def _write(self, stream: TextIO, text: str, *, is_flushed: bool = True) -> None:
        if self._progress is not None and self._progress.is_live:
            self._progress.print(text)
            return
        stream.write(f"{text}\n")
        if is_flushed:
            stream.flush()
