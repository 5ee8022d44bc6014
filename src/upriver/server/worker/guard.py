"""The process between a worker and an invocation: it ends the invocation when the worker is gone.

A worker that is killed cannot stop what it started, and a model must not go on being built while
another worker takes the run. This file is run by itself, before anything of upriver is imported:
`python guard.py command ...`. Its standard input is a pipe whose other end only the worker holds.
"""

import os
import signal
import subprocess
import sys
import threading

_SIGNALLED = 128


def _watch() -> None:
    while os.read(0, 64):
        pass
    os.killpg(0, signal.SIGKILL)


def main(command: list[str]) -> int:
    """Run a command in this process's group and return its exit code."""
    # The whole group is asked to stop; this process waits until the other one has.
    # A handler, and not "ignore": the new program begins with signals as they are by default.
    signal.signal(signal.SIGINT, lambda *_: None)
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603 - from the worker
    threading.Thread(target=_watch, daemon=True).start()
    code = child.wait()
    return code if code >= 0 else _SIGNALLED - code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
