"""What a reference gives of a relation: all rows, none, or those of a window of time.

`--empty` takes no rows (CLI-70), `--sample` and microbatches those whose event time falls into a
window (CLI-71, PROJ-235). Only relations whose resource names its `event_time` are filtered.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from upriver.jinja.errors import CompilationError
from upriver.jinja.relation import EventTimeFilter
from upriver.parse.world import Settings
from upriver.resources.nodes import Node, Resource, Source
from upriver.run.batches import Batch, before
from upriver.workspace.yaml import load_yaml

_SAMPLE = re.compile(r"\s*(\d+)\s*(hour|day|month|year)s?\s*", re.IGNORECASE)


class Window(msgspec.Struct, frozen=True):
    """A span of time; the end does not belong to it."""

    start: datetime.datetime
    end: datetime.datetime


class Narrowing(msgspec.Struct, frozen=True, kw_only=True):
    """How references of one step are narrowed."""

    limit: int | None = None
    window: Window | None = None

    def filter_of(self, resource: Resource | None) -> EventTimeFilter | None:
        """Return the filter of a reference to the resource; None where it has no event time."""
        if self.window is None or not isinstance(resource, Node | Source):
            return None
        field = resource.config.get("event_time")
        if not field:
            return None
        return EventTimeFilter(field_name=str(field), start=self.window.start, end=self.window.end)


EVERYTHING = Narrowing()


def narrowing_of(settings: Settings) -> Narrowing:
    """Return how this invocation narrows references."""
    flags = settings.flags
    sample = flags.get("SAMPLE")
    return Narrowing(
        limit=0 if flags.get("EMPTY") else None,
        window=None if not sample else read_sample(sample, settings.invocation.started_at),
    )


def in_batch(narrowing: Narrowing, batch: Batch) -> Narrowing:
    """Narrow further to a batch; a sample cuts the batch off, it does not replace it."""
    window = Window(batch.start, batch.end)
    sample = narrowing.window
    if sample is not None:
        window = Window(max(window.start, sample.start), min(window.end, sample.end))
    return msgspec.structs.replace(narrowing, window=window)


def read_sample(value: Any, now: datetime.datetime) -> Window:
    """Read `--sample`: `3 days` back from now, or a mapping, also as YAML, with `start` and `end`."""
    is_yaml = isinstance(value, str) and value.lstrip().startswith("{")
    window = _window(load_yaml(value).value if is_yaml else value)
    if window is not None:
        return window
    match = _SAMPLE.fullmatch(str(value))
    if match is None:
        raise CompilationError(
            f"`{value}` is not a sample",
            code="sample-invalid",
            hint="Write a number of hours, days, months or years, e.g. `3 days`, or a mapping with"
            " `start` and `end`",
        )
    return Window(before(now, match[2].lower(), int(match[1])), now)


def _window(value: Any) -> Window | None:
    if not isinstance(value, Mapping) or not {"start", "end"} <= value.keys():
        return None
    try:
        return Window(read_moment(value["start"]), read_moment(value["end"]))
    except ValueError:
        return None


def read_moment(value: Any) -> datetime.datetime:
    """Read a moment of a flag or config; without a zone it is UTC."""
    if isinstance(value, datetime.datetime):
        moment = value
    elif isinstance(value, datetime.date):
        moment = datetime.datetime.combine(value, datetime.time(), datetime.UTC)
    else:
        moment = datetime.datetime.fromisoformat(str(value).strip())
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=datetime.UTC)
