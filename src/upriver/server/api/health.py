"""Whether the server lives, whether it can answer, and what it counts."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from upriver.server.api.caller import here, open_to_all
from upriver.server.api.envelope import as_json
from upriver.server.metrics import CONTENT_TYPE

router = APIRouter(tags=["health"], dependencies=[Depends(open_to_all)])
_UNAVAILABLE = 503


@router.get("/health/live")
def live() -> Response:
    """Say that the process answers."""
    return as_json({"status": "ok"})


@router.get("/health/ready")
def ready(request: Request) -> Response:
    """Say whether database and store answer as well."""
    installation = here(request)
    problems = []
    try:
        with installation.database.reading() as connection:
            connection.execute(select(1))
    except SQLAlchemyError:
        problems.append("database")
    try:
        installation.store.check()
    except OSError:
        problems.append("objects")
    if problems:
        return as_json({"status": "unavailable", "unavailable": problems}, status=_UNAVAILABLE)
    return as_json({"status": "ok"})


@router.get("/metrics")
def metrics(request: Request) -> Response:
    """Hand out what is counted, as Prometheus reads it."""
    return Response(here(request).metrics.text(), media_type=CONTENT_TYPE)
