"""The private interface that unmodified tools publish to and defer from (platform.md 6.7)."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Annotated, Any

import msgspec
from anyio import to_thread
from fastapi import APIRouter, Depends, Header, Request, Response
from sqlalchemy import select
from starlette.requests import ClientDisconnect

from upriver.server.api.caller import (
    Caller,
    Id,
    acting,
    body_of,
    check_account,
    described,
    here,
    open_to_all,
)
from upriver.server.api.envelope import as_json, enveloped
from upriver.server.api.sending import send_artifact
from upriver.server.artifacts import artifact_of_run
from upriver.server.auth.principals import Principal
from upriver.server.auth.signing import read_signed, sign
from upriver.server.db.tables import artifacts
from upriver.server.environments import environment_for, project_for
from upriver.server.ingest.accept import accept
from upriver.server.ingest.uploads import (
    Piece,
    abandon,
    announce,
    ingest_by_id,
    keep_piece,
    received,
)
from upriver.server.refusals import TOO_LARGE, UNPROCESSABLE, Refused, not_found
from upriver.server.states import find_state
from upriver.server.unpacked import MANIFEST

router = APIRouter(prefix="/api/private", tags=["private"])

UPLOAD = "upload"
DOWNLOAD = "download"
_UPLOAD_SECONDS = 3600
_DOWNLOAD_SECONDS = 300
_BUFFER = 1 << 20
_RANGE = re.compile(r"bytes (\d{1,15})-(\d{1,15})/(\d{1,15}|\*)")


class Announced(msgspec.Struct, frozen=True, kw_only=True):
    """What an announcement may say; nothing of it is needed."""

    job_id: int | None = None


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """How the client says that its upload ended."""

    upload_status: str


def base_url(request: Request) -> str:
    """Return the address under which clients reach this server."""
    return here(request).settings.public_url or str(request.base_url).rstrip("/")


@router.post(
    "/accounts/{account_id}/environments/{environment_id}/ingests",
    openapi_extra=described(Announced, is_required=False),
)
def announce_upload(
    request: Request,
    principal: Caller,
    account_id: Id,
    environment_id: Id,
    _body: Annotated[Any, Depends(body_of(Announced))],
    invocation: Annotated[str | None, Header(alias="X-Invocation-Id")] = None,
) -> Response:
    """Begin an upload: answer with its id and the address to send it to."""
    check_account(principal, account_id)
    installation = here(request)
    with installation.database.writing() as connection:
        environment = environment_for(connection, principal, environment_id, "artifact-upload")
        ingest_id = announce(connection, principal, environment, invocation)
    word = sign(installation.settings.key, UPLOAD, str(ingest_id), seconds=_UPLOAD_SECONDS)
    return enveloped(
        {"id": ingest_id, "upload_url": f"{base_url(request)}/api/private/uploads/{word}"}
    )


@router.get("/uploads/{word}", dependencies=[Depends(open_to_all)])
def look_at_upload(request: Request, word: str) -> Response:
    """Say how much of an upload is here, for a client that was interrupted."""
    installation = here(request)
    ingest_id = int(read_signed(installation.settings.key, UPLOAD, word))
    with installation.database.reading() as connection:
        ingest_by_id(connection, ingest_id)
        here_already = received(connection, ingest_id)
    return as_json({"received": here_already})


@router.put("/uploads/{word}", dependencies=[Depends(open_to_all)])
async def receive_upload(request: Request, word: str) -> Response:
    """Take an upload, or the piece of it that `Content-Range` names."""
    installation = here(request)
    settings = installation.settings
    ingest_id = int(read_signed(settings.key, UPLOAD, word))
    start, end, total = _range(request)
    # What is longer than all that is allowed is refused before it is sent.
    if (total or 0) > settings.limits.upload:
        raise Refused(TOO_LARGE, f"An upload has at most {settings.limits.upload} bytes.")
    # Unbuffered: what cannot be written is known at once, and not again when it is closed.
    with tempfile.NamedTemporaryFile(dir=settings.scratch, prefix="piece-", buffering=0) as file:
        size, is_whole = await _save(request, file, settings.limits.upload - start)
        if end is not None and is_whole and size != end - start + 1:
            raise Refused(UNPROCESSABLE, "The body is not as long as `Content-Range` says.")
        if size == 0:
            raise Refused(UNPROCESSABLE, "The body is empty.")
        piece = Piece(path=Path(file.name), start=start, size=size, total=total)
        here_now = await to_thread.run_sync(keep_piece, installation, ingest_id, piece)
    return as_json({"received": here_now})


def _range(request: Request) -> tuple[int, int | None, int | None]:
    """Return where the body begins and ends, and how long the whole upload is."""
    given = request.headers.get("content-range")
    if given is None:
        length = request.headers.get("content-length", "")
        return 0, None, int(length) if length.isdecimal() else None
    match = _RANGE.fullmatch(given.strip())
    if match is None or int(match[2]) < int(match[1]):
        raise Refused(UNPROCESSABLE, "`Content-Range` is `bytes first-last/total`.")
    return int(match[1]), int(match[2]), None if match[3] == "*" else int(match[3])


async def _save(request: Request, file: Any, limit: int) -> tuple[int, bool]:
    """Write the body to a file; a client that leaves has sent what it has sent."""
    size, waiting = 0, bytearray()
    is_whole = True
    full: OSError | None = None
    try:
        async for piece in request.stream():
            size += len(piece)
            if size > limit:
                raise Refused(TOO_LARGE, "The upload is larger than is allowed.")
            # On a full disk the rest is read and let go: who still sends would not hear the answer.
            waiting += piece if full is None else b""
            if len(waiting) >= _BUFFER:
                full = await to_thread.run_sync(_written, file, bytes(waiting))
                waiting.clear()
    except ClientDisconnect:
        is_whole = False
    full = full or _written(file, bytes(waiting))
    if full is not None:
        raise full
    return size, is_whole


def _written(file: Any, data: bytes) -> OSError | None:
    """Write to the disk; return what stood in the way."""
    left = memoryview(data)
    try:
        while left:
            left = left[file.write(left) :]
    except OSError as error:
        return error
    return None


@router.patch(
    "/accounts/{account_id}/environments/{environment_id}/ingests/{ingest_id}",
    openapi_extra=described(Ended),
)
async def end_upload(
    request: Request,
    principal: Caller,
    account_id: Id,
    environment_id: Id,
    ingest_id: Id,
    body: Annotated[Any, Depends(body_of(Ended))],
) -> Response:
    """End an upload; once this is answered, a successful one is what its environment is known by."""

    def end() -> None:
        check_account(principal, account_id)
        installation = here(request)
        with installation.database.reading() as connection:
            environment = environment_for(connection, principal, environment_id, "artifact-upload")
            if ingest_by_id(connection, ingest_id).environment_id != environment_id:
                raise not_found(f"Upload {ingest_id}")
        if body.upload_status == "SUCCESS":
            accept(installation, acting(request, principal), ingest_id, environment)
        else:
            abandon(installation, ingest_id)

    await to_thread.run_sync(end, limiter=request.app.state.unpackers)
    return Response(status_code=204)


@router.get("/accounts/{account_id}/projects/{project_id}/manifest/latest")
def latest_manifest(
    request: Request, principal: Caller, account_id: Id, project_id: Id
) -> Response:
    """Say where the manifest is that a developer defers to."""
    return _manifest(request, principal, (account_id, project_id), None)


@router.get("/accounts/{account_id}/projects/{project_id}/manifest/{environment_id}")
def environment_manifest(
    request: Request, principal: Caller, account_id: Id, project_id: Id, environment_id: Id
) -> Response:
    """Say where the manifest of an environment is."""
    return _manifest(request, principal, (account_id, project_id), environment_id)


def _manifest(
    request: Request, principal: Principal, place: tuple[int, int], environment_id: int | None
) -> Response:
    check_account(principal, place[0])
    installation = here(request)
    with installation.database.reading() as connection:
        project = project_for(connection, principal, place[1], "state-read")
        state = find_state(connection, project, environment_id)
        artifact = artifact_of_run(connection, state.run.id, MANIFEST)
    if artifact is None:
        raise not_found("The manifest of this state")
    word = sign(installation.settings.key, DOWNLOAD, str(artifact.id), seconds=_DOWNLOAD_SECONDS)
    return enveloped({"manifest_href": f"{base_url(request)}/api/private/downloads/{word}"})


@router.get("/downloads/{word}", dependencies=[Depends(open_to_all)])
def download(request: Request, word: str) -> Response:
    """Hand out the one object that the address was signed for."""
    installation = here(request)
    artifact_id = int(read_signed(installation.settings.key, DOWNLOAD, word))
    with installation.database.reading() as connection:
        artifact = connection.execute(
            select(artifacts).where(artifacts.c.id == artifact_id)
        ).one_or_none()
    if artifact is None:
        raise not_found("The artifact")
    return send_artifact(installation, request, artifact)
