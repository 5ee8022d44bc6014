"""The log file: everything at debug level, rotated (CLI-103)."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

_KEPT = 5
DEFAULT_MAX_BYTES = 10 * 1024 * 1024


class RedactingFile:
    """A text stream whose lines never hold the secrets it was told of."""

    def __init__(self, stream: TextIO, redact: Callable[[str], str]) -> None:
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


def redactor(env: dict[str, str]) -> Callable[[str], str]:
    """Return a function that blanks the values of `DBT_ENV_SECRET*` (PROJ-257)."""
    secrets = sorted(
        {v for k, v in env.items() if k.startswith("DBT_ENV_SECRET") and v.strip()},
        key=len,
        reverse=True,
    )

    def redact(text: str) -> str:
        for secret in secrets:
            if secret in text:
                text = text.replace(secret, "*****")
        return text

    return redact


def open_log(directory: str, max_bytes: int) -> TextIO | None:
    """Open `dbt.log` for appending, rotating it first when it is large; None if impossible."""
    path = Path(directory) / "dbt.log"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if max_bytes and path.exists() and path.stat().st_size > max_bytes:
            _rotate(path)
        return path.open("a", encoding="utf-8", errors="backslashreplace")
    except OSError:
        return None


def _rotate(path: Path) -> None:
    for number in range(_KEPT - 1, 0, -1):
        older = path.with_name(f"{path.name}.{number}")
        if older.exists():
            older.replace(path.with_name(f"{path.name}.{number + 1}"))
    path.replace(path.with_name(f"{path.name}.1"))


def prefix(level: str) -> str:
    """Return the prefix of a debug line: time, level, thread."""
    now = datetime.datetime.now(tz=datetime.UTC).strftime("%H:%M:%S.%f")
    return f"{now} [{level:<5.5}] [{threading.current_thread().name:<10.10}]: "
