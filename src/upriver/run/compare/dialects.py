"""What comparing says differently on each kind of warehouse: hashes, casts, types."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec

from upriver.resources.dialect import Dialect

_DECIMAL = re.compile(r"(?:decimal|numeric)\((\d+),\s*(\d+)\)")
_DIGITS = 38
_INTEGERS = frozenset(
    {"tinyint", "smallint", "integer", "bigint", "hugeint", "utinyint", "usmallint", "uinteger",
     "ubigint", "uhugeint", "int2", "int4", "int8"}
)  # fmt: skip
_FLOATS = frozenset({"float", "double", "real", "double precision", "float4", "float8"})
_TIMES = ("date", "timestamp")


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """One dialect. Expressions in templates stand for `{}`."""

    text: str = "varchar"
    """The type every value can be cast to."""
    bucket: str | None = None
    """Expression for a number below `{count}` that is the same for equal `{values}`; None where
    the dialect is not known well enough to divide rows.
    """
    digest: str = ""
    """Expression for a number that differs for different `{values}`."""
    total: str = "sum({})"
    """Sum of digests that cannot overflow."""
    describe: str | None = None
    """Query for names and types of the columns of the relation whose name is the text `{}`; None
    where the session tells them in full.
    """
    begin: str | None = None
    """Statement that makes the open transaction see one moment and write nothing."""
    incomparable: tuple[str, ...] = ()
    """Types without equality, whose values are compared as text."""
    exact: str = ""
    """Cast of exact numbers of different types to comparable ones, where one type suits all."""
    normal: Mapping[str, str] = {}
    """By type: form in which equal values have equal texts, so that they are hashed alike."""


_DUCKDB = Words(
    bucket="cast(hash({values}) % {count} as integer)",
    digest="hash({values})",
)
_POSTGRES = Words(
    text="text",
    bucket="((hashtextextended(row({values})::text, 7) & 2147483647) % {count})",
    digest="hashtextextended(row({values})::text, 0)",
    describe="""
        select attname, format_type(atttypid, atttypmod) from pg_attribute
        where attrelid = {}::regclass and attnum > 0 and not attisdropped order by attnum""",
    begin="set transaction isolation level repeatable read, read only",
    incomparable=(
        "json", "xml", "point", "line", "lseg", "box", "path", "polygon", "circle",
        "txid_snapshot", "pg_snapshot",
    ),
    exact="trim_scale({}::numeric)",
    normal={
        "numeric": "trim_scale({})",
        "citext": "lower({}::text)",
        "interval": "justify_interval({})",
        "real": "({} + 0.0::real)",
        "double precision": "({} + 0.0::float8)",
    },
)  # fmt: skip
_OTHER = Words()
_KNOWN = {"duckdb": _DUCKDB, "postgres": _POSTGRES}


def words_of(dialect: Dialect) -> Words:
    """Return the words of a dialect, or of the nearest one it descends from."""
    names = (dialect.type, *dialect.parents)
    return next((_KNOWN[name] for name in names if name in _KNOWN), _OTHER)


def comparable(words: Words, one: str, other: str) -> str:
    """Return a template that makes values of two types comparable, `{}` where they are so."""
    first, second = one.lower(), other.lower()
    if first == second:
        bare = first.partition("(")[0]
        if bare.removesuffix("[]") in words.incomparable:
            return _cast(words.text)
        return "{}" if first.endswith("[]") else words.normal.get(bare, "{}")
    if _is_exact(first) and _is_exact(second):
        return _exact(words, first, second)
    if _is_number(first) and _is_number(second):
        return _cast("double precision")
    if first.startswith(_TIMES) and second.startswith(_TIMES):
        has_zone = any("with time zone" in kind or "tz" in kind for kind in (first, second))
        return _cast("timestamptz" if has_zone else "timestamp")
    return _cast(words.text)


def _exact(words: Words, one: str, other: str) -> str:
    if words.exact:
        return words.exact
    if one in _INTEGERS and other in _INTEGERS:
        return _cast(words.text)
    sizes = [_size(kind) for kind in (one, other)]
    scale = max(size[1] for size in sizes)
    digits = max(size[0] - size[1] for size in sizes)
    fits = digits + scale <= _DIGITS
    return _cast(f"decimal({_DIGITS},{scale})" if fits else "double precision")


def _size(kind: str) -> tuple[int, int]:
    match = _DECIMAL.fullmatch(kind)
    # An integer of 64 bits has up to 19 digits.
    return (int(match[1]), int(match[2])) if match else (19, 0)


def _is_exact(kind: str) -> bool:
    return kind in _INTEGERS or kind.startswith(("decimal", "numeric"))


def _is_number(kind: str) -> bool:
    return kind in _FLOATS or _is_exact(kind)


def _cast(kind: str) -> str:
    return f"cast({{}} as {kind})"


def filled(template: str, values: Sequence[str], count: int = 0) -> str:
    """Return an expression over several values."""
    return template.replace("{values}", ", ".join(values)).replace("{count}", str(count))
