"""Handing artifacts to a server: the ingest protocol that dbt-core speaks (platform 6.7), resumed.

Three questions: where to, the archive itself, and that it is complete. A large archive goes in
pieces; after a failure the server is asked how much it has, and the rest follows. Every question
may be repeated: a server keeps nothing of an ingest that was not completed.
"""

from __future__ import annotations

from typing import Any, BinaryIO
from urllib.parse import urlsplit

import msgspec

from upriver.state.remote.bounded import Limit
from upriver.state.remote.server_api import (
    Patience,
    Server,
    Trouble,
    decoded,
    exchange,
    trouble_of,
)
from upriver.workspace.web.client import Call, Reply

PIECE = 8 << 20
"""Bytes that are sent at once."""
BEGINNING = Patience(silent=5.0, total=20.0, attempts=3)
"""For where to send it."""
PATIENCE = Patience(silent=30.0, total=120.0, attempts=3)
"""For one piece."""
ENDING = Patience(silent=120.0, total=240.0, attempts=2)
"""For the server to take a large archive in."""
LONGEST = 600.0
"""Seconds after which an upload is given up, whatever it is at."""
_ROUNDS = 5
"""Failures after which an upload that does not get on is given up."""
_JSON = {"Accept": "application/json", "Content-Type": "application/json"}


class Ingest(msgspec.Struct, frozen=True, kw_only=True):
    """For which environment."""

    account_id: str
    environment_id: str
    invocation_id: str | None = None

    @property
    def path(self) -> str:
        """Where ingests are made."""
        return (
            f"/api/private/accounts/{self.account_id}/environments/{self.environment_id}/ingests/"
        )


class _Place(msgspec.Struct, frozen=True, kw_only=True):
    id: int | str
    upload_url: str


class _Made(msgspec.Struct, frozen=True, kw_only=True):
    data: _Place


class _Received(msgspec.Struct, frozen=True, kw_only=True):
    received: int


def upload(server: Server, ingest: Ingest, archive: BinaryIO, size: int) -> str | Trouble:
    """Upload an archive and return the ingest's id."""
    limit = Limit(LONGEST)
    made = _ask(server, ingest, "POST", ingest.path, b"{}", BEGINNING)
    if isinstance(made, Trouble):
        return made
    place = decoded(made.body, _Made)
    if place is None or not _is_fit(place.data.upload_url, server.host):
        return Trouble(kind="odd", said="what answers does not take artifacts")
    trouble = _send(server, place.data.upload_url, archive, size, limit)
    if trouble is not None:
        return trouble
    path = f"{ingest.path}{place.data.id}/"
    done = _ask(server, ingest, "PATCH", path, b'{"upload_status": "SUCCESS"}', ENDING)
    return done if isinstance(done, Trouble) else str(place.data.id)


def _ask(
    server: Server, ingest: Ingest, method: Any, path: str, body: bytes, patience: Patience
) -> Reply | Trouble:
    more = {} if ingest.invocation_id is None else {"X-Invocation-Id": ingest.invocation_id}
    call = Call(
        url=f"{server.host}{path}",
        method=method,
        body=body,
        token=server.token,
        headers={**_JSON, **more},
        is_repeatable=True,
    )
    return _successful(exchange(server, call, patience))


def _successful(reply: Reply | Trouble) -> Reply | Trouble:
    if isinstance(reply, Trouble) or reply.is_success:
        return reply
    return trouble_of(reply)


def _is_fit(url: str, host: str) -> bool:
    """Whether artifacts may be sent there: not unencrypted where the server itself is not."""
    scheme = urlsplit(url).scheme
    return scheme == "https" or (scheme == "http" and host.startswith("http:"))


def _send(server: Server, url: str, archive: BinaryIO, size: int, limit: Limit) -> Trouble | None:
    # What a server signs for another place, an object store, takes no pieces.
    takes_pieces = urlsplit(url).netloc == urlsplit(server.host).netloc
    piece = PIECE if takes_pieces else size
    sent, rounds = 0, 0
    while sent < size:
        archive.seek(sent)
        data = archive.read(piece)
        headers = {"Content-Type": "application/zip"}
        if piece < size:
            headers["Content-Range"] = f"bytes {sent}-{sent + len(data) - 1}/{size}"
        call = Call(url=url, method="PUT", body=data, headers=headers)
        answer = _successful(exchange(server, call, PATIENCE))
        if not isinstance(answer, Trouble):
            sent, rounds = sent + len(data), 0
            continue
        rounds += 1
        if rounds == _ROUNDS or not answer.may_pass or limit.left <= 0:
            return answer
        sent = _received(server, url, sent)
    return None


def _received(server: Server, url: str, sent: int) -> int:
    """Return how much the server has; what is known here if it does not say."""
    answer = exchange(server, Call(url=url, headers={"Accept": "application/json"}), PATIENCE)
    if isinstance(answer, Trouble) or not answer.is_success:
        return sent
    found = decoded(answer.body, _Received)
    return sent if found is None or not 0 <= found.received <= sent + PIECE else found.received
