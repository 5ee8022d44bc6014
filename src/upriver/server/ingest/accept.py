"""Accepting an upload: unpacked in another process, its objects stored, then one transaction.

Objects are written before the rows that name them, and the rows, the run's end and the state
pointer are one transaction: a server that dies in between leaves objects that nobody knows, never
a row without its object (R-04).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row
from sqlalchemy.exc import SQLAlchemyError

from upriver.server.artifacts import StoredArtifact
from upriver.server.audit import Actor, record
from upriver.server.environments import DEPLOYMENT
from upriver.server.ingest.receive import builds_of, check_quota, store_members, unpack
from upriver.server.ingest.uploads import (
    DONE,
    OPEN,
    REFUSED,
    RENEWED_EVERY,
    claim,
    drop_pieces,
    ingest_by_id,
    keys_of,
    received,
    release,
    renew,
)
from upriver.server.installation import Installation, scratch_folder
from upriver.server.moments import now, read_moment
from upriver.server.refusals import CONFLICT, UNPROCESSABLE, Refused
from upriver.server.runs import Ending, NewRun, Status, Step, add_step, create_run, finish
from upriver.server.store.contract import MissingObjectError
from upriver.server.unpacked import MANIFEST, ResultsFacts, Unpacked
from upriver.state.wire.manifest import commit_of

UNAVAILABLE = 503
STEP = 4
"""The step that holds an upload's artifacts: three built-in ones come before it."""
_BUILT_IN = (
    "Clone git repository",
    "Create profile from connection",
    "Invoke dbt with `dbt deps`",
)
_BRANCHES = (
    "DBT_CLOUD_GIT_BRANCH",
    "GIT_BRANCH",
    "GITHUB_REF_NAME",
    "CI_COMMIT_REF_NAME",
    "BRANCH",
)
"""Names under which `metadata.env` usually says the branch, best first."""


def accept(installation: Installation, actor: Actor, ingest_id: int, environment: Row[Any]) -> int:
    """Make a run of an upload and return its id; the same one when it was accepted before."""
    with installation.database.writing() as connection:
        row = ingest_by_id(connection, ingest_id)
        if row.status == DONE:
            return int(row.run_id)
        if row.status == REFUSED:
            raise Refused(UNPROCESSABLE, row.problem or "The upload was refused.")
        word = _claimed(connection, row)
    try:
        with (
            scratch_folder(installation, "ingest") as folder,
            _renewing(installation, (ingest_id, word)),
        ):
            run_id = _accept(installation, actor, environment, (ingest_id, word), folder)
    except Refused as refusal:
        if refusal.status != UNAVAILABLE:
            _refuse(installation, actor, (ingest_id, word), refusal.message)
        raise
    except BaseException:
        # Not the upload's fault: it may be tried again, at the latest when the claim has lapsed.
        with suppress(SQLAlchemyError), installation.database.writing() as connection:
            release(connection, ingest_id, word, OPEN)
        raise
    installation.metrics.ingest("accepted")
    # It is accepted, whatever comes: pieces that stay are dropped by housekeeping.
    with suppress(SQLAlchemyError, OSError):
        drop_pieces(installation, ingest_id)
    return run_id


def _claimed(connection: Connection, row: Row[Any]) -> str:
    here = received(connection, row.id)
    if here == 0 or (row.total is not None and here != row.total):
        raise Refused(
            CONFLICT, f"The upload is not complete: {here} of {row.total} bytes are here."
        )
    word = claim(connection, row.id)
    if word is None:
        busy = {"Retry-After": "2"}
        raise Refused(UNAVAILABLE, "This upload is being read already.", headers=busy)
    return word


def _accept(
    installation: Installation,
    actor: Actor,
    environment: Row[Any],
    claimed: tuple[int, str],
    folder: Path,
) -> int:
    archive = _gather(installation, claimed[0], folder)
    unpacked = unpack(installation, archive, folder)
    if unpacked.refused is not None:
        raise Refused(UNPROCESSABLE, unpacked.refused)
    archive.unlink()
    check_quota(installation, environment.account_id, unpacked)
    stored, index_key = store_members(installation, unpacked, folder, STEP)
    try:
        with installation.database.writing() as connection:
            run_id = _make_run(connection, actor, environment, unpacked, (stored, index_key))
            _done(connection, claimed, run_id)
    except BaseException:
        for key in (*(each.object_key for each in stored), index_key):
            if key is not None:
                installation.store.delete(key)
        raise
    return run_id


def _done(connection: Connection, claimed: tuple[int, str], run_id: int) -> None:
    if not release(connection, *claimed, DONE, run_id=run_id):
        again = {"Retry-After": "2"}
        raise Refused(UNAVAILABLE, "Another server has read this upload.", headers=again)


