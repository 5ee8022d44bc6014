"""The application, put together: routes, and the layer in front of them."""

from __future__ import annotations

import os

from anyio import CapacityLimiter
from fastapi import FastAPI

from upriver import __version__
from upriver.server.api import (
    health,
    private,
    providers,
    setup,
    v1,
    v2_account,
    v2_jobs,
    v2_runs,
    v3,
    v3_webhooks,
)
from upriver.server.db.session import Database
from upriver.server.deferral_index import Indexes
from upriver.server.front import Front
from upriver.server.installation import Installation
from upriver.server.limits import Limiter
from upriver.server.metrics import Metrics
from upriver.server.sealing import Sealer
from upriver.server.settings import Settings
from upriver.server.store.open import open_store
from upriver.server.web import forms, pages
from upriver.server.web.mistakes import answer_mistakes

_MOST_UNPACKERS = 4
_ROUTED = (
    health, v1, setup, providers, private, v2_account, v2_jobs, v2_runs, v3, v3_webhooks, pages, forms,
)  # fmt: skip
"""The modules that have routes."""


def make_installation(settings: Settings) -> Installation:
    """Open what the settings name; nothing is asked of the database yet."""
    return Installation(
        settings=settings,
        database=Database(settings.database),
        store=open_store(settings.objects),
        limiter=Limiter(),
        metrics=Metrics(),
        sealer=Sealer((settings.key, *settings.old_keys)),
    )


def make_app(installation: Installation) -> FastAPI:
    """Return the application."""
    app = FastAPI(
        title="upriver",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        redirect_slashes=False,
    )
    app.state.installation = installation
    app.state.indexes = Indexes(installation.store)
    # Unpacking waits for another process: a few threads of its own, taken from nobody else.
    app.state.unpackers = CapacityLimiter(max(1, min(_MOST_UNPACKERS, os.cpu_count() or 1)))
    for module in _ROUTED:
        app.include_router(module.router)
    answer_mistakes(app)
    app.add_middleware(
        Front, metrics=installation.metrics, is_encrypted=installation.settings.is_encrypted
    )
    return app
