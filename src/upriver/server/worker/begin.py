"""Beginning to work, inside `upriver serve` or alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from upriver.server.installation import Installation
from upriver.server.jobs.resealing import seal_anew
from upriver.server.worker.carry import Means
from upriver.server.worker.clockwork import Clockwork
from upriver.server.worker.work import Worker

_DRAIN_SECONDS: Final = 10.0


@contextmanager
def working(installation: Installation, env: Mapping[str, str]) -> Iterator[Worker | None]:
    """Carry out runs meanwhile, and end them with the block; None when it is set to none."""
    settings = installation.settings
    if settings.old_keys:
        seal_anew(installation.database, installation.sealer)
    if settings.runs == 0:
        yield None
        return
    means = Means(
        installation=installation, env=env, memory_bytes=settings.run_memory,
        stopping=threading.Event(),
    )  # fmt: skip
    clockwork = Clockwork(
        installation.database,
        installation.sealer,
        patience=settings.patience,
        allowed=settings.outgoing,
    )
    worker = Worker(means, clockwork, at_once=settings.runs, slots=settings.slots)
    worker.start()
    try:
        yield worker
    finally:
        worker.stop(_DRAIN_SECONDS)
