"""Bringing the database to the shape this version expects, at start or on request."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from upriver.server.db.session import Database

_LOCK = 0x7570_7276
"""Number of the advisory lock on PostgreSQL under which one of several servers migrates."""


def upgrade(database: Database, revision: str = "head") -> None:
    """Carry out what is missing up to `revision`, all of it or nothing."""
    with database.writing() as connection:
        _alone(connection)
        command.upgrade(_config(connection), revision)


def downgrade(database: Database, revision: str) -> None:
    """Take back what was done after `revision`."""
    with database.writing() as connection:
        _alone(connection)
        command.downgrade(_config(connection), revision)


def _alone(connection: Connection) -> None:
    """Wait for other servers that migrate; on SQLite the write lock is held already."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK})


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", "upriver.server.db:migrations")
    config.attributes["connection"] = connection
    return config
