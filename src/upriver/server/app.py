"""The application, put together: routes, the layer in front of them, answers to mistakes."""

from __future__ import annotations

import os

from anyio import CapacityLimiter
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from sqlalchemy.exc import DataError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException

from upriver import __version__
from upriver.server.api import (
    health,
    private,
    setup,
    v1,
    v2_account,
    v2_jobs,
    v2_runs,
    v3,
    v3_webhooks,
)
from upriver.server.api.envelope import refused
from upriver.server.db.session import Database
from upriver.server.deferral_index import Indexes
from upriver.server.front import Front
from upriver.server.installation import Installation
from upriver.server.limits import Limiter
from upriver.server.metrics import Metrics
from upriver.server.refusals import UNPROCESSABLE, Refused
from upriver.server.sealing import Sealer
from upriver.server.settings import Settings
from upriver.server.store.open import open_store
from upriver.server.web import forms, pages
from upriver.server.web.rendering import page
from upriver.server.web.visiting import SignInNeeded

_BROKEN = 500
_UNAVAILABLE = 503
_MOST_UNPACKERS = 4
_ROUTED = (
    health, v1, setup, private, v2_account, v2_jobs, v2_runs, v3, v3_webhooks, pages, forms,
)  # fmt: skip
"""The modules that have routes."""
_FOR_PROGRAMS = ("/api/", "/health/", "/metrics")
"""Beginnings of paths that are not pages."""


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
    _answer_mistakes(app)
    app.add_middleware(
        Front, metrics=installation.metrics, is_encrypted=installation.settings.is_encrypted
    )
    return app


def _answer(request: Request, error: Refused) -> Response:
    """Answer a refusal: programs in the envelope, people with a page."""
    if request.url.path.startswith(_FOR_PROGRAMS):
        return refused(request, error)
    answer = page(request, "refused", None, status=error.status, code=error.status,
                  message=error.message)  # fmt: skip
    answer.headers.update(error.headers)
    return answer


def _answer_mistakes(app: FastAPI) -> None:
    """Answer everything that goes wrong, and tell nothing of the inside (S-27)."""

    def on_refusal(request: Request, error: Exception) -> Response:
        assert isinstance(error, Refused)  # noqa: S101 - registered for it
        return _answer(request, error)

    def on_stranger(_request: Request, _error: Exception) -> Response:
        return RedirectResponse("/sign-in", status_code=303)

    def on_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - registered for it
        headers = dict(error.headers or {})
        return _answer(request, Refused(error.status_code, f"{error.detail}.", headers=headers))

    def on_shape(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for it
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return _answer(request, Refused(UNPROCESSABLE, f"`{where}`: {first['msg']}."))

    def on_outage(request: Request, error: Exception) -> Response:
        if isinstance(error, DataError):
            # A text with a null character, or longer than its column.
            return _answer(request, Refused(UNPROCESSABLE, "A value cannot be kept as it is."))
        if not isinstance(error, OperationalError | PoolTimeoutError) and not (
            isinstance(error, DBAPIError) and error.connection_invalidated
        ):
            return on_mistake(request, error)
        again = {"Retry-After": "2"}
        return _answer(
            request, Refused(_UNAVAILABLE, "The database does not answer.", headers=again)
        )

    def on_mistake(request: Request, _error: Exception) -> Response:
        number = request.scope.get("upriver.request_id", "")
        return _answer(
            request, Refused(_BROKEN, f"The server made a mistake; its log has it as {number}.")
        )

    app.add_exception_handler(Refused, on_refusal)
    app.add_exception_handler(SignInNeeded, on_stranger)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(RequestValidationError, on_shape)
    app.add_exception_handler(DBAPIError, on_outage)
    app.add_exception_handler(PoolTimeoutError, on_outage)
    app.add_exception_handler(Exception, on_mistake)
