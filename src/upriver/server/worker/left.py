"""What the steps of a run have left so far, put together to how the run ends."""

from __future__ import annotations

from sqlalchemy import select

from upriver.server.artifacts import StoredArtifact
from upriver.server.db.session import Database
from upriver.server.db.tables import artifacts, runs
from upriver.server.ingest.receive import builds_of
from upriver.server.ledger import Build
from upriver.server.moments import now
from upriver.server.runs import Ending, Status
from upriver.server.store.contract import Store
from upriver.server.unpacked import BUILDING, MANIFEST, ManifestFacts, Unpacked


class Left:
    """Artifacts and builds of the steps, and which command the run is known by."""

    def __init__(self) -> None:
        self._artifacts: list[StoredArtifact] = []
        self._indexes: list[str] = []
        self._builds: dict[str, Build] = {}
        self._manifest: ManifestFacts | None = None
        self._manifest_artifact: StoredArtifact | None = None
        self._index_key: str | None = None
        self._is_empty = False
        self._command: str | None = None

    def artifacts(
        self,
        unpacked: Unpacked,
        stored: tuple[StoredArtifact, ...],
        index_key: str | None,
        *,
        commit: str | None,
    ) -> None:
        """Add what a step wrote: the last manifest counts, and every build."""
        self._artifacts += stored
        if index_key is not None:
            self._indexes.append(index_key)
        if unpacked.manifest is not None:
            self._manifest = unpacked.manifest
            self._index_key = index_key
            self._manifest_artifact = next(
                (each for each in stored if each.name == MANIFEST), None
            )
        self._is_empty |= unpacked.results is not None and unpacked.results.is_empty
        for build in builds_of(unpacked, now(), commit):
            self._builds[build.unique_id] = build

    def commanded(self, verb: str, *, is_good: bool) -> None:
        """Note a command that ended: one that built says more of a run than one that described."""
        if is_good and (verb in BUILDING or self._command not in BUILDING):
            self._command = verb

    def ending(self, status: Status, message: str | None) -> Ending:
        """Return the run's end."""
        return Ending(
            status=status,
            message=message,
            command=self._command,
            is_empty=self._is_empty,
            manifest=self._manifest,
            manifest_artifact=self._manifest_artifact,
            index_key=self._index_key,
            artifacts=tuple(self._artifacts),
            builds=tuple(self._builds.values()),
        )

    def forget(self, database: Database, store: Store) -> None:
        """Take away the stored objects that no row names: the run is not this worker's any more.

        A commit whose answer was lost counts: what it wrote is looked at, not what was heard.
        """
        keys = {*(each.object_key for each in self._artifacts), *self._indexes}
        with database.reading() as connection:
            named = connection.scalars(
                select(artifacts.c.object_key)
                .where(artifacts.c.object_key.in_(keys))
                .union(select(runs.c.index_key).where(runs.c.index_key.in_(keys)))
            ).all()
        for key in keys.difference(named):
            store.delete(key)
