"""What fetching starts from, and how it fails."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from upriver.problems import Interrupted, Problem, Span, UpriverError
from upriver.workspace.package_files.addresses import shown

MEBIBYTE = 1024 * 1024


class SourceError(UpriverError):
    """A package cannot be had; becomes a problem where it is known who asked for it."""

    def __init__(
        self, *, code: str, message: str, hint: str | None = None, is_unreachable: bool = False
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.is_unreachable = is_unreachable
        """Nothing answered; an answer from the cache may do."""


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """How long to wait and how much to take."""

    attempts: int = 3
    pause: float = 0.5
    """Seconds before the second attempt; doubled before each further one."""
    timeout: float = 20.0
    """Seconds without a byte."""
    deadline: float = 300.0
    """Seconds for one download."""
    largest_download: int = 256 * MEBIBYTE
    largest_unpacked: int = 1024 * MEBIBYTE
    most_files: int = 100_000


def _never() -> bool:
    return False


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """Where packages are fetched to, and for whom."""

    root: str
    """The project's directory."""
    env: Mapping[str, str]
    cache: str
    """Directory that keeps what was fetched."""
    hub_url: str = "https://hub.getdbt.com/"
    dbt_version: str
    checks_version: bool = True
    """Whether versions of packages that do not support this dbt version are left out."""
    is_stopped: Callable[[], bool] = _never
    patience: Patience = Patience()

    def __repr__(self) -> str:
        # The environment may hold secrets.
        return f"Setting(root={self.root!r})"

    def check_stop(self) -> None:
        """Raise Interrupted if the user asked to stop."""
        if self.is_stopped():
            raise Interrupted


def cache_directory(env: Mapping[str, str], home: str | None) -> str:
    """Return where fetched packages are kept: `DBT_DOWNLOADS_DIR`, else the user's cache."""
    given = env.get("DBT_ENGINE_DOWNLOADS_DIR") or env.get("DBT_DOWNLOADS_DIR")
    if given:
        return str(Path(given).expanduser().absolute())
    base = env.get("XDG_CACHE_HOME") or (Path(home) / ".cache" if home else None)
    return str(Path(base or tempfile.gettempdir()) / "upriver" / "packages")


def problem_of(error: SourceError, env: Mapping[str, str], span: Span | None) -> Problem:
    """Return the problem a failure is, without secrets."""
    return Problem(
        code=error.code,
        message=shown(error.message, env),
        span=span,
        hint=None if error.hint is None else shown(error.hint, env),
    )
