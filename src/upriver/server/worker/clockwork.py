"""What has to happen by itself: due jobs, lost runs, and events on their way.

Every worker does it, and any number may: each piece of work is taken by a conditional update.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from upriver.server.db.session import Database
from upriver.server.jobs.due import start_due
from upriver.server.jobs.endings import after_end
from upriver.server.jobs.lost import PATIENCE_SECONDS, Observer
from upriver.server.jobs.webhooks import forget_old, record, signature, take_due
from upriver.server.moments import now
from upriver.server.providers import react
from upriver.server.sealing import SealBroken, Sealer
from upriver.server.sending.messenger import Messenger
from upriver.server.sending.outgoing import Answer, post
from upriver.server.telling import messages

_MOST_DELIVERIES: Final = 20
_FORGET_SECONDS: Final = 3_600.0


class Clockwork:
    """Looks at everything that is due, once each time it is asked to."""

    def __init__(
        self,
        database: Database,
        sealer: Sealer,
        *,
        patience: float = PATIENCE_SECONDS,
        allowed: Collection[str] = (),
    ) -> None:
        self._database = database
        self._sealer = sealer
        self._patience = patience
        self._observer = Observer(patience)
        self._allowed = tuple(allowed)
        self._messenger = Messenger(database, sealer, allowed=allowed)
        self._forgot = 0.0

    def look(self) -> None:
        """Do what is due; raises SQLAlchemyError when the database is away.

        Nobody's heartbeats could be written meanwhile, so that the silence of that time is
        forgotten: it must not end runs when the database is back.
        """
        try:
            self._look()
        except SQLAlchemyError:
            self._observer = Observer(self._patience)
            raise

    def _look(self) -> None:
        with self._database.writing() as connection:
            start_due(connection, now())
        with self._database.writing() as connection:
            for run_id in self._observer.look(connection, now(), time.monotonic()):
                after_end(connection, run_id, now())
        self._deliver()
        self._messenger.send_due()
        if time.monotonic() - self._forgot > _FORGET_SECONDS:
            self._forgot = time.monotonic()
            with self._database.writing() as connection:
                forget_old(connection, now())
                messages.forget_old(connection, now())
                react.forget_old(connection, now())

    def _deliver(self) -> None:
        for _ in range(_MOST_DELIVERIES):
            with self._database.writing() as connection:
                delivery = take_due(connection, now())
            if delivery is None:
                return
            body = delivery.body.encode()
            try:
                secret = self._sealer.open(delivery.sealed)
            except SealBroken:
                answer = Answer(problem="The secret was sealed with a key that is not here")
            else:
                headers = {"Authorization": signature(secret, body)}
                answer = post(delivery.client_url, body, headers, allowed=self._allowed)
            with self._database.writing() as connection:
                record(
                    connection, delivery, now(),
                    http_status=answer.status, problem=answer.problem,
                )  # fmt: skip
