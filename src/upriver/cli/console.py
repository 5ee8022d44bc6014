"""Events to console lines: plain everywhere, with a progress line on a terminal."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TextIO

from upriver.cli import lines
from upriver.graph.graph import Graph
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
from upriver.run.report import BAD_STATUSES, Report

_COLOURS = {"green": "32", "red": "31", "yellow": "33", "dim": "2"}
_LEVELS = {"debug": 10, "info": 20, "warn": 30, "error": 40, "none": 100}


class ConsoleStyle:
    """How lines are shown: a value made once from the options."""

    def __init__(
        self, *, level: str, width: int, has_colours: bool, is_quiet: bool, shows_prints: bool
    ) -> None:
        self.threshold = _LEVELS["error"] if is_quiet else _LEVELS[level]
        self.width = width
        self.has_colours = has_colours
        self.shows_prints = shows_prints


class Console:
    """Writes lines for events. Holds the graph of the run it tells about."""

    def __init__(
        self,
        stream: TextIO,
        style: ConsoleStyle,
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

    def __call__(self, event: ProjectEvent | Event) -> None:
        """Show one event."""
        match event:
            case Opened():
                self._opened(event)
            case ProjectLoaded():
                self._line(lines.found_line(event.counts))
            case ProblemFound():
                self._problem(event.problem)
            case Planned():
                self._graph = event.graph
                if event.summary_line:
                    self._line(event.summary_line)
            case NothingToDo():
                self._line(
                    "Nothing to do. Try checking your model configs and model specification args"
                )
            case Said():
                self._line(event.text)
            case ArtifactWritten():
                self._line(f"Wrote {event.path}", level="debug")
            case Printed():
                self._printed(event)
            case QueryRan():
                self._query(event)
            case _:
                self._run_event(event)

    def _opened(self, event: Opened) -> None:
        self._line(f"Running with dbt={event.dbt_version}")
        if event.adapter_type is not None:
            self._line(
                f"Registered adapter: {event.adapter_type}={event.dbt_version}", level="debug"
            )

    def _printed(self, event: Printed) -> None:
        if event.level == "print":
            if self._style.shows_prints:
                self._write(self._data, event.text)
        elif event.level == "warn":
            self._line(f"[WARNING]: {event.text}", level="warn", colour="yellow")
        else:
            self._line(event.text, level=event.level)

    def _query(self, event: QueryRan) -> None:
        if event.seconds is None:
            self._line(f"On {event.connection}: {event.sql}", level="debug")
        else:
            self._line(f"SQL status: OK in {event.seconds:.3f} seconds", level="debug")

    def _run_event(self, event: Event) -> None:
        match event:
            case RunStarted():
                self._results = []
                if not self._shows_steps:
                    return
                self._line(
                    f"Concurrency: {lines.counted(event.threads, 'thread')}"
                    f" (target='{event.target}')"
                )
                self._line("")
                if self._progress is not None and self._style.threshold <= _LEVELS["info"]:
                    self._progress.start(event.total)
            case StepStarted() if self._shows_steps:
                self._started(event)
            case StepFinished():
                self._finished(event)
            case RunFinished():
                self._ended(event)
            case _:
                pass

    def _started(self, event: StepStarted) -> None:
        entry = self._graph.entries.get(event.unique_id) if self._graph else None
        if entry is None:
            return
        if self._progress is not None:
            self._progress.began(event.unique_id, entry.name)
        else:
            self._line(lines.start_line(event, entry, self._style.width))

    def _finished(self, event: StepFinished) -> None:
        self._results.append(event.result)
        entry = self._graph.entries.get(event.result.unique_id) if self._graph else None
        if self._progress is not None:
            self._progress.ended(event.result.unique_id)
        if entry is None or not self._shows_steps:
            return
        text, colour = lines.result_line(event, entry, self._style.width)
        level = "error" if event.result.status in BAD_STATUSES else "info"
        self._line(text, level=level, colour=colour)

    def _ended(self, event: RunFinished) -> None:
        if self._progress is not None:
            self._progress.stop()
        report = Report(
            results=tuple(self._results),
            elapsed=event.elapsed,
            is_interrupted=event.is_interrupted,
        )
        graph = self._graph
        if graph is None:
            return
        if self._shows_steps:
            self._line("")
            self._line(lines.finished_line(report, graph))
            self._line("")
            text, colour = lines.completed_line(report)
            self._line(text, colour=colour, level="error" if colour == "red" else "info")
        for result in report.results:
            if result.status in BAD_STATUSES or result.status == "warn":
                self._failure(result, graph)
        if self._shows_steps:
            self._line("")
            self._line(lines.done_line(report))

    def _failure(self, result: StepResult, graph: Graph) -> None:
        level = "warn" if result.status == "warn" else "error"
        entry = graph.entries.get(result.unique_id)
        self._line("", level=level)
        if entry is None:
            for line in (result.message or "").splitlines():
                self._line(line, level=level)
            return
        head, *rest = lines.failure_block(result, entry)
        self._line(head, level=level, colour="yellow" if level == "warn" else "red")
        for line in rest:
            self._line(line, level=level)

    def _problem(self, problem: Problem) -> None:
        is_error = problem.severity == "error"
        colour = "red" if is_error else "yellow"
        word = "error" if is_error else "warning"
        place = shown_place(problem)
        level = "error" if is_error else "warn"
        self._line(f"{word}[{problem.code}]: {problem.message}", level=level, colour=colour)
        if place:
            self._line(f"  at {place}", level=level)
        for span in problem.related:
            self._line(f"  see {shown_span(span.file, span.line, span.column)}", level=level)
        if problem.hint:
            self._line(f"  hint: {problem.hint}", level=level)

    def data(self, texts: tuple[str, ...]) -> None:
        """Write requested output: never suppressed, never prefixed (CLI-109)."""
        for text in texts:
            self._write(self._data, text)

    def _line(self, text: str, *, level: str = "info", colour: str | None = None) -> None:
        if _LEVELS.get(level, 20) < self._style.threshold:
            return
        stamp = time.strftime("%H:%M:%S")
        shown = self._painted(text, colour)
        for part in shown.split("\n"):
            self._write(self._stream, f"{stamp}  {part}")

    def _painted(self, text: str, colour: str | None) -> str:
        if colour is None or not self._style.has_colours:
            return text
        return f"\033[{_COLOURS[colour]}m{text}\033[0m"

    def _write(self, stream: TextIO, text: str) -> None:
        write: Callable[[str], object] = stream.write
        if self._progress is not None and self._progress.is_live:
            self._progress.print(text)
            return
        write(f"{text}\n")
        stream.flush()


def shown_place(problem: Problem) -> str | None:
    """Return `file:line:column` of a problem, as far as it is known."""
    span = problem.span
    return None if span is None else shown_span(span.file, span.line, span.column)


def shown_span(file: str, line: int | None, column: int | None) -> str:
    """Return `file:line:column`, as far as it is known."""
    return ":".join(str(part) for part in (file, line, column) if part is not None)


class Progress:
    """A line at the bottom of a terminal with what is running. Loads the terminal library."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._running: dict[str, str] = {}
        self._live: object | None = None
        self.is_live = False

    def start(self, total: int) -> None:
        """Show the line."""
        # The terminal library is loaded only where there is a terminal.
        from rich.console import Console as Terminal
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as Bar

        self._bar = Bar(
            TextColumn("[bold]{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("[dim]{task.fields[running]}"),
            console=Terminal(file=self._stream, highlight=False, soft_wrap=True),
            transient=True,
        )
        self._task = self._bar.add_task("running", total=total, running="")
        self._bar.start()
        self.is_live = True

    def began(self, unique_id: str, name: str) -> None:
        """Name a step that runs."""
        self._running[unique_id] = name
        self._update()

    def ended(self, unique_id: str) -> None:
        """Count a step as done."""
        self._running.pop(unique_id, None)
        if self.is_live:
            self._bar.advance(self._task)
        self._update()

    def _update(self) -> None:
        if self.is_live:
            names = list(self._running.values())
            shown = ", ".join(names[:3]) + (
                f" and {len(names) - 3} more" if len(names) > 3 else ""
            )
            self._bar.update(self._task, running=shown)

    def print(self, text: str) -> None:
        """Write a line above."""
        from rich.text import Text

        self._bar.console.print(Text.from_ansi(text))

    def stop(self) -> None:
        """Take the line away."""
        if self.is_live:
            self._bar.stop()
            self.is_live = False
