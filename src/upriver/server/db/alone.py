"""Being the one process of a database that does something, for as long as it lives.

On PostgreSQL that is a lock of a session, on SQLite one of a file beside the database: both end with
the process, however it ends.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from upriver.server.db.session import Database


class Alone:
    """A claim to be the only one; asked for again whenever it matters."""

    def __init__(self, database: Database, name: str, number: int) -> None:
        """Claim nothing yet; `name` and `number` say what is done alone."""
        self._database = database
        self._number = number
        self._file: int | None = None
        self._connection: Connection | None = None
        place = database.engine.url.database
        is_file = database.engine.dialect.name == "sqlite" and place
        self._path = f"{place}.{name}" if is_file else None

    def is_mine(self) -> bool:
        """Whether this process is the one, now; raises SQLAlchemyError when the database is away."""
        if self._database.engine.dialect.name != "postgresql":
            return self._path is None or self._has_file(self._path)
        return self._has_session()

    def end(self) -> None:
        """Leave it to others."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
        self._drop()

    def _has_file(self, path: str) -> bool:
        if self._file is not None:
            return True
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(file)
            return False
        self._file = file
        return True

    def _has_session(self) -> bool:
        if self._connection is not None:
            try:
                self._connection.execute(text("SELECT 1"))
            except SQLAlchemyError:
                # The session is gone, and the lock with it: it is asked for like the first time.
                self._drop()
            else:
                return True
        connection = self._database.engine.connect()
        self._connection = connection.execution_options(isolation_level="AUTOCOMMIT")
        asked = text("SELECT pg_try_advisory_lock(:number)")
        if self._connection.scalar(asked, {"number": self._number}):
            return True
        self._drop()
        return False

    def _drop(self) -> None:
        """Close the session rather than lend it to others: the lock is the session's."""
        if self._connection is not None:
            with suppress(SQLAlchemyError):
                self._connection.invalidate()
            self._connection.close()
            self._connection = None
