"""What became of comparing one resource's relation with the baseline's, and the same as data.

The shape of the data is documented in `docs/data-diff.md`.
"""

from __future__ import annotations

import datetime
import decimal
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from upriver.run.compare.differing import Differing, KeyTrouble, RowExample

Status = Literal[
    "compared", "not-in-state", "missing-here", "missing-in-baseline", "same-relation", "failed"
]

EXPLAINED: Mapping[Status, str] = {
    "compared": "its rows were compared",
    "not-in-state": "the state does not have it",
    "missing-here": "it is not built in the target",
    "missing-in-baseline": "the relation that the state names does not exist",
    "same-relation": "the state's relation is the target's own",
    "failed": "it could not be compared",
}
"""Each status in words."""


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """One resource."""

    unique_id: str
    name: str
    status: Status
    relation: str | None = None
    baseline_relation: str | None = None
    key_origin: str | None = None
    """Who says that the key is one."""
    differing: Differing | None = None
    """Only if it was compared."""

    @property
    def is_different(self) -> bool:
        """Whether it was compared and differs, or one of the two relations is not there."""
        if self.differing is not None:
            return self.differing.is_different
        return self.status in ("not-in-state", "missing-here", "missing-in-baseline")


def as_data(compared: Compared) -> dict[str, Any]:
    """Return the resource as plain data."""
    found = compared.differing
    data: dict[str, Any] = {
        "unique_id": compared.unique_id,
        "name": compared.name,
        "status": compared.status,
        "is_different": compared.is_different,
        "relation": compared.relation,
        "baseline_relation": compared.baseline_relation,
    }
    if found is None:
        return data
    rows = found.rows
    return {
        **data,
        "key": {"columns": list(found.key), "origin": compared.key_origin} if found.key else None,
        "schema": msgspec.to_builtins(found.schema),
        "rows": {**msgspec.to_builtins(rows), "same": rows.same},
        "columns": [
            {
                "name": column.name,
                "changed": column.changed,
                "examples": [
                    {
                        "key": _named(found.key, cell.key),
                        "before": plain(cell.before),
                        "after": plain(cell.after),
                    }
                    for cell in column.examples
                ],
            }
            for column in found.columns
        ],
        "examples": {
            "added": _examples(found, (*found.added, *found.added_whole)),
            "removed": _examples(found, (*found.removed, *found.removed_whole)),
        },
        "key_problems": {
            "baseline": _trouble(found, found.trouble_baseline),
            "here": _trouble(found, found.trouble_here),
        },
        "buckets": {"count": found.buckets, "differing": found.differing_buckets},
    }


def _examples(found: Differing, rows: Sequence[RowExample]) -> list[dict[str, Any]]:
    return [{"count": row.count, "values": _named(found.compared, row.values)} for row in rows]


def _trouble(found: Differing, trouble: KeyTrouble) -> dict[str, Any]:
    return {
        "duplicates": trouble.duplicates,
        "rows": trouble.rows,
        "nulls": trouble.nulls,
        "examples": [
            {"count": row.count, "key": _named(found.key, row.values)} for row in trouble.examples
        ],
    }


def _named(names: Sequence[str], values: Sequence[Any]) -> dict[str, Any]:
    return dict(zip(names, map(plain, values), strict=True))


def plain(value: Any) -> Any:
    """Return a value that JSON has: exact numbers as text, numbers that are none by their name."""
    match value:
        case None | bool() | str():
            return value
        case int():
            # Beyond this, readers of JSON lose digits.
            return value if abs(value) < 1 << 53 else str(value)
        case float():
            return value if value - value == 0 else str(value)
        case decimal.Decimal():
            return f"{value:f}"
        case datetime.datetime() | datetime.date() | datetime.time():
            return value.isoformat()
        case bytes() | bytearray() | memoryview():
            return bytes(value).hex()
        case Mapping():
            return {str(key): plain(item) for key, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
        case _:
            return str(value)


def shown(value: Any) -> str:
    """Return a value as a person reads it, on one line."""
    match made := plain(value):
        case None:
            return "NULL"
        case str():
            is_text = isinstance(value, str)
            return f"'{_visible(made)}'" if is_text else made
        case bool():
            return "true" if made else "false"
        case dict() | list():
            return _visible(msgspec.json.encode(made).decode())
        case _:
            return str(made)


def _visible(text: str) -> str:
    """Return text without characters that would move the cursor or hide what follows."""
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode()
        for c in text
    )
