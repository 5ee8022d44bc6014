"""Sealing everything with the newest key, so that older ones can be given up."""

from __future__ import annotations

from sqlalchemy import select, update

from upriver.server.db.job_tables import connections, repositories, variables, webhooks
from upriver.server.db.session import Database
from upriver.server.sealing import Sealer


def seal_anew(database: Database, sealer: Sealer) -> int:
    """Seal every secret with the newest key and return how many; raises SealBroken for none of it."""
    count = 0
    with database.writing() as connection:
        for table in (connections, repositories, variables, webhooks):
            key = next(iter(table.primary_key))
            for row in connection.execute(select(key, table.c.sealed)).all():
                connection.execute(
                    update(table)
                    .where(key == row[0], table.c.sealed == row.sealed)
                    .values(sealed=sealer.renewed(row.sealed))
                )
                count += 1
    return count
