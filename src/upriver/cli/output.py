"""Where an invocation's events go: console or JSON lines, and the log file."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TextIO, cast

from upriver.cli.console import Console
from upriver.cli.log_file import DEFAULT_MAX_BYTES, LogFile, RedactingFile, open_log, redactor
from upriver.cli.progress import Progress
from upriver.cli.style import Style
from upriver.project.events import Opened
from upriver.project.option_groups import GlobalOptions
from upriver.project.outcome import Outcome
from upriver.project.resolve import inputs_of, is_on, truth
from upriver.run.events import QueryRan
from upriver.workspace.flags import ProjectFlags, resolve_flags
from upriver.workspace.inputs import option_from_env

if TYPE_CHECKING:
    from upriver.cli.json_log import JsonLog

_DATA_COMMANDS = frozenset({"ls", "compile", "show", "plan", "diff", "lineage", "stats"})
"""Commands whose standard output is data: messages go to standard error, unless a person sees
both, or the format is JSON, where tools expect one stream (CLI-106)."""
_QUIET_STEPS = _DATA_COMMANDS | {"docs generate"}
"""Commands that do not tell of each step."""
_PATIENCE = 0.2
"""Seconds; whoever asked a second time to end does not want to wait."""
_FINAL_EVENTS = {"compile": ("CompiledNode", "Q042"), "show": ("ShowNode", "Q041")}


class Output:
    """The sinks of one invocation.

    They are made from options and environment, and made again when the project is open: its
    `flags:` may say how messages are shown, too.
    """

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
        self._redact = redactor(env, (str(options.state), str(options.defer_state)))
        self._raw = streams[0]
        self._out, self._err = (
            cast("TextIO", RedactingFile(stream, self._redact)) for stream in streams
        )
        self._is_quiet = is_on(options.quiet, env, "QUIET")
        given = inputs_of(options, env=env, cwd=cwd).flags
        # What cannot be read is reported when the workspace is opened.
        self._flags, _ = resolve_flags(given, env, {}, "")
        self.log_path: str | None = None
        self._file: JsonLog | Console | None = None
        self._stream: LogFile | None = None
        # Statements are reported from the threads that send them.
        self._lock = threading.Lock()
        self._sink: Console | JsonLog = self._make_sink()

    @property
    def has_colours(self) -> bool:
        """Whether output on the standard output may be coloured."""
        given = self._options.use_colors
        if given is None:
            given = truth(option_from_env(self._env, "USE_COLORS") or "maybe")
        if given is not None:
            return given
        is_plain = bool(self._env.get("NO_COLOR")) or not self._flags.use_colors
        return self._raw.isatty() and not is_plain

    def _make_sink(self) -> Console | JsonLog:
        level = "debug" if self._flags.debug else self._flags.log_level
        if self._is_quiet:
            level = "error"
        if self._flags.log_format == "json":
            return self._json(self._out, level)
        style = Style(
            level=level,
            width=self._flags.printer_width,
            has_colours=self.has_colours,
            is_detailed=self._flags.log_format == "debug",
            shows_prints=self._shows_prints(),
        )
        is_data = self._command in _DATA_COMMANDS
        shows_steps = self._command not in _QUIET_STEPS
        shows_progress = self._raw.isatty() and shows_steps and style.shows("info")
        return Console(
            self._err if is_data and not self._raw.isatty() else self._out,
            style,
            data_stream=self._out,
            progress=Progress(self._out, has_colours=style.has_colours)
            if shows_progress
            else None,
            shows_steps=shows_steps,
        )

    def _json(self, stream: TextIO, level: str) -> JsonLog:
        # Loaded only when asked for.
        from upriver.cli.json_log import JsonLog

        return JsonLog(
            stream,
            level=level,
            width=self._flags.printer_width,
            shows_prints=self._shows_prints(),
            shows_steps=self._command not in _QUIET_STEPS,
        )

    def _shows_prints(self) -> bool:
        given = self._options.print
        if given is None and truth(self._env.get("DBT_NO_PRINT") or "no"):
            return False
        return given is not False and truth(option_from_env(self._env, "PRINT") or "yes") is True

    def on_query(self, sql: str, name: str, seconds: float | None, status: str) -> None:
        """Receive a statement that was sent; called from any thread."""
        self(QueryRan(sql=sql, connection=name, seconds=seconds, status=status))

    def __call__(self, event: Any) -> None:
        """Pass an event to every sink."""
        with self._lock:
            if isinstance(event, Opened):
                self._opened(event)
            self._sink(event)
            if self._file is not None:
                self._file(event)

    def _opened(self, event: Opened) -> None:
        self.log_path = event.log_path
        if event.flags != self._flags:
            self._flags = event.flags
            self._sink = self._make_sink()
        if self._file is None:
            self._file = self._open_file(event.log_path, event.flags)

    def _open_file(self, directory: str, flags: ProjectFlags) -> Console | JsonLog | None:
        if flags.log_level_file == "none":
            return None
        self._stream = open_log(directory, self._max_bytes())
        if self._stream is None:
            return None
        file = cast("TextIO", RedactingFile(cast("TextIO", self._stream), self._redact))
        # As dbt does, the file follows the console into JSON unless it has a format of its own.
        is_json = "json" in {flags.log_format_file, flags.log_format}
        if is_json and not self._has_own_format():
            return self._json(file, flags.log_level_file)
        style = Style(
            level=flags.log_level_file,
            width=flags.printer_width,
            is_detailed=flags.log_format_file != "text",
        )
        return Console(file, style)

    def _has_own_format(self) -> bool:
        given = self._options.log_format_file or option_from_env(self._env, "LOG_FORMAT_FILE")
        return given not in (None, "json")

    def _max_bytes(self) -> int:
        given = self._options.log_file_max_bytes
        text = option_from_env(self._env, "LOG_FILE_MAX_BYTES") or ""
        if given is None and text.isdigit():
            return int(text)
        return DEFAULT_MAX_BYTES if given is None else given

    def finish(self, outcome: Outcome) -> None:
        """Write what was asked for."""
        lines = outcome.lines
        if not lines and self._command == "plan" and outcome.plan and outcome.graph:
            from upriver.cli.plan_table import plan_lines

            lines = plan_lines(outcome.plan, outcome.graph, has_colours=self.has_colours)
        if isinstance(self._sink, Console):
            self._sink.data(lines)
            return
        named = _FINAL_EVENTS.get(self._command)
        if named is None:
            self._sink.data(lines)
        else:
            for text, item in zip(lines, outcome.data or (), strict=False):
                self._sink.shown(*named, text, item)
        self._sink.completed(is_success=outcome.is_success)

    def last_words(self) -> None:
        """Complete the log of a process that is about to end at once."""
        if self._stream is not None:
            self._stream.sync(_PATIENCE)

    def close(self) -> None:
        """Leave the terminal as it was, and the log complete."""
        self._sink.close()
        if self._stream is not None:
            self._stream.close()
            self._stream = self._file = None
