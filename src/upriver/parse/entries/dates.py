"""Dates in YAML, which arrive as dates or as text."""

from __future__ import annotations

import datetime
from typing import Any

from upriver.parse.entries.reader import Keys, Reader


def read_date(reader: Reader, key: str, value: Any, keys: Keys) -> str | None:
    """Return a date as ISO text with its offset; one without an offset is taken for UTC."""
    moment = _moment(value)
    if moment is not None:
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=datetime.UTC)
        return moment.isoformat()
    reader.report(
        "property-type",
        f"`{key}` is `{value}`, which is no date",
        (*keys, key),
        hint="Write a date such as `2026-01-31`",
    )
    return None


def _moment(value: Any) -> datetime.datetime | None:
    if isinstance(value, datetime.datetime):
        return value
    if isinstance(value, datetime.date):
        return datetime.datetime.combine(value, datetime.time())
    if not isinstance(value, str):
        return None
    try:
        return datetime.datetime.fromisoformat(value.strip())
    except ValueError:
        return None
