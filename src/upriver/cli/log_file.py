"""The log file: everything at debug level, rotated (CLI-103); and text without secrets.

A run writes some ten lines per model, and a system call for each would take as long as rendering
them. So lines are gathered, and a thread puts them into the file a moment later: whoever looks at
the log of a run that was killed, or still waits for a statement, sees all but the last moment.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TextIO

from upriver.state.remote.address import secrets_in
from upriver.workspace.inputs import option_from_env

_KEPT = 5
_MOMENT = 0.25
"""Seconds that a line may wait."""
_BUFFER = 1 << 16
DEFAULT_MAX_BYTES = 10 * 1024 * 1024
NAME = "dbt.log"
_TOKENS = ("DBT_CLOUD_TOKEN", "UPRIVER_STATE_TOKEN")
_SHORTEST_TOKEN = 8
_ADDRESSES = ("STATE", "DEFER_STATE")
_SHORTEST_PASSWORD = 4
Redact = Callable[[str], str]


class RedactingFile:
    """A text stream whose lines never hold the secrets it was told of."""

    def __init__(self, stream: TextIO, redact: Redact) -> None:
        self._stream = stream
        self._redact = redact

    def write(self, text: str) -> int:
        """Write what is left when secrets are taken out."""
        return self._stream.write(self._redact(text))

    def flush(self) -> None:
        """Flush."""
        self._stream.flush()

    def isatty(self) -> bool:
        """Whether a person sees it."""
        return self._stream.isatty()


class LogFile:
    """A file whose lines are put into it a moment after they were written; safe in all threads.

    A disk that is full loses lines, and ends nothing.
    """

    def __init__(self, stream: TextIO, moment: float = _MOMENT) -> None:
        self._stream = stream
        self._moment = moment
        self._lock = threading.Lock()
        self._is_due = threading.Event()
        self._is_closed = threading.Event()
        self._thread: threading.Thread | None = None

    def write(self, text: str) -> int:
        """Write text, which is in the file a moment later."""
        with self._lock, contextlib.suppress(OSError):
            self._stream.write(text)
        if not self._is_due.is_set():
            self._is_due.set()
            if self._thread is None:
                self._thread = threading.Thread(target=self._keep, name="log", daemon=True)
                self._thread.start()
        return len(text)

    def flush(self) -> None:
        """Do nothing: the moment is short enough for everybody who writes."""

    def sync(self, patience: float = -1) -> None:
        """Put everything into the file now, unless another thread holds it for too long."""
        if self._lock.acquire(timeout=patience):
            try:
                with contextlib.suppress(OSError):
                    self._stream.flush()
            finally:
                self._lock.release()

    def isatty(self) -> bool:
        """Say no."""
        return False

    def close(self) -> None:
        """Put everything into the file, and close it."""
        self._is_closed.set()
        self._is_due.set()
        if self._thread is not None:
            self._thread.join()
        with contextlib.suppress(OSError):
            self._stream.close()

    def _keep(self) -> None:
        while not self._is_closed.is_set():
            self._is_due.wait()
            self._is_closed.wait(self._moment)
            # Cleared first: what is written from now on is due again.
            self._is_due.clear()
            self.sync()


def redactor(env: Mapping[str, str], given: Iterable[str] = ()) -> Redact:
    """Return a function that blanks the values of `DBT_ENV_SECRET*` (PROJ-257), tokens, and what
    addresses of states hold, in variables or as `given` in options.
    """
    addresses = (*given, *(option_from_env(env, name) or "" for name in _ADDRESSES))
    secrets = sorted(
        {v for k, v in env.items() if k.startswith("DBT_ENV_SECRET") and v.strip()}
        | {v for k in _TOKENS if len(v := env.get(k, "")) >= _SHORTEST_TOKEN}
        | {v for text in addresses for v in secrets_in(text) if len(v) >= _SHORTEST_PASSWORD},
        key=len,
        reverse=True,
    )

    if not secrets:
        return _unchanged

    def redact(text: str) -> str:
        for secret in secrets:
            if secret in text:
                text = text.replace(secret, "*****")
        return text

    return redact


def _unchanged(text: str) -> str:
    return text


def open_log(directory: str, max_bytes: int) -> LogFile | None:
    """Open the log for appending, rotating it first when it is large; None if impossible."""
    path = Path(directory) / NAME
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if max_bytes and path.exists() and path.stat().st_size > max_bytes:
            _rotate(path)
        stream = path.open("a", _BUFFER, encoding="utf-8", errors="backslashreplace")
    except OSError:
        return None
    return LogFile(stream)


def _rotate(path: Path) -> None:
    for number in range(_KEPT - 1, 0, -1):
        older = path.with_name(f"{path.name}.{number}")
        if older.exists():
            older.replace(path.with_name(f"{path.name}.{number + 1}"))
    path.replace(path.with_name(f"{path.name}.1"))
