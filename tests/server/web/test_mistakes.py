"""How what goes wrong is answered: a status that says whose it is, and nothing of the inside (S-27)."""

from __future__ import annotations

import asyncio
import errno
import sqlite3

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.exc import DataError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from upriver.server.store.contract import StoreAwayError
from upriver.server.web.mistakes import answer_mistakes

INSIDE = sqlite3.OperationalError("no such table: secret_words")
CASES = {
    "no room": (OSError(errno.ENOSPC, "full", "/secret_words"), 507),
    "no store": (StoreAwayError("secret_words"), 503),
    "no database": (OperationalError("secret_words", {}, INSIDE), 503),
    "no connection left": (PoolTimeoutError("secret_words"), 503),
    "a wrong value": (DataError("secret_words", {}, INSIDE), 422),
    "a wrong statement": (ProgrammingError("secret_words", {}, INSIDE), 500),
    "a wrong file": (FileNotFoundError(errno.ENOENT, "no", "/secret_words"), 500),
    "anything else": (ValueError("secret_words"), 500),
}


@pytest.mark.parametrize(("error", "status"), CASES.values(), ids=[*CASES])
def test_how_a_mistake_is_answered(error: Exception, status: int) -> None:
    app = FastAPI()
    answer_mistakes(app)

    @app.get("/api/thing")
    def thing() -> None:
        raise error

    answer = asyncio.run(_ask(app, raises=False))
    assert answer.status_code == answer.json()["status"]["code"] == status
    assert "secret_words" not in answer.text
    assert ("retry-after" in answer.headers) == (status in (503, 507))
    # What nobody foresaw is raised on, to whatever writes it to the log.
    if status == 500:
        with pytest.raises(type(error)):
            asyncio.run(_ask(app, raises=True))
    else:
        assert asyncio.run(_ask(app, raises=True)).status_code == status


async def _ask(app: FastAPI, *, raises: bool) -> httpx.Response:
    transport = httpx.ASGITransport(app, raise_app_exceptions=raises)
    async with httpx.AsyncClient(transport=transport, base_url="http://server") as api:
        return await api.get("/api/thing")
