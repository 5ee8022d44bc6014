"""Where an invocation's events go: console or JSON lines, and the log file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TextIO, cast

from upriver.cli.console import Console, ConsoleStyle, Progress
from upriver.cli.log_file import DEFAULT_MAX_BYTES, RedactingFile, open_log, redactor
from upriver.project.events import Opened
from upriver.project.outcome import Outcome
from upriver.project.requests import GlobalOptions
from upriver.project.resolve import truth
from upriver.workspace.inputs import option_from_env

if TYPE_CHECKING:
    from upriver.cli.json_log import JsonLog

_DATA_COMMANDS = frozenset({"ls", "compile", "show", "plan"})
"""Commands whose standard output is data: messages go to standard error, unless a person sees
both, or the format is JSON, where tools expect one stream (CLI-106)."""


class Output:
    """Builds the sinks once the options are known, and the log file once the workspace is."""

    def __init__(
        self,
        command: str,
        options: GlobalOptions,
        *,
        env: Mapping[str, str],
        cwd: str,
        streams: tuple[TextIO, TextIO],
    ) -> None:
        self._options = options
        self._env = env
        self._command = command
        self._cwd = cwd
        self._redact = redactor(dict(env))
        out, err = (cast("TextIO", RedactingFile(s, self._redact)) for s in streams)
        self._is_json = self._text("log_format", "LOG_FORMAT", "default") == "json"
        self._level = (
            "debug"
            if self._flag("debug", "DEBUG")
            else self._text("log_level", "LOG_LEVEL", "info")
        )
        self._width = self._number("printer_width", "PRINTER_WIDTH", 80)
        self._sink: Console | JsonLog
        self.has_colours = self._colours(streams[0])
        if self._is_json:
            # Loaded only when asked for.
            from upriver.cli.json_log import JsonLog

            self._sink = JsonLog(out, level=self._level, width=self._width)
        else:
            is_split = command in _DATA_COMMANDS and not streams[0].isatty()
            self._sink = self._console(err if is_split else out, out, streams[0])
        self._file: JsonLog | Console | None = None

    def _console(self, messages: TextIO, data: TextIO, raw: TextIO) -> Console:
        is_quiet = self._flag("quiet", "QUIET")
        style = ConsoleStyle(
            level=self._level,
            width=self._width,
            has_colours=self.has_colours,
            is_quiet=is_quiet,
            shows_prints=self._options.print is not False,
        )
        shows_progress = raw.isatty() and not is_quiet and self._command not in _DATA_COMMANDS
        return Console(
            messages,
            style,
            data_stream=data,
            progress=Progress(raw) if shows_progress else None,
            shows_steps=self._command not in _DATA_COMMANDS,
        )

    @property
    def on_query(self) -> Callable[[str, str, float | None], None] | None:
        """Where statements are reported; None unless debug messages are shown."""
        return self._on_query if self._level == "debug" else None

    def _on_query(self, sql: str, name: str, seconds: float | None) -> None:
        from upriver.run.events import QueryRan

        self(QueryRan(sql=sql, connection=name, seconds=seconds))

    def __call__(self, event: Any) -> None:
        """Pass an event to every sink."""
        if isinstance(event, Opened):
            self._open_file(event.log_path)
        self._sink(event)
        if self._file is not None:
            self._file(event)

    def finish(self, outcome: Outcome) -> None:
        """Write what was asked for."""
        lines = outcome.lines
        if not lines and self._command == "plan" and outcome.plan and outcome.graph:
            from upriver.cli.plan_table import plan_lines

            lines = plan_lines(outcome.plan, outcome.graph, has_colours=self.has_colours)
        self._sink.data(lines)

    def _open_file(self, directory: str) -> None:
        if self._text("log_level_file", "LOG_LEVEL_FILE", "debug") == "none":
            return
        limit = self._number("log_file_max_bytes", "LOG_FILE_MAX_BYTES", DEFAULT_MAX_BYTES)
        stream = open_log(directory, limit)
        if stream is None:
            return
        file = cast("TextIO", RedactingFile(stream, self._redact))
        if self._text("log_format_file", "LOG_FORMAT_FILE", "debug") == "json":
            from upriver.cli.json_log import JsonLog

            self._file = JsonLog(file, level="debug", width=self._width)
            return
        style = ConsoleStyle(
            level="debug", width=self._width, has_colours=False, is_quiet=False, shows_prints=True
        )
        self._file = Console(file, style)

    def _colours(self, stream: TextIO) -> bool:
        given = self._options.use_colors
        if given is None:
            given = truth(option_from_env(self._env, "USE_COLORS") or "yes")
        return bool(given) and stream.isatty() and not self._env.get("NO_COLOR")

    def _flag(self, field: str, variable: str) -> bool:
        given = getattr(self._options, field)
        if given is None:
            given = truth(option_from_env(self._env, variable) or "")
        return bool(given)

    def _text(self, field: str, variable: str, default: str) -> str:
        return getattr(self._options, field) or option_from_env(self._env, variable) or default

    def _number(self, field: str, variable: str, default: int) -> int:
        given = getattr(self._options, field)
        text = option_from_env(self._env, variable)
        if given is not None:
            return int(given)
        return int(text) if text and text.isdigit() else default
