"""Small tables in place of the sources of a project whose data is not public.

Each table that the project's property files declare gets the columns they declare, the words that
a model reading this table alone may mean as columns, and a few rows whose values are a function of
the row's number, so that keys meet. A column's type is its `data_type`, or what the first pattern
of the entry's list that fits its name and description says.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

ROWS = 12
_MOMENT = "timestamp '2023-01-01 10:00:00' + i * interval '1 day'"
VALUES = {
    "bigint": "i",
    "double": "i * 1.5",
    "boolean": "i % 2 = 0",
    "date": "date '2023-01-01' + i::integer",
    "timestamp": _MOMENT,
    "timestamp with time zone": _MOMENT,
    "json": "'{}'",
    "varchar": "i",
}
"""By type; a column of any other type is null."""
TEXTS = {
    "time as text": f"strftime({_MOMENT}, '%Y-%m-%d %H:%M:%S')",
    "date as text": "date '2023-01-01' + i::integer",
    "object as text": "'{\"key\": ' || i || '}'",
    "array as text": "'[' || i || ']'",
}
"""What text may hold, which a list of types names like a type."""
_NO_COLUMN = re.compile(
    r"""\{\{.*?\}\} | \{%.*?%\} | \{\#.*?\#\} | --[^\n]* | '[^']*'
        | \bas\s+\w+ | \b(?:from|join|with)\s+\w+ | \w+\s+as\s*\( | \w+\s*[.(]""",
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
_WORD = re.compile(r"(?<![\w'\"])[a-z_][a-z0-9_]{2,}(?![\w'\"])")
_QUOTED = re.compile(r'"(\w[\w ]*)"')
_WORDS_OF_SQL = frozenset(
    """
    all and any array asc between bigint boolean by case cast char cross current date decimal
    desc distinct double else end except exists false first float following full group having
    integer ilike inner interval into intersect is join json last lateral left like limit not
    null nulls numeric offset on or order ordinality outer over partition preceding range
    right row rows select set string sum table then time timestamp true unbounded union unnest
    using values varchar when where window with
    """.split()  # noqa: SIM905 - words read better so
)


def statements(root: Path, told: Mapping[str, Any]) -> Iterator[str]:
    """Yield the statements that make the tables, as `sources` of an entry of the list says.

    `name` is the pattern of a table's name, `ignored` are the sources that need none, `types` are
    pairs of a pattern and a type, `everywhere` are columns of every table, and `first` are statements
    that come before.
    """
    yield from told.get("first", ())
    types = told.get("types", ())
    read = _words_read(root)
    for source, table in _declared(root, set(told.get("ignored", ()))):
        name = told.get("name", '"{source}"."{table}"').format(source=source, table=table["name"])
        names = {*told.get("everywhere", ()), *read[table["name"]]}
        columns = dict.fromkeys(sorted(names), "")
        columns |= {_plain(c["name"]): _described(c) for c in table.get("columns") or ()}
        kinds = {column: _kind(column, text, types) for column, text in columns.items()}
        if kinds:
            made = ", ".join(f'{_value(kind)} as "{column}"' for column, kind in kinds.items())
            yield f"create or replace table {name} as select {made} from range({ROWS}) as r(i)"


def _declared(root: Path, ignored: set[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted((root / "models").rglob("*.y*ml")):
        for source in (yaml.safe_load(path.read_text("utf-8")) or {}).get("sources") or ():
            if source["name"] not in ignored:
                yield from ((source["name"], table) for table in source.get("tables") or ())


def _words_read(root: Path) -> Mapping[str, set[str]]:
    """Return, by the name of a table, words of the models that read it and nothing else."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in sorted((root / "models").rglob("*.sql")):
        text = path.read_text("utf-8")
        tables = set(re.findall(r"source\(\s*'[^']*'\s*,\s*'([^']*)'", text))
        if len(tables) == 1 and not re.search(r"\bref\(", text):
            left = _NO_COLUMN.sub(" ", text).lower()
            found[tables.pop()] |= {*_WORD.findall(left)} - _WORDS_OF_SQL | {
                *_QUOTED.findall(left)
            }
    return found


def _plain(name: str) -> str:
    return name.strip('"`').lower()


def _described(column: Mapping[str, Any]) -> str:
    data_type = re.sub(r"\(\d+\)", "", str(column.get("data_type") or "").lower())
    return data_type or (column.get("description") or "").strip().lower()


def _kind(column: str, text: str, types: list[list[str]]) -> str:
    if text in VALUES or text.startswith("struct("):
        return text
    told = f"{column}: {text}"
    return next((kind for pattern, kind in types if re.search(pattern, told)), "varchar")


def _value(kind: str) -> str:
    if kind in TEXTS:
        return f"cast({TEXTS[kind]} as varchar)"
    return f"cast({VALUES.get(kind, 'null')} as {kind})"
