"""Nested entries as data: what each mapping inside an entry may hold, and what it holds unsaid.

Semantic models and metrics are trees of small mappings. Each kind of mapping is a `Part`, a table
of its fields; `read_part` checks one against its table and gives it back whole, with every field.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from upriver.parse.entries import shape
from upriver.parse.entries.reader import Keys, Reader

Convert = Callable[[Reader, Any, Keys], Any]
"""Turns a value of the right type into what is kept; None after reporting what is wrong."""


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One field of a part."""

    rule: shape.Rule
    default: Any = None
    is_required: bool = False
    part: Part | None = None
    """What the mapping, or each mapping of the list, is."""
    choices: tuple[str, ...] = ()
    """The words it may be, in any case of letters; kept in lower case."""
    convert: Convert | None = None


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of mapping."""

    what: str
    """For messages, with its article: `A measure`."""
    fields: Mapping[str, Field]
    text_stands_for: str | None = None
    """Field that a text in the mapping's place gives."""


def read_part(reader: Reader, value: Any, part: Part, keys: Keys) -> dict[str, Any] | None:
    """Return a mapping with all fields of its part, or None where one that it needs is wrong."""
    if part.text_stands_for is not None and isinstance(value, str):
        value = {part.text_stands_for: value}
    if not isinstance(value, dict):
        name = str(keys[-2] if isinstance(keys[-1], int) else keys[-1])
        reader.wrong_type(name, value, "a mapping", keys)
        return None
    before = len(reader.problems)
    rules = {key: field.rule for key, field in part.fields.items()}
    known, unknown = reader.fields(value, rules, keys)
    reader.refuse_unknown(unknown, rules, keys, part.what)
    read: dict[str, Any] = {}
    for key, field in part.fields.items():
        if known.get(key) is None:
            read[key] = _default(reader, field, part, key, value, keys)
        else:
            read[key] = _read(reader, known[key], field, (*keys, key))
    is_whole = not any(problem.severity == "error" for problem in reader.problems[before:])
    return read if is_whole else None


def _default(
    reader: Reader, field: Field, part: Part, key: str, value: Mapping[str, Any], keys: Keys
) -> Any:
    if field.is_required and key not in value:
        reader.report("property-missing", f"{part.what} needs `{key}`", keys)
    default = field.default
    return type(default)(default) if isinstance(default, dict | list) else default


def _read(reader: Reader, value: Any, field: Field, keys: Keys) -> Any:
    if field.choices:
        word = str(value).lower()
        reader.one_of(str(keys[-1]), word, field.choices, keys[:-1])
        return word
    if field.part is not None:
        if isinstance(value, list):
            read = (
                read_part(reader, one, field.part, (*keys, at)) for at, one in enumerate(value)
            )
            return [one for one in read if one is not None]
        return read_part(reader, value, field.part, keys)
    return value if field.convert is None else field.convert(reader, value, keys)


def texts(reader: Reader, value: Any, keys: Keys) -> list[str]:
    """Convert a text or a list of texts to a list."""
    return list(reader.texts(str(keys[-1]), value, keys[:-1]))


def as_text(_reader: Reader, value: Any, _keys: Keys) -> str:
    """Convert a value to text, as dbt does with expressions that YAML reads as something else."""
    return str(value)


def where_filters(reader: Reader, value: Any, keys: Keys) -> dict[str, Any]:
    """Convert a filter, which is text or a list of texts, to dbt's intersection of filters."""
    return {"where_filters": [{"where_sql_template": text} for text in texts(reader, value, keys)]}


TEXT = Field(rule=shape.OPTIONAL_TEXT)
NAME = Field(rule=shape.TEXT, is_required=True)
MAPPING = Field(rule=shape.MAPPING, default={})
NO = Field(rule=shape.Rule((bool,), "`true` or `false`"), default=False)
FILTER = Field(rule=shape.TEXT_OR_LIST, convert=where_filters)
