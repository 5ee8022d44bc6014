"""Recognising that there is no room left, whoever says it: the system, SQLite, or PostgreSQL (R-12).

A full disk is nobody's mistake and passes: what could not be written is answered with 507, nothing
of it stays, and the same can be sent again.
"""

from __future__ import annotations

import errno
import sqlite3
from typing import Final

NO_ROOM: Final = 507
NO_ROOM_EXIT: Final = 75
"""How the process that unpacks says it."""
_ERRNOS: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_SQLITE: Final = frozenset(
    {
        sqlite3.SQLITE_FULL,
        # A quota, or a limit of the size of a file, looks like this to SQLite.
        sqlite3.SQLITE_IOERR_WRITE,
        sqlite3.SQLITE_IOERR_TRUNCATE,
        sqlite3.SQLITE_IOERR_FSYNC,
        sqlite3.SQLITE_IOERR_SHMSIZE,
    }
)
_POSTGRES: Final = "53100"


def is_no_room(error: BaseException) -> bool:
    """Whether an error of the system or of a database says that a disk is full."""
    if isinstance(error, OSError):
        return error.errno in _ERRNOS
    # What SQLAlchemy raises names its origin; it is not loaded here, since unpacking needs it not.
    origin = getattr(error, "orig", None)
    code = getattr(origin, "sqlite_errorcode", None)
    return code in _SQLITE or getattr(origin, "sqlstate", None) == _POSTGRES


def no_room() -> OSError:
    """Return the error for a full disk that another process met."""
    return OSError(errno.ENOSPC, "No room is left")


def told(error: OSError) -> str:
    """Say what the system said, without the names of files."""
    if is_no_room(error):
        return "There is no room left on the worker's disk"
    return f"The worker could not go on: {error.strerror or type(error).__name__}"