@contextmanager
def _renewing(installation: Installation, claimed: tuple[int, str]) -> Iterator[None]:
    """Renew the claim as long as the work goes on: one that is not renewed is anybody's."""
    is_over = threading.Event()

    def renewing() -> None:
        while not is_over.wait(RENEWED_EVERY):
            with suppress(SQLAlchemyError), installation.database.writing() as connection:
                renew(connection, *claimed)

    thread = threading.Thread(target=renewing, daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def _gather(installation: Installation, ingest_id: int, folder: Path) -> Path:
    """Put the pieces together."""
    with installation.database.reading() as connection:
        keys = keys_of(connection, ingest_id)
    archive = folder / "archive"
    try:
        if len(keys) == 1:
            installation.store.fetch(keys[0], archive)
            return archive
        with archive.open("xb") as file:
            for key in keys:
                for piece in installation.store.read(key):
                    file.write(piece)
    except MissingObjectError as error:
        raise Refused(CONFLICT, "A piece of the upload is gone.") from error
    return archive


def _make_run(
    connection: Connection,
    actor: Actor,
    environment: Row[Any],
    unpacked: Unpacked,
    stored: tuple[tuple[StoredArtifact, ...], str | None],
) -> int:
    results, env = unpacked.results, _env(unpacked)
    command = _command(unpacked)
    status = Status.SUCCESS if results is None or results.is_success else Status.ERROR
    commit = commit_of(env)
    branch = next((env[name] for name in _BRANCHES if env.get(name)), None)
    pull_request = env.get("DBT_CLOUD_PR_ID") or None
    run_id = create_run(
        connection,
        NewRun(
            account_id=environment.account_id,
            project_id=environment.project_id,
            environment_id=environment.id,
            cause=f"Artifacts uploaded by {actor.name}"[:255],
            cause_category="ingest",
            status=Status.RUNNING,
            is_ci=pull_request is not None or env.get("DBT_CLOUD_INVOCATION_CONTEXT") == "ci",
            is_redirected=environment.type != DEPLOYMENT,
            pull_request_id=pull_request and pull_request[:64],
            git_sha=commit and commit[:64],
            git_branch=branch and branch[:255],
            triggered_by=actor.name[:255],
        ),
    )
    _add_steps(connection, environment.account_id, run_id, command, status)
    finish(connection, run_id, _ending(unpacked, stored, status, commit))
    record(
        connection, actor, "run.uploaded",
        on=("run", run_id), detail={"environment_id": environment.id},
    )  # fmt: skip
    return run_id


def _ending(
    unpacked: Unpacked,
    stored: tuple[tuple[StoredArtifact, ...], str | None],
    status: Status,
    commit: str | None,
) -> Ending:
    results, artifacts = unpacked.results, stored[0]
    moment = now()
    made = results.generated_at if results is not None else None
    if made is None and unpacked.manifest is not None:
        made = unpacked.manifest.generated_at
    finished_at = read_moment(made) or moment
    return Ending(
        status=status,
        message=" ".join(unpacked.findings) or None,
        finished_at=finished_at,
        started_at=read_moment(results.started_at) if results is not None else None,
        command=results.which if results is not None else None,
        is_empty=results is not None and results.is_empty,
        manifest=unpacked.manifest,
        manifest_artifact=next((each for each in artifacts if each.name == MANIFEST), None),
        index_key=stored[1],
        artifacts=artifacts,
        builds=builds_of(unpacked, finished_at, commit),
    )


def _env(unpacked: Unpacked) -> dict[str, str]:
    manifest = unpacked.manifest.env if unpacked.manifest is not None else {}
    results = unpacked.results.env if unpacked.results is not None else {}
    return {**results, **manifest}


def _command(unpacked: Unpacked) -> str:
    results: ResultsFacts | None = unpacked.results
    if results is None:
        return "dbt parse"
    return (results.command_line or f"dbt {results.which or 'parse'}")[:500]


def _add_steps(
    connection: Connection, account_id: int, run_id: int, command: str, status: Status
) -> None:
    """Add the three built-in steps, which an upload has in name only, and the command's."""
    for number, name in enumerate(_BUILT_IN, start=1):
        add_step(
            connection, account_id, run_id,
            Step(index=number, name=name, status=Status.SUCCESS,
                 logs="Done where the artifacts come from."),
        )  # fmt: skip
    add_step(
        connection, account_id, run_id,
        Step(
            index=STEP, name=f"Invoke dbt with `{command}`", command=command, status=status,
            logs="The log stayed where the command ran.",
        ),
    )  # fmt: skip


def _refuse(
    installation: Installation, actor: Actor, claimed: tuple[int, str], message: str
) -> None:
    installation.metrics.ingest("refused")
    with installation.database.writing() as connection:
        release(connection, *claimed, REFUSED, problem=message)
        record(
            connection, actor, "run.uploaded",
            on=("ingest", claimed[0]), detail={"problem": message}, is_success=False,
        )  # fmt: skip
    drop_pieces(installation, claimed[0])
