"""The `upriver` command."""

from __future__ import annotations

import gc
import os
import signal
import sys
from types import FrameType

from upriver.cli.invoke import invoke
from upriver.problems import Interrupted
from upriver.project.outcome import Question
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
            if stop.last_words is not None:
                stop.last_words()
            leave(INTERRUPTED)
        stop.request()

    signal.signal(signal.SIGINT, interrupt)
    signal.signal(signal.SIGTERM, interrupt)
    try:
        result = invoke(sys.argv[1:], stop=stop, ask=_ask if _is_asked() else None)
    except BrokenPipeError:
        # Whoever read our output has left, as `upriver ls | head` does.
        leave(BROKEN_PIPE)
    leave(result.exit_code)


def _is_asked() -> bool:
    """Whether the command is one that asks, and somebody sits there to answer."""
    is_asking = bool({"init", "clean", "login"} & set(sys.argv[1:]))
    return is_asking and sys.stdin.isatty() and sys.stdout.isatty()


def _ask(question: Question) -> str:
    """Ask at the terminal; the end of the input and Ctrl-C stop the command."""
    default = "" if question.default is None else f" [{question.default}]"
    # A request to stop, noted for later, would leave the question open.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        if question.is_hidden:
            # Hardly anything is asked for in secret.
            from getpass import getpass

            return getpass(f"{question.text}: ").strip()
        return input(f"{question.text}{default}: ").strip()
    except (EOFError, KeyboardInterrupt) as error:
        raise Interrupted from error
    finally:
        signal.signal(signal.SIGINT, before)


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
