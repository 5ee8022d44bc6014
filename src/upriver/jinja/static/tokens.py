"""The words of a tag: names, numbers, strings, operators and what ends it."""

from __future__ import annotations

import re

from upriver.jinja.blocks import RAW, STRING


class Unreadable(Exception):  # noqa: N818 - not an error: the text is left to Jinja
    """The text holds something this reader does not know."""


OPEN = re.compile(rf"\{{\#.*?\#\}}|{RAW}|\{{([{{%#])[-+]?", re.DOTALL)

NAME, NUMBER, STRING_TOKEN, OPERATOR, END = 1, 2, 3, 4, 5
_PARTS = rf"""\s*+(?:([A-Za-z_]\w*)|(\d[\d_]*(?:\.\d+)?(?:[eE][-+]?\d+)?)|({STRING})"""
_OPERATORS = r"""(==|!=|<=|>=|//|\*\*|[-+*/%~|.,:=<>()\[\]{}])"""
_ENDS = r"([-+]?%\}|-?\}\})"
# Inside brackets `}}` is two closing braces, as in Jinja; outside it ends the expression.
OUTER = re.compile(rf"{_PARTS}|(?!{_ENDS.replace('(', '(?:')}){_OPERATORS}|{_ENDS})", re.DOTALL)
INNER = re.compile(rf"{_PARTS}|{_OPERATORS})", re.DOTALL)


def string_value(token: str) -> str:
    """Return the text a string literal stands for."""
    text = token[1:-1]
    if "\\" not in text:
        return text
    try:
        return text.encode("ascii", "backslashreplace").decode("unicode-escape")
    except UnicodeDecodeError:
        raise Unreadable(token) from None


_MOST_DIGITS = 18
"""Longer numbers may be more than artifacts can hold."""


def number_value(token: str) -> int | float:
    """Return the number a literal stands for."""
    if token.isdigit():
        if (token[0] == "0" and token.strip("0")) or len(token) > _MOST_DIGITS:
            raise Unreadable(token)
        return int(token)
    if "_" in token:
        raise Unreadable(token)
    return float(token)
