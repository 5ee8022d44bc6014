"""Templates to pages, with everything escaped; how moments, sizes and statuses are written."""

from __future__ import annotations

import datetime
from functools import cache
from typing import Any

from fastapi import Request, Response
from jinja2 import Environment, PackageLoader, StrictUndefined

from upriver import __version__
from upriver.server.auth.sessions import Session
from upriver.server.moments import now
from upriver.server.runs import Status
from upriver.state.age import spell_age

_KIBI = 1024
_SHORT = 8


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("upriver.server.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "age": _age,
        "moment": _moment,
        "size": _size,
        "short": lambda text: (text or "")[:_SHORT],
        "status": lambda number: Status(number).name.lower(),
        "span": _span,
    }
    return environment


def page(
    request: Request, name: str, session: Session | None, *, status: int = 200, **values: Any
) -> Response:
    """Return a page; templates know who is signed in and where they are."""
    html = (
        _templates()
        .get_template(f"{name}.html")
        .render(
            session=session,
            who=None if session is None else session.principal,
            path=request.url.path,
            version=__version__,
            **values,
        )
    )
    return Response(
        html,
        status_code=status,
        media_type="text/html; charset=utf-8",
        headers={"Cache-Control": "no-store"},
    )


def _age(moment: datetime.datetime | None) -> str:
    if moment is None:
        return "never"
    return f"{spell_age(max(0.0, (now() - moment).total_seconds()))} ago"


def _moment(moment: datetime.datetime | None) -> str:
    return "" if moment is None else moment.strftime("%Y-%m-%d %H:%M:%S UTC")


def _size(count: int) -> str:
    size = float(count)
    for unit in ("bytes", "KiB", "MiB"):
        if size < _KIBI:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= _KIBI
    return f"{size:.1f} GiB"


def _span(row: Any) -> str:
    if row.started_at is None:
        return ""
    seconds = ((row.finished_at or now()) - row.started_at).total_seconds()
    minutes, rest = divmod(int(max(0, seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
