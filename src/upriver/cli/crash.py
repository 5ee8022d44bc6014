"""What happens when upriver itself fails: a short message, and the details in a file."""

from __future__ import annotations

import tempfile
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

from upriver import __version__
from upriver.cli.log_file import Redact
from upriver.problems import Problem


def crash_problem(
    error: Exception, args: Sequence[str], directory: str | None, redact: Redact
) -> Problem:
    """Write the traceback to the log directory, or a temporary one, and return the message."""
    said = redact(str(error)).strip() or "no message"
    path = _write(redact(_details(error, args)), directory)
    return Problem(
        code="internal-error",
        message=f"upriver failed unexpectedly: {type(error).__name__}: {said}",
        hint=f"This is a defect of upriver; the details are in `{path}`",
    )


def _details(error: Exception, args: Sequence[str]) -> str:
    command = " ".join(("upriver", *args))
    return f"upriver {__version__}\n{command}\n\n{''.join(traceback.format_exception(error))}"


def _write(text: str, directory: str | None) -> str:
    name = f"crash-{time.strftime('%Y%m%d-%H%M%S')}.txt"
    for folder in (directory, tempfile.gettempdir()):
        if folder is None:
            continue
        path = Path(folder) / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8", errors="backslashreplace")
        except OSError:
            continue
        return str(path)
    return "nowhere: no directory could be written to"
