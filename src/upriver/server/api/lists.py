"""Lists of the v2 and v3 interfaces: what clients write in queries, and the page they get (section 5).

Clients spell lists in many ways; all of them are read. A page never has more rows than asked for.
"""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from fastapi import Request, Response
from sqlalchemy import Connection, Select, func, select

from upriver.server.api.envelope import enveloped
from upriver.server.moments import read_moment

MOST_ROWS: Final = 100
_QUOTED: Final = re.compile(r"""['"]?([^'",\[\]]*)['"]?\Z""")
_LARGEST: Final = 2**53
_ENDS: Final = 2


def words_of(request: Request, name: str) -> list[str]:
    """Return the values of a list parameter, however it is written."""
    words: list[str] = []
    for text in request.query_params.getlist(name):
        words.extend(_read_list(text.strip()))
    return [word for word in words if word]


def _read_list(text: str) -> Sequence[str]:
    if text.startswith("["):
        try:
            read = json.loads(text)
        except ValueError:
            text = text.strip("[]")
        else:
            return [str(one) for one in read] if isinstance(read, list) else [str(read)]
    parts = (_QUOTED.match(part.strip()) for part in text.split(","))
    return [part[1].strip() for part in parts if part is not None]


def numbers_of(request: Request, name: str) -> list[int]:
    """Return the numbers of a list parameter; what is none is passed over."""
    return [
        int(word)
        for word in words_of(request, name)
        if word.isascii() and word.isdecimal() and int(word) <= _LARGEST
    ]


def number_of(request: Request, name: str) -> int | None:
    """Return the first number of a parameter."""
    return next(iter(numbers_of(request, name)), None)


def range_of(request: Request, name: str) -> tuple[datetime.datetime, datetime.datetime] | None:
    """Return the two ends of a `..__range` parameter; None when it is absent or unreadable."""
    text = request.query_params.get(name)
    if text is None:
        return None
    ends = [read_moment(word.replace(" ", "T", 1)) for word in _read_list(text)]
    if len(ends) != _ENDS or ends[0] is None or ends[1] is None:
        return None
    return ends[0], ends[1]


def page(
    connection: Connection,
    request: Request,
    query: Select[Any],
    columns: Mapping[str, Any],
    shape: Callable[[Sequence[Any]], Sequence[Any]],
) -> Response:
    """Answer with a page of a query; `columns` are those it may be ordered by, the first usual."""
    limit = number_of(request, "limit")
    limit = MOST_ROWS if limit is None else max(0, min(limit, MOST_ROWS))
    offset = number_of(request, "offset") or 0
    wanted = request.query_params.get("order_by", "").strip().strip("'\"")
    name = wanted.removeprefix("-")
    column = columns.get(name, next(iter(columns.values())))
    ordering = column.desc() if wanted.startswith("-") else column.asc()
    total = connection.scalar(select(func.count()).select_from(query.subquery()))
    # The id as well: rows of one moment keep their order from page to page.
    last = next(iter(columns.values()))
    rows = connection.execute(
        query.order_by(ordering, last.desc() if wanted.startswith("-") else last.asc())
        .limit(limit)
        .offset(offset)
    ).all()
    extra = {
        "filters": {"limit": limit, "offset": offset},
        "order_by": wanted or "id",
        "pagination": {"count": len(rows), "total_count": total},
    }
    return enveloped(shape(rows), extra=extra)
