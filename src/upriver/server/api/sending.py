"""Sending artifacts: stored as gzip, sent as they are to whom that suits, else unpacked on the way."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from sqlalchemy import Row

from upriver.server.installation import Installation
from upriver.server.refusals import not_found
from upriver.server.store.contract import MissingObjectError

_GZIP = 31
_PIECE = 1 << 18
NOT_MODIFIED = 304
_QUIET_TYPES = {"json": "application/json"}
"""Everything else is sent as plain text: nothing uploaded is shown as a page (S-12)."""


def accepts_gzip(request: Request) -> bool:
    """Whether the client takes gzip."""
    for word in request.headers.get("accept-encoding", "").lower().split(","):
        name, _, quality = word.strip().partition(";")
        if name in ("gzip", "*"):
            return quality.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def is_known(request: Request, etag: str) -> bool:
    """Whether the client has this version already."""
    given = request.headers.get("if-none-match", "")
    return given.strip() == "*" or etag in [
        word.strip().removeprefix("W/") for word in given.split(",")
    ]


def unchanged(etag: str) -> Response:
    """Answer that the client's copy is current."""
    return Response(status_code=NOT_MODIFIED, headers={"ETag": etag, "Cache-Control": "no-cache"})


def send_artifact(installation: Installation, request: Request, artifact: Row[Any]) -> Response:
    """Send an artifact's bytes, or say that they are known."""
    etag = f'"{artifact.sha256}"'
    if is_known(request, etag):
        return unchanged(etag)
    try:
        stored = installation.store.read(artifact.object_key)
    except MissingObjectError as error:
        raise not_found(f"Artifact `{artifact.name}`") from error
    suffix = artifact.name.rpartition(".")[2]
    kind = _QUIET_TYPES.get(suffix, "text/plain; charset=utf-8")
    headers = {
        "ETag": etag,
        "Cache-Control": "private, no-cache",
        "Vary": "Accept-Encoding",
        "Content-Disposition": f'attachment; filename="{artifact.name.rpartition("/")[2]}"',
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    if accepts_gzip(request):
        headers |= {"Content-Encoding": "gzip", "Content-Length": str(artifact.stored_size)}
        return StreamingResponse(stored, media_type=kind, headers=headers)
    headers["Content-Length"] = str(artifact.size)
    return StreamingResponse(_plain(stored), media_type=kind, headers=headers)


def _plain(stored: Iterator[bytes]) -> Iterator[bytes]:
    unpacker = zlib.decompressobj(_GZIP)
    for piece in stored:
        plain = unpacker.decompress(piece, _PIECE)
        while plain:
            yield plain
            plain = unpacker.decompress(unpacker.unconsumed_tail, _PIECE)
    rest = unpacker.flush()
    if rest:
        yield rest
