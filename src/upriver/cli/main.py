"""The `upriver` command."""

from __future__ import annotations

import gc
import os
import signal
import sys
from types import FrameType

from upriver import __version__
from upriver.cli.invoke import invoke
from upriver.run.stop import Stop


def main() -> None:
    """Run the command line and leave with its exit code."""
    # One short-lived process makes many lasting values and no cycles worth collecting: the
    # collector's passes over them would cost a tenth of a cold parse.
    gc.disable()
    args = sys.argv[1:]
    if args in (["--version"], ["-v"]):
        sys.stdout.write(f"upriver {__version__} (matches dbt 1.11)\n")
        leave(0)
    stop = Stop()

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        if stop.is_requested:
            leave(130)
        stop.request()

    signal.signal(signal.SIGINT, interrupt)
    signal.signal(signal.SIGTERM, interrupt)
    try:
        result = invoke(args, stop=stop)
    except BrokenPipeError:
        # Whoever read our output has left, as `upriver ls | head` does.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        leave(0)
    leave(result.exit_code)


def leave(code: int) -> None:
    """End the process at once: taking down large values one by one would only cost time."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
