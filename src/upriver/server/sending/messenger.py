"""Sending messages that are due: statuses to providers, each by its own way."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import select

from upriver.server.db.outgoing_tables import providers
from upriver.server.db.session import Database
from upriver.server.moments import now
from upriver.server.providers.events import Call, Check
from upriver.server.providers.known import provider_named
from upriver.server.providers.setup import words_of
from upriver.server.sealing import SealBroken, Sealer
from upriver.server.sending.outgoing import Answer, post
from upriver.server.telling.messages import record, take_due

_MOST: int = 20
_SEALED = "A secret was sealed with a key that is not here"


class Messenger:
    """Sends what is due, some messages at a time."""

    def __init__(self, database: Database, sealer: Sealer, *, allowed: Collection[str]) -> None:
        self._database = database
        self._sealer = sealer
        self._allowed = tuple(allowed)

    def send_due(self) -> None:
        """Send what is due, and write down how it went."""
        for _ in range(_MOST):
            with self._database.writing() as connection:
                message = take_due(connection, now())
            if message is None:
                return
            try:
                problem = self._send(message)
            except SealBroken:
                problem = _SEALED
            with self._database.writing() as connection:
                record(connection, message, now(), problem)

    def _send(self, message: Any) -> str | None:
        """Send a message and return what went wrong."""
        return self._tell_provider(message)

    def _tell_provider(self, message: Any) -> str | None:
        project_id = message.content["project_id"]
        with self._database.reading() as connection:
            provider = connection.execute(
                select(providers).where(providers.c.project_id == project_id)
            ).one_or_none()
        token = None if provider is None else words_of(self._sealer, provider).token
        if provider is None or token is None:
            # There is nobody to tell, or nothing to tell it with: nothing to try again.
            return None
        call = _call_of(message, provider, token)
        return _problem_of(post(call.url, call.body, call.headers, allowed=self._allowed))


def _call_of(message: Any, provider: Any, token: str) -> Call:
    """Return the request that tells a provider what a message says."""
    content = message.content
    check = Check(
        state=content["state"], commit=content["commit"], name=content["name"],
        key=content["key"], description=content["description"],
        link=f"{provider.link_base}/runs/{message.run_id}",
    )  # fmt: skip
    return provider_named(provider.kind).status_call(
        provider.api_url, provider.repository, token, check
    )


def _problem_of(answer: Answer) -> str | None:
    if answer.status is not None and 200 <= answer.status < 300:  # noqa: PLR2004 - success
        return None
    return answer.problem or f"Answered with {answer.status}"
