"""The `upriver` command."""

from __future__ import annotations

import gc
import os
import signal
import sys
from types import FrameType

from upriver.cli.invoke import invoke
from upriver.run.stop import Stop

INTERRUPTED = 130
BROKEN_PIPE = 141
"""What shells show of a program that a signal ended: 128 and the signal's number."""


def main() -> None:
    """Run the command line and leave with its exit code."""
    # One short-lived process makes many lasting values and no cycles worth collecting: the
    # collector's passes over them would cost a tenth of a cold parse.
    gc.disable()
    stop = Stop()

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        if stop.is_requested:
            leave(INTERRUPTED)
        stop.request()

    signal.signal(signal.SIGINT, interrupt)
    signal.signal(signal.SIGTERM, interrupt)
    try:
        result = invoke(sys.argv[1:], stop=stop)
    except BrokenPipeError:
        # Whoever read our output has left, as `upriver ls | head` does.
        leave(BROKEN_PIPE)
    leave(result.exit_code)


def leave(code: int) -> None:
    """End the process at once: taking down large values one by one would only cost time."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        code = BROKEN_PIPE
    os._exit(code)


if __name__ == "__main__":
    main()
