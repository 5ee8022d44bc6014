"""What a property file says of macros (PROJ-154)."""

from __future__ import annotations

from typing import Any

from upriver.parse.entries import shape
from upriver.parse.entries.reader import Keys, Reader
from upriver.resources.definitions import MacroPatch
from upriver.resources.macro import MacroArgument

_SHAPE: shape.Shape = {
    "name": shape.TEXT,
    "description": shape.TEXT,
    "arguments": shape.LIST,
    "docs": shape.MAPPING,
    "meta": shape.MAPPING,
    "config": shape.MAPPING,
}
_ARGUMENT: shape.Shape = {
    "name": shape.TEXT,
    "type": shape.OPTIONAL_TEXT,
    "description": shape.TEXT,
}


def read_macro(reader: Reader, raw: Any, keys: Keys) -> MacroPatch | None:
    """Read one entry of `macros:`."""
    if reader.name_of(raw, keys, "A macro") is None:
        return None
    item = reader.render(raw, keys, _is_left_alone)
    name = reader.name_of(item, keys, "A macro")
    if name is None:
        return None
    known, unknown = reader.fields(item, _SHAPE, keys)
    if unknown:
        reader.doubt_unknown(unknown, _SHAPE, keys, "A macro")
    arguments = []
    for index, argument in enumerate(known.pop("arguments", ())):
        read = _read_argument(reader, argument, (*keys, "arguments", index))
        if read is not None:
            arguments.append(read)
    known["name"] = name
    return MacroPatch(
        **known, package=reader.package, path=reader.path, arguments=tuple(arguments), keys=keys
    )


def _is_left_alone(keys: Keys) -> bool:
    return keys[-1:] == ("description",) and keys[0] in ("description", "arguments")


def _read_argument(reader: Reader, item: Any, keys: Keys) -> MacroArgument | None:
    if reader.name_of(item, keys, "An argument") is None:
        return None
    known, unknown = reader.fields(item, _ARGUMENT, keys)
    if unknown:
        reader.doubt_unknown(unknown, _ARGUMENT, keys, "An argument")
    return MacroArgument(**known)
