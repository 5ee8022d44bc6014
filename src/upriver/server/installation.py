"""One running server's own things, handed to whatever answers a request."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from upriver.server.db.session import Database
from upriver.server.limits import Limiter
from upriver.server.metrics import Metrics
from upriver.server.sealing import Sealer
from upriver.server.settings import Settings
from upriver.server.store.contract import Store


class Installation(msgspec.Struct, frozen=True, kw_only=True):
    """Settings, database, store, what seals secrets, and what is counted in this process."""

    settings: Settings
    database: Database
    store: Store
    limiter: Limiter
    metrics: Metrics
    sealer: Sealer


@contextmanager
def scratch_folder(installation: Installation, kind: str) -> Iterator[Path]:
    """Lend a directory that goes with everything in it."""
    made = Path(tempfile.mkdtemp(prefix=f"{kind}-", dir=installation.settings.scratch))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)
