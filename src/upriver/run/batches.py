"""The time windows of a microbatch model (PROJ-235)."""

from __future__ import annotations

import calendar
import datetime
from typing import Literal, get_args

import msgspec

BatchSize = Literal["hour", "day", "month", "year"]
BATCH_SIZES: tuple[str, ...] = get_args(BatchSize)

_FORMATS = {"hour": "%Y-%m-%dT%H", "day": "%Y-%m-%d", "month": "%Y-%m", "year": "%Y"}
_MONTHS = 12


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """One window; the end does not belong to it."""

    start: datetime.datetime
    end: datetime.datetime
    name: str
    """How files and logs name it, e.g. `2024-01-05`."""

    @property
    def id(self) -> str:
        """`model.batch.id` (JINJA-74)."""
        return self.name.replace("-", "")


class PastBatches(msgspec.Struct, frozen=True, kw_only=True):
    """How the batches of a model ended in the run that is retried, as start and end."""

    succeeded: tuple[tuple[str, str], ...] = ()
    failed: tuple[tuple[str, str], ...]


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """What decides which batches run."""

    size: BatchSize
    lookback: int = 1
    begin: datetime.datetime
    now: datetime.datetime
    start: datetime.datetime | None = None
    """`--event-time-start`."""
    end: datetime.datetime | None = None
    """`--event-time-end`."""
    is_incremental: bool = False


def batches(window: Window) -> tuple[Batch, ...]:
    """Return the batches to run, oldest first.

    The end is rounded up, so that the period which is not over yet is a batch too; a batch that
    was incomplete then is built again because of `lookback`.
    """
    end = _ceiling(window.end or window.now, window.size)
    found: list[Batch] = []
    start = _start(window, end)
    while start < end:
        following = _shift(start, window.size, 1)
        found.append(Batch(start=start, end=following, name=start.strftime(_FORMATS[window.size])))
        start = following
    return tuple(found)


def batch_of(start: datetime.datetime, end: datetime.datetime, size: BatchSize) -> Batch:
    """Return the batch of a window that ran before."""
    return Batch(start=start, end=end, name=start.strftime(_FORMATS[size]))


def _start(window: Window, end: datetime.datetime) -> datetime.datetime:
    if window.start is not None:
        return _floor(window.start, window.size)
    if not window.is_incremental:
        return _floor(window.begin, window.size)
    return _shift(end, window.size, -(window.lookback + 1))


def _floor(moment: datetime.datetime, size: BatchSize) -> datetime.datetime:
    whole = moment.replace(minute=0, second=0, microsecond=0)
    if size == "hour":
        return whole
    whole = whole.replace(hour=0)
    if size == "day":
        return whole
    whole = whole.replace(day=1)
    return whole if size == "month" else whole.replace(month=1)


def _ceiling(moment: datetime.datetime, size: BatchSize) -> datetime.datetime:
    whole = _floor(moment, size)
    return whole if whole == moment else _shift(whole, size, 1)


def _shift(moment: datetime.datetime, size: BatchSize, count: int) -> datetime.datetime:
    """Move a moment that is at the start of a batch by a number of batches."""
    if size == "hour":
        return moment + datetime.timedelta(hours=count)
    if size == "day":
        return moment + datetime.timedelta(days=count)
    return _add_months(moment, count if size == "month" else count * _MONTHS)


def before(moment: datetime.datetime, unit: str, count: int) -> datetime.datetime:
    """Return the moment so many hours, days, months or years earlier."""
    if unit in {"hour", "day"}:
        return moment - datetime.timedelta(**{f"{unit}s": count})
    return _add_months(moment, -count if unit == "month" else -count * _MONTHS)


def _add_months(moment: datetime.datetime, count: int) -> datetime.datetime:
    """Add months; a day the month does not have becomes its last."""
    year, month = divmod(moment.year * _MONTHS + moment.month - 1 + count, _MONTHS)
    last = calendar.monthrange(year, month + 1)[1]
    return moment.replace(year=year, month=month + 1, day=min(moment.day, last))
