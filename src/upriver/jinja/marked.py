"""Text that is to become a value when the string of YAML it is the whole of is rendered.

The filters of conversion give text, as dbt's do, and what a whole string comes to is converted at
its end. Hence `'False'` counts as true where an expression goes on: `(a | as_bool) and b` is `b`.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from upriver.jinja.errors import CompilationError


class Marked(str):
    """What `as_native` gives."""

    __slots__ = ()

    def value(self) -> Any:
        """Return what the text says, or the text."""
        try:
            return ast.literal_eval(self)
        except (ValueError, SyntaxError, MemoryError):
            return str(self)


class MarkedBool(Marked):
    """What `as_bool` gives."""

    __slots__ = ()

    def value(self) -> bool:
        """Return true or false; anything else is a mistake."""
        made = super().value()
        if not isinstance(made, bool):
            raise CompilationError(f"Could not convert value `{self}` into type `bool`")
        return made


class MarkedNumber(Marked):
    """What `as_number` gives."""

    __slots__ = ()

    def value(self) -> int | float:
        """Return a number; anything else is a mistake."""
        made = super().value()
        if isinstance(made, bool) or not isinstance(made, int | float):
            raise CompilationError(f"Could not convert value `{self}` into type `number`")
        return made


def converted(value: Any) -> Any:
    """Return the value of a whole string; text that is marked deeper in it is plain text."""
    return value.value() if isinstance(value, Marked) else _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, Marked):
        return str(value)
    if isinstance(value, list | tuple):
        if not any(isinstance(one, Marked | list | tuple | Mapping) for one in value):
            return value
        return type(value)(_plain(one) for one in value)
    if type(value) is dict:
        return {_plain(key): _plain(one) for key, one in value.items()}
    return value
