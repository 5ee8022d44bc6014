"""The log file: everything at debug level, rotated (CLI-103); and text without secrets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TextIO

_KEPT = 5
DEFAULT_MAX_BYTES = 10 * 1024 * 1024
NAME = "dbt.log"
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


def redactor(env: Mapping[str, str]) -> Redact:
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
    """Open the log for appending, rotating it first when it is large; None if impossible."""
    path = Path(directory) / NAME
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
