"""From an archive to objects of the store: what uploads and the worker's own runs have in common."""

from __future__ import annotations

import datetime
import os
import subprocess
import sys
from pathlib import Path

import msgspec

from upriver.server.artifacts import StoredArtifact, stored_bytes
from upriver.server.installation import Installation
from upriver.server.ledger import Build
from upriver.server.moments import now
from upriver.server.refusals import TOO_LARGE, UNPROCESSABLE, Refused
from upriver.server.room import NO_ROOM_EXIT, no_room
from upriver.server.store.contract import new_key
from upriver.server.unpacked import Order, Unpacked


def unpack(installation: Installation, archive: Path, folder: Path) -> Unpacked:
    """Look at an archive in another process, with limits; what is kept lies in the folder then."""
    limits = installation.settings.limits
    order = Order(
        archive=str(archive),
        folder=str(folder),
        unpacked=limits.unpacked,
        ratio=limits.ratio,
        members=limits.members,
        memory=limits.unpack_memory,
    )
    # Nothing of this process's environment reaches the other but where Python finds its modules.
    known = ("PATH", "PYTHONPATH", "PYTHONHOME", "LANG", "LC_ALL", "SYSTEMROOT", "TMPDIR")
    env = {name: os.environ[name] for name in known if name in os.environ}
    try:
        done = subprocess.run(
            [sys.executable, "-m", "upriver.server.ingest.unpack"],
            input=msgspec.json.encode(order),
            capture_output=True,
            env=env,
            cwd=folder,
            timeout=limits.unpack_seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise Refused(
            UNPROCESSABLE, "The upload is refused: it takes too long to read."
        ) from error
    if done.returncode == NO_ROOM_EXIT:
        raise no_room()
    if done.returncode != 0:
        sys.stderr.write(done.stderr.decode(errors="replace")[-4000:])
        raise Refused(UNPROCESSABLE, "The upload is refused: it could not be read.")
    return msgspec.json.decode(done.stdout, type=Unpacked)


def builds_of(
    unpacked: Unpacked, otherwise: datetime.datetime, commit: str | None
) -> tuple[Build, ...]:
    """Return what was built, for the ledger; `otherwise` is when, where a record does not say.

    A clock that runs ahead must not keep later builds out of the ledger.
    """
    moment = now()
    return tuple(
        Build(
            unique_id=node.unique_id,
            relation=node.relation,
            fingerprint=node.fingerprint,
            built_at=min(node.built_at or otherwise, moment),
            git_sha=node.git_sha or commit,
        )
        for node in unpacked.builds
    )


def check_quota(installation: Installation, account_id: int, unpacked: Unpacked) -> None:
    """Refuse what would be more than an account may store."""
    with installation.database.reading() as connection:
        used = stored_bytes(connection, account_id)
    if used + sum(member.stored_size for member in unpacked.members) > (
        installation.settings.limits.account
    ):
        raise Refused(TOO_LARGE, "The account's storage is used up.")


def store_members(
    installation: Installation, unpacked: Unpacked, folder: Path, step: int
) -> tuple[tuple[StoredArtifact, ...], str | None]:
    """Store what was kept, and the lean index; the rows are left to the caller."""
    stored = tuple(
        StoredArtifact(
            step=step,
            name=member.name,
            object_key=new_key("artifacts"),
            sha256=member.sha256,
            size=member.size,
            stored_size=member.stored_size,
        )
        for member in unpacked.members
    )
    files = [
        (each.object_key, folder / member.file)
        for each, member in zip(stored, unpacked.members, strict=True)
    ]
    index_key = None if unpacked.index_file is None else new_key("indexes")
    if index_key is not None and unpacked.index_file is not None:
        files.append((index_key, folder / unpacked.index_file))
    try:
        for key, file in files:
            installation.store.put_file(key, file)
    except BaseException:
        for key, _ in files:
            installation.store.delete(key)
        raise
    return stored, index_key
