"""Sealing everything with the newest key, so that older ones can be given up."""

from __future__ import annotations

from sqlalchemy import select, update

from upriver.server.db.job_tables import connections, repositories, variables, webhooks
from upriver.server.db.outgoing_tables import extended_attributes, notifications, providers
from upriver.server.db.session import Database
from upriver.server.sealing import Sealer

_TABLES = (
    connections, repositories, variables, webhooks, providers, extended_attributes, notifications,
)  # fmt: skip


def seal_anew(database: Database, sealer: Sealer) -> int:
    """Seal every secret with the newest key and return how many; raises SealBroken for none of it."""
    count = 0
    with database.writing() as connection:
        for table in _TABLES:
            key = next(iter(table.primary_key))
            there = select(key, table.c.sealed).where(table.c.sealed.is_not(None))
            for row in connection.execute(there).all():
                connection.execute(
                    update(table)
                    .where(key == row[0], table.c.sealed == row.sealed)
                    .values(sealed=sealer.renewed(row.sealed))
                )
                count += 1
    return count
