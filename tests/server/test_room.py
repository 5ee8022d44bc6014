"""What says that there is no room left, and what does not."""

from __future__ import annotations

import errno
import sqlite3

import pytest
from sqlalchemy.exc import IntegrityError, OperationalError

from upriver.server.room import is_no_room, no_room, told


def _sqlite(code: int) -> OperationalError:
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorcode = code
    return OperationalError("insert", {}, error)


class _OfPostgres(Exception):  # noqa: N818 - what the driver raises has such a word
    sqlstate = "53100"


CASES = {
    "the system": (no_room(), True),
    "a quota": (OSError(errno.EDQUOT, "quota"), True),
    "a limit of files": (OSError(errno.EFBIG, "too large"), True),
    "sqlite": (_sqlite(sqlite3.SQLITE_FULL), True),
    "sqlite below a limit": (_sqlite(sqlite3.SQLITE_IOERR_WRITE), True),
    "postgres": (OperationalError("insert", {}, _OfPostgres()), True),
    "a missing file": (FileNotFoundError(errno.ENOENT, "missing"), False),
    "a locked database": (_sqlite(sqlite3.SQLITE_BUSY), False),
    "a broken rule": (IntegrityError("insert", {}, sqlite3.IntegrityError("unique")), False),
    "a mistake": (ValueError("x"), False),
}


@pytest.mark.parametrize(("error", "is_one"), CASES.values(), ids=[*CASES])
def test_what_is_a_full_disk(error: Exception, *, is_one: bool) -> None:
    assert is_no_room(error) is is_one


def test_what_a_run_says_of_it_names_no_file() -> None:
    assert told(OSError(errno.ENOSPC, "full", "/secret/place")) == (
        "There is no room left on the worker's disk"
    )
    assert "/secret" not in told(OSError(errno.EACCES, "Permission denied", "/secret/place"))
