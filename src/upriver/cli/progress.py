"""The line at the bottom of a terminal that tells what is running."""

from __future__ import annotations

from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    # The terminal library is loaded only where there is a terminal.
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

_SHOWN = 3


class Progress:
    """Shown from `start` to `stop`; lines written in between appear above it."""

    def __init__(self, stream: TextIO, *, has_colours: bool) -> None:
        self._stream = stream
        self._has_colours = has_colours
        self._running: dict[str, str] = {}
        self._bar: Bar | None = None
        self._task: TaskID | None = None

    @property
    def is_live(self) -> bool:
        """Whether the line is on the screen."""
        return self._bar is not None

    def start(self, total: int) -> None:
        """Show the line."""
        # Loading the terminal library takes 100 ms, which only terminals pay.
        from rich.console import Console as Terminal
        from rich.progress import BarColumn, TextColumn
        from rich.progress import Progress as Bar
        from rich.table import Column

        dim, done = ("dim", "cyan") if self._has_colours else ("none", "none")
        self._bar = Bar(
            BarColumn(bar_width=24, style=dim, complete_style=done, finished_style=done),
            TextColumn("{task.completed:.0f}/{task.total:.0f}"),
            TextColumn(
                "{task.fields[running]}",
                style=dim,
                table_column=Column(no_wrap=True, overflow="ellipsis"),
            ),
            console=Terminal(
                file=self._stream,
                highlight=False,
                soft_wrap=True,
                no_color=not self._has_colours,
                force_terminal=True,
            ),
            transient=True,
            refresh_per_second=8,
        )
        self._task = self._bar.add_task("running", total=total, running="")
        self._bar.start()

    def began(self, unique_id: str, name: str) -> None:
        """Name a step that runs."""
        self._running[unique_id] = name
        self._update()

    def ended(self, unique_id: str) -> None:
        """Count a step as done."""
        self._running.pop(unique_id, None)
        if self._bar is not None and self._task is not None:
            self._bar.advance(self._task)
        self._update()

    def _update(self) -> None:
        if self._bar is None or self._task is None:
            return
        names = list(self._running.values())
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        self._bar.update(self._task, running=", ".join(names[:_SHOWN]) + more)

    def print(self, text: str) -> None:
        """Write a line above."""
        if self._bar is None:
            self._stream.write(f"{text}\n")
            return
        from rich.text import Text

        self._bar.console.print(Text.from_ansi(text))

    def stop(self) -> None:
        """Take the line away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
