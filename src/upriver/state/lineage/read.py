"""From the text of a query to a lineage; the parser is loaded here, where it is installed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec
import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from upriver.state.lineage.columns import (
    ALL,
    ROWS,
    UNNAMED,
    Kind,
    Lineage,
    OutputColumn,
    Passed,
    everything,
)
from upriver.state.lineage.query import Reader
from upriver.state.lineage.tables import Doubtful, Table, Value, input_table

# It warns on its own account of what it cannot parse; here that is a doubt, and told as one.
logging.getLogger("sqlglot").setLevel(logging.CRITICAL)


class Input(msgspec.Struct, frozen=True, kw_only=True):
    """What a query may read."""

    unique_id: str
    name: tuple[str, ...]
    """Parts of the relation's name."""
    columns: tuple[str, ...] = ()
    is_complete: bool = False
    """Whether those are all."""


def dialect_of(types: Iterable[str]) -> str:
    """Return the parser's name of a dialect, of several the first that it knows."""
    known = {name.lower() for name in sqlglot.Dialects.__members__}
    return next((one for one in types if one in known), "")


def read_lineage(
    sql: str, dialect: str, inputs: Sequence[Input], *, own: str | None = None
) -> Lineage:
    """Return where the columns of a query come from; what cannot be told is in doubt.

    `own` is the input that is the query's own relation, which it need not read.
    """
    ids = [one.unique_id for one in inputs if one.unique_id != own]
    found: set[str] = set()
    reader = Reader(_finder(inputs, found))
    try:
        statements = [one for one in sqlglot.parse(sql, dialect=dialect) if one is not None]
        if len(statements) != 1 or not isinstance(statements[0], exp.Query):
            return everything(ids, "it is not one query")
        table = reader.query(statements[0])
    except SqlglotError as error:
        return everything(ids, f"it cannot be parsed: {str(error).splitlines()[0]}")
    except Doubtful as doubt:
        return everything(ids, str(doubt))
    except RecursionError:
        return everything(ids, "it is nested too deeply")
    made = _lineage(table)
    # What is read in a way that was not seen, a file behind a source for one, counts whole.
    unseen = tuple((one, ALL) for one in ids if one not in found)
    return msgspec.structs.replace(made, used=(*made.used, *unseen))


def _finder(inputs: Sequence[Input], found: set[str]) -> Callable[[tuple[str, ...]], Table | None]:
    by_name: dict[str, list[Input]] = {}
    for one in inputs:
        by_name.setdefault(one.name[-1].lower(), []).append(one)

    def find(parts: tuple[str, ...]) -> Table | None:
        lower = tuple(part.lower() for part in parts)
        matching = [
            one
            for one in by_name.get(lower[-1], ())
            if tuple(part.lower() for part in one.name)[-len(lower) :] == lower
        ]
        if not matching:
            return None
        if len({one.name for one in matching}) > 1:
            raise Doubtful(f"`{'.'.join(parts)}` may be several inputs")
        found.update(one.unique_id for one in matching)
        return input_table([(one.unique_id, one.columns, one.is_complete) for one in matching])

    return find


def _lineage(table: Table) -> Lineage:
    columns: list[OutputColumn] = []
    names: set[str] = set()
    for at, (name, value) in enumerate(table.columns):
        is_free = bool(name) and name.lower() not in names
        names.add(name.lower())
        # Of what has no name, or one that is taken, the warehouse decides.
        columns.append(_output(name if is_free else f"{UNNAMED}{at}", value))
    passed: dict[str, Passed] = {}
    for part in table.open:
        if part.mixed is not None:
            columns.append(_output(ALL, part.mixed))
        elif part.unique_id is not None:
            known = passed.get(part.unique_id)
            excluded = part.excluded if known is None else part.excluded & {*known.excluded}
            passed[part.unique_id] = Passed(part.unique_id, tuple(sorted(excluded)))
    return Lineage(
        columns=tuple(columns),
        passed=tuple(passed.values()),
        starred=tuple(sorted(table.starred)),
        used=tuple(sorted(table.used)),
        rows=table.text,
    )


def _output(name: str, value: Value) -> OutputColumn:
    kind: Kind = "transform"
    if value.plain is not None:
        is_same = all(column == name.lower() for _, column in value.plain)
        kind = "passthrough" if is_same else "rename"
    elif not any(column != ROWS for _, column in value.origins):
        kind = "constant" if not value.origins else "transform"
    return OutputColumn(name, kind, tuple(sorted(value.origins)), value.text)


def both(one: Lineage, other: Lineage) -> Lineage:
    """Return the lineage of a resource that is made in one of two ways, not known which."""
    if one == other or one.doubt is not None:
        return one
    if other.doubt is not None:
        return other
    columns: Mapping[str, OutputColumn] = {column.name: column for column in one.columns}
    merged = dict(columns)
    for column in other.columns:
        known = merged.get(column.name)
        if known is None:
            merged[column.name] = column
        elif known != column:
            origins = tuple(sorted({*known.origins, *column.origins}))
            kind = known.kind if known.kind == column.kind else "transform"
            digest = f"{known.digest}|{column.digest}"
            merged[column.name] = OutputColumn(column.name, kind, origins, digest)
    return Lineage(
        columns=tuple(merged.values()),
        passed=tuple(dict.fromkeys((*one.passed, *other.passed))),
        starred=tuple(sorted({*one.starred, *other.starred})),
        used=tuple(sorted({*one.used, *other.used})),
        rows=f"{one.rows}|{other.rows}",
    )
