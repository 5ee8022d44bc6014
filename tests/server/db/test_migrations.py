"""Migrations: from nothing to the newest and back, and what they make is what the code expects."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect
from tests.postgres_server import Server
from tests.server.conftest import new_database

from upriver.server.db import job_tables, outgoing_tables  # noqa: F401 - tables of the metadata
from upriver.server.db.migrate import downgrade, upgrade
from upriver.server.db.session import Database
from upriver.server.db.tables import metadata


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    url = f"sqlite:///{tmp_path / 'server.db'}"
    if request.param == "postgres":
        server: Server = request.getfixturevalue("postgres_server")
        url = new_database(server)
    opened = Database(url)
    yield opened
    opened.close()


def _tables(database: Database) -> set[str]:
    with database.reading() as connection:
        return {*inspect(connection).get_table_names()} - {"alembic_version", "sqlite_sequence"}


def test_forward_and_back_and_forward(database: Database) -> None:
    upgrade(database)
    assert _tables(database) == {*metadata.tables}
    upgrade(database)
    downgrade(database, "base")
    assert _tables(database) == set()
    upgrade(database)
    assert _tables(database) == {*metadata.tables}


def test_what_is_migrated_is_what_the_code_expects(database: Database) -> None:
    upgrade(database)
    with database.reading() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
    assert differences == []


def test_there_is_one_head() -> None:
    config = Config()
    config.set_main_option("script_location", "upriver.server.db:migrations")
    assert len(ScriptDirectory.from_config(config).get_heads()) == 1


def test_a_failed_transaction_leaves_nothing(database: Database) -> None:
    upgrade(database)
    with pytest.raises(ZeroDivisionError):
        _add_and_fail(database)
    with database.reading() as connection:
        assert connection.execute(metadata.tables["accounts"].select()).all() == []


def test_moments_come_back_with_their_zone(database: Database) -> None:
    upgrade(database)
    with database.writing() as connection:
        connection.execute(
            metadata.tables["accounts"].insert().values(name="x", created_at=_moment())
        )
    with database.reading() as connection:
        row = connection.execute(metadata.tables["accounts"].select()).one()
    assert row.created_at == _moment()
    assert row.created_at.utcoffset().total_seconds() == 0


def _add_and_fail(database: Database) -> None:
    with database.writing() as connection:
        connection.execute(
            metadata.tables["accounts"].insert().values(name="x", created_at=_moment())
        )
        raise ZeroDivisionError


def _moment() -> object:
    import datetime

    zone = datetime.timezone(datetime.timedelta(hours=5))
    return datetime.datetime(2026, 1, 2, 3, 4, 5, 678, tzinfo=zone)
