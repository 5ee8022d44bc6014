"""One process per invocation: what it prints, what it may use, how it is stopped (RUN-06, RUN-18)."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from upriver.server.worker.invocation import Ended, Limits, run_invocation

ENDLESS = "import time\nwhile True: time.sleep(0.05)"


def play(
    code: str,
    folder: Path,
    limits: Limits | None = None,
    is_stopped: Callable[[], bool] = lambda: False,
) -> tuple[Ended, list[str]]:
    lines: list[str] = []
    ended = run_invocation(
        [sys.executable, "-u", "-c", code], folder=str(folder), env={"ONLY": "this"},
        limits=limits or Limits(), on_line=lines.append, is_stopped=is_stopped,
    )  # fmt: skip
    return ended, lines


def test_lines_and_exit_code(tmp_path: Path) -> None:
    ended, lines = play(
        "import os,sys; print('one'); print(sorted(os.environ)); sys.stderr.write('\\xff last');"
        "sys.exit(3)",
        tmp_path,
    )
    assert ended == Ended(how="ended", exit_code=3)
    assert lines[0] == "one"
    assert "ONLY" in lines[1]
    assert "PATH" not in lines[1]
    assert lines[2].endswith("last")


def test_asked_to_stop(tmp_path: Path) -> None:
    code = (
        "import time\ntry:\n  print('up', flush=True)\n  time.sleep(60)\n"
        "except KeyboardInterrupt:\n  print('tidied')"
    )
    lines: list[str] = []
    ended = run_invocation(
        [sys.executable, "-c", code], folder=str(tmp_path), env={}, limits=Limits(),
        on_line=lines.append, is_stopped=lambda: bool(lines),
    )  # fmt: skip
    assert ended.how == "cancelled"
    assert lines == ["up", "tidied"]


def test_what_it_started_ends_with_it(tmp_path: Path) -> None:
    child = tmp_path / "child"
    code = (
        "import subprocess,sys\n"
        f"p = subprocess.Popen([sys.executable, '-c', {ENDLESS!r}])\n"
        f"open({str(child)!r}, 'w').write(str(p.pid))\n"
    )
    begun = time.monotonic()
    ended, _ = play(code, tmp_path)
    assert ended == Ended(how="ended", exit_code=0)
    assert time.monotonic() - begun < 30, "the grandchild held the pipe"
    number = int(child.read_text())
    until = time.monotonic() + 10
    while time.monotonic() < until and psutil.pid_exists(number):
        if psutil.Process(number).status() == psutil.STATUS_ZOMBIE:
            break
        time.sleep(0.05)
    else:
        assert not psutil.pid_exists(number)


@pytest.mark.parametrize(
    ("code", "limits", "how"),
    [
        (ENDLESS, Limits(seconds=0.3), "timed-out"),
        (
            f"x = bytearray(200_000_000)\n{ENDLESS}",
            Limits(memory_bytes=100_000_000),
            "out-of-memory",
        ),
    ],
)
def test_limits(tmp_path: Path, code: str, limits: Limits, how: str) -> None:
    ended, _ = play(code, tmp_path, limits)
    assert ended.how == how
    assert ended.exit_code != 0


def test_it_ends_with_the_worker(tmp_path: Path) -> None:
    """A worker that is killed leaves no invocation that goes on building."""
    number = tmp_path / "number"
    inner = f"import os\nopen({str(number)!r}, 'w').write(str(os.getpid()))\n{ENDLESS}"
    outer = (
        "from upriver.server.worker.invocation import Limits, run_invocation\n"
        f"run_invocation([{sys.executable!r}, '-c', {inner!r}], folder={str(tmp_path)!r}, env={{}},"
        " limits=Limits(), on_line=print, is_stopped=lambda: False)"
    )
    worker = subprocess.Popen([sys.executable, "-c", outer])
    try:
        _until(lambda: number.exists() and number.read_text() != "")
        invocation = psutil.Process(int(number.read_text()))
    finally:
        worker.kill()
        worker.wait()
    _until(lambda: not invocation.is_running() or invocation.status() == psutil.STATUS_ZOMBIE)


def _until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.02)
