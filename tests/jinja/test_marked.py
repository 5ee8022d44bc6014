"""Text marked for conversion (JINJA-10)."""

from __future__ import annotations

from typing import Any

import pytest

from upriver.jinja.errors import CompilationError
from upriver.jinja.marked import Marked, MarkedBool, MarkedNumber, converted


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Marked("{'a': [1]}"), {"a": [1]}),
        (Marked("a b"), "a b"),
        (MarkedBool(False), False),
        (MarkedNumber("1.5"), 1.5),
        ([MarkedBool(False), (1, Marked("2"))], ["False", (1, "2")]),
        ({"a": {"b": MarkedNumber(3)}}, {"a": {"b": "3"}}),
        (None, None),
    ],
)
def test_only_a_whole_string_is_converted(value: Any, expected: Any) -> None:
    made = converted(value)
    assert (made, type(made)) == (expected, type(expected))


@pytest.mark.parametrize("value", [MarkedBool("yes"), MarkedNumber("True"), MarkedNumber("a")])
def test_what_does_not_convert_is_a_mistake(value: Any) -> None:
    with pytest.raises(CompilationError, match="Could not convert value"):
        converted(value)
