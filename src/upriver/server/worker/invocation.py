"""One invocation as an operating-system process of its own, with limits and a way to stop it.

The process is in a group of its own, so that what it starts ends with it, and a guard leads the
group, so that all of it ends with the worker. It gets the environment
that it is given and nothing of the worker's (S-13). What it prints is handed on line by line.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal

import msgspec
import psutil

from upriver.server.worker import guard

End = Literal["ended", "cancelled", "timed-out", "out-of-memory"]

_GRACE_SECONDS: Final = 20.0
"""How long an invocation may take to stop by itself: it cancels its queries meanwhile."""
_LOOK_SECONDS: Final = 0.5
_CLOSED_SECONDS: Final = 0.02
"""Between two looks at a process that has closed its output."""
_CHUNK: Final = 65_536
_LONGEST_LINE: Final = 1_000_000


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What an invocation may use; zero is without limit."""

    seconds: float = 0
    memory_bytes: int = 0
    """Memory in use by the process and everything it started."""


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """How an invocation ended."""

    how: End
    exit_code: int
    """128 and the number of the signal, for an invocation that a signal ended."""


def run_invocation(
    argv: Sequence[str],
    *,
    folder: str,
    env: Mapping[str, str],
    limits: Limits,
    on_line: Callable[[str], None],
    is_stopped: Callable[[], bool],
) -> Ended:
    """Run to the end. `is_stopped` is asked about twice a second, in this thread."""
    process = subprocess.Popen(  # noqa: S603 - an argument vector that the caller has checked
        [sys.executable, "-I", "-S", guard.__file__, *argv],
        cwd=folder, env=dict(env), stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    try:
        how = _follow(process, limits, _Lines(on_line), is_stopped)
    finally:
        # Before it is reaped: its number, which is the group's, is not given away until then.
        _signal_group(process, signal.SIGKILL)
        code = process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
    return Ended(how=how, exit_code=code)


class _Lines:
    """Cuts bytes into lines; what is not text is replaced."""

    def __init__(self, on_line: Callable[[str], None]) -> None:
        self._on_line = on_line
        self._rest = b""

    def take(self, data: bytes) -> None:
        *whole, self._rest = (self._rest + data).split(b"\n")
        for line in whole:
            self._hand_on(line)
        if len(self._rest) > _LONGEST_LINE:
            self.end()

    def end(self) -> None:
        if self._rest:
            rest, self._rest = self._rest, b""
            self._hand_on(rest)

    def _hand_on(self, line: bytes) -> None:
        self._on_line(line.decode("utf-8", "replace").rstrip("\r"))


def _follow(
    process: subprocess.Popen[bytes], limits: Limits, lines: _Lines, is_stopped: Callable[[], bool]
) -> End:
    assert process.stdout is not None  # noqa: S101 - asked for above
    watch = _Watch(process, limits, is_stopped)
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while True:
            is_over = watch.is_over()
            # A grandchild may hold the pipe open: what is in it is read, and no more is waited for.
            if not selector.select(0 if is_over else _LOOK_SECONDS):
                if is_over:
                    break
            else:
                data = os.read(process.stdout.fileno(), _CHUNK)
                lines.take(data)
                if not data:
                    break
            watch.look()
    while not watch.is_over():
        watch.look()
        time.sleep(_CLOSED_SECONDS)
    lines.end()
    return watch.how


class _Watch:
    """Decides when an invocation has to stop, and makes it."""

    def __init__(
        self, process: subprocess.Popen[bytes], limits: Limits, is_stopped: Callable[[], bool]
    ) -> None:
        self.how: End = "ended"
        self._process = process
        self._limits = limits
        self._is_stopped = is_stopped
        self._seen = psutil.Process(process.pid)
        self._begun = time.monotonic()
        self._looked = 0.0
        self._kill_at = float("inf")

    def is_over(self) -> bool:
        """Say whether the process has ended, without reaping it."""
        try:
            return self._seen.status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True

    def look(self) -> None:
        now = time.monotonic()
        if now - self._looked < _LOOK_SECONDS:
            return
        self._looked = now
        if self.how == "ended":
            self.how = self._reason(now)
            if self.how == "out-of-memory":
                # Asking would take memory, and the machine has none to wait with.
                _signal_group(self._process, signal.SIGKILL)
            elif self.how != "ended":
                _signal_group(self._process, signal.SIGINT)
                self._kill_at = now + _GRACE_SECONDS
        elif now > self._kill_at:
            _signal_group(self._process, signal.SIGKILL)

    def _reason(self, now: float) -> End:
        if self._is_stopped():
            return "cancelled"
        if self._limits.seconds and now - self._begun > self._limits.seconds:
            return "timed-out"
        if self._limits.memory_bytes and self._memory() > self._limits.memory_bytes:
            return "out-of-memory"
        return "ended"

    def _memory(self) -> int:
        used = 0
        try:
            for one in (self._seen, *self._seen.children(recursive=True)):
                used += one.memory_info().rss
        except psutil.Error:
            return used
        return used


def _signal_group(process: subprocess.Popen[bytes], number: int) -> None:
    try:
        os.killpg(process.pid, number)
    except (ProcessLookupError, PermissionError):
        # The group is gone, which is what was wanted.
        return
