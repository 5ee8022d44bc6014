"""Keeping what an invocation left under its target directory, and bringing it back as state.

A project's own code wrote these files. They go the same way as an upload: packed here, and looked
at by the process that unpacks uploads, with its limits.
"""

from __future__ import annotations

import gzip
import os
import shutil
import stat
import zipfile
from pathlib import Path
from typing import Final

from sqlalchemy import select

from upriver.server.artifacts import StoredArtifact
from upriver.server.db.tables import artifacts as artifact_rows
from upriver.server.ingest.archive import KEPT
from upriver.server.ingest.receive import store_members, unpack
from upriver.server.installation import Installation
from upriver.server.jobs.lookups import state_artifact
from upriver.server.unpacked import Unpacked
from upriver.state.pushed import BUILDS_FILE, summarise

STATE: Final = ("manifest.json", "run_results.json")


def keep(
    installation: Installation, target: Path, since: float, scratch: Path, step: int
) -> tuple[Unpacked, tuple[StoredArtifact, ...], str | None] | None:
    """Store the artifacts a step wrote; None when it wrote none. Rows are left to the end."""
    found = [name for name in sorted(KEPT) if _is_written(target / name, since)]
    if not found:
        return None
    folder = scratch / f"artifacts-{step}"
    folder.mkdir()
    archive = folder / "archive"
    with zipfile.ZipFile(archive, "x", zipfile.ZIP_STORED) as packed:
        for name in found:
            packed.write(target / name, name)
        builds = _builds(target, found)
        if builds is not None:
            packed.writestr(BUILDS_FILE, builds)
    unpacked = unpack(installation, archive, folder)
    if unpacked.refused is not None:
        return unpacked, (), None
    stored, index_key = store_members(installation, unpacked, folder, step)
    shutil.rmtree(folder, ignore_errors=True)
    return unpacked, stored, index_key


def _builds(target: Path, found: list[str]) -> bytes | None:
    """Return what the step built and from which code, as a push of the same artifacts says it."""
    if not {*STATE}.issubset(found) or BUILDS_FILE in found:
        return None
    manifest, results = ((target / name).read_bytes() for name in STATE)
    summary = summarise(manifest, results)
    return None if summary is None else summary.builds


def _is_written(file: Path, since: float) -> bool:
    try:
        found = os.lstat(file)
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and found.st_mtime >= since


def bring_back(
    installation: Installation, run_id: int, folder: Path, step: int | None = None
) -> bool:
    """Put a run's manifest and results into a new folder; False when it has no manifest."""
    folder.mkdir(parents=True)
    with installation.database.reading() as connection:
        if step is None:
            rows = [state_artifact(connection, run_id, name) for name in STATE]
        else:
            rows = list(
                connection.execute(
                    select(artifact_rows).where(
                        artifact_rows.c.run_id == run_id, artifact_rows.c.step == step,
                        artifact_rows.c.name.in_(STATE),
                    )
                )
            )  # fmt: skip
    for row in rows:
        if row is None:
            continue
        packed = folder / f".{row.name}.gz"
        installation.store.fetch(row.object_key, packed)
        with gzip.open(packed) as source, (folder / row.name).open("xb") as file:
            shutil.copyfileobj(source, file)
        packed.unlink()
    return (folder / STATE[0]).is_file()
