"""What filters and groupings name: templates in which only four names are known.

`{{ Dimension('order__channel') }} = 'web'` names what it filters by; rendering it tells which
dimensions, entities and metrics that is. The SQL around is never looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from upriver.resources.semantic import GRANULARITIES


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a filter, a grouping or an ordering names."""

    kind: str
    """`Dimension`, `TimeDimension`, `Entity` or `Metric`."""
    name: str
    """Element, without entities and granularity."""
    path: tuple[str, ...] = ()
    """Entities that lead to it."""
    grain: str | None = None
    date_part: str | None = None
    group_by: tuple[str, ...] = ()
    is_descending: bool | None = None


class UnreadableFilterError(Exception):
    """A filter that cannot be rendered, or names something in a way it cannot be named."""


def read_items(template: str, *, is_ordering: bool = False) -> tuple[Item, ...]:
    """Return what a template names, each once; raises UnreadableFilterError."""
    # Jinja is loaded only for projects with filters.
    from jinja2 import StrictUndefined
    from jinja2.exceptions import TemplateError
    from jinja2.sandbox import SandboxedEnvironment

    found: list[_Named] = []
    try:
        SandboxedEnvironment(undefined=StrictUndefined).from_string(template).render(
            Dimension=_recorder("Dimension", found),
            TimeDimension=_recorder("TimeDimension", found),
            Entity=_recorder("Entity", found),
            Metric=_recorder("Metric", found),
        )
        items = (named.item(is_ordering=is_ordering) for named in found)
        return tuple(dict.fromkeys(items))
    except (TemplateError, TypeError, ValueError, AttributeError) as error:
        raise UnreadableFilterError(str(error)) from error


def _recorder(kind: str, found: list[_Named]) -> Callable[..., _Named]:
    def record(name: str, *args: Any, **kwargs: Any) -> _Named:
        named = _Named(kind, name, args, kwargs)
        found.append(named)
        return named

    return record


_ARGUMENTS = {
    "Dimension": ("entity_path",),
    "TimeDimension": (
        "time_granularity_name", "entity_path", "descending", "date_part_name",
    ),
    "Entity": ("entity_path",),
    "Metric": ("group_by",),
}  # fmt: skip


class _Named:
    """What a call of one of the four names gives: nothing to show, and methods that say more."""

    def __init__(
        self, kind: str, name: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        known = _ARGUMENTS[kind]
        if not isinstance(name, str):
            raise TypeError(f"`{kind}` takes a name, and was given `{name}`")
        if len(args) > len(known) or kwargs.keys() - set(known):
            message = f"`{kind}('{name}', ...)` takes {', '.join(known)} beside the name"
            raise TypeError(message)
        given = {**dict(zip(known, args, strict=False)), **kwargs}
        self.kind = kind
        self.written = name
        self.entities = tuple(_texts(given.get("entity_path")))
        self.group_by = tuple(_texts(given.get("group_by")))
        self.said_grain: str | None = given.get("time_granularity_name")
        self.part: str | None = given.get("date_part_name")
        self.is_descending: bool | None = given.get("descending")

    def __str__(self) -> str:
        return ""

    def grain(self, name: str) -> _Named:
        """Say the granularity of a dimension."""
        self._require("Dimension", "grain")
        self.said_grain = name
        return self

    def date_part(self, name: str) -> _Named:
        """Say the part of a date."""
        self._require("Dimension", "date_part")
        self.part = name
        return self

    def descending(self, is_descending: Any) -> _Named:
        """Say the direction of an ordering."""
        self.is_descending = bool(is_descending)
        return self

    def _require(self, kind: str, method: str) -> None:
        if self.kind != kind:
            message = f"`{self.kind}('{self.written}')` has no method `{method}`"
            raise AttributeError(message)

    def item(self, *, is_ordering: bool) -> Item:
        """Return what was named; raises ValueError where it cannot be named like that."""
        if self.is_descending is not None and not is_ordering and self.kind != "Dimension":
            message = f"`descending` has a meaning only in `order_by`: `{self.written}`"
            raise ValueError(message)
        if self.kind == "Metric":
            if not self.group_by and not is_ordering:
                message = f"`Metric('{self.written}')` needs `group_by` here"
                raise ValueError(message)
            return self._item(self.written, (), None)
        *path, name = self.written.lower().split("__")
        grain = None
        if path and name in GRANULARITIES:
            grain, name = name, path.pop()
        if self.kind == "Entity":
            if grain is not None:
                message = f"`Entity('{self.written}')` cannot have a granularity"
                raise ValueError(message)
        elif len(path) != 1 and name != "metric_time":
            message = f"`{self.written}` must be `<primary entity>__<dimension>`"
            raise ValueError(message)
        return self._item(name, tuple(path), grain)

    def _item(self, name: str, path: tuple[str, ...], grain: str | None) -> Item:
        if grain is not None and self.said_grain not in (None, grain):
            message = f"`{self.written}` has the granularity `{grain}`, and `{self.said_grain}`"
            raise ValueError(message)
        said = self.said_grain or grain
        return Item(
            kind="TimeDimension" if self.kind == "Dimension" and (said or self.part)
            else self.kind,
            name=name,
            path=(*self.entities, *path),
            grain=said.lower() if said else None,
            date_part=self.part,
            group_by=self.group_by,
            is_descending=self.is_descending,
        )  # fmt: skip


def _texts(value: Any) -> Iterable[str]:
    if value is None:
        return ()
    if isinstance(value, str) or not all(isinstance(one, str) for one in value):
        message = f"`{value}` must be a list of names"
        raise TypeError(message)
    return value  # type: ignore[no-any-return] # checked above
