"""One running server's own things, handed to whatever answers a request."""

from __future__ import annotations

import msgspec

from upriver.server.db.session import Database
from upriver.server.limits import Limiter
from upriver.server.metrics import Metrics
from upriver.server.settings import Settings
from upriver.server.store.contract import Store


class Installation(msgspec.Struct, frozen=True, kw_only=True):
    """Settings, database, store, and what is counted in this process."""

    settings: Settings
    database: Database
    store: Store
    limiter: Limiter
    metrics: Metrics
