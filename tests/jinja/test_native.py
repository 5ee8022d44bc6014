from __future__ import annotations

from typing import Any

import pytest

from upriver.jinja.environment import Marked, MarkedBool, MarkedNumber
from upriver.jinja.errors import CompilationError, Origin
from upriver.jinja.native import has_jinja, render_native

NAMES = {"five": 5, "text": "5", "items": [1, 2], "nothing": None, "yes": True}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("last newline goes\n", "last newline goes"),
        ("a\r\nb", "a\nb"),
        ("{{ five }}", 5),
        ("{{ text }}", "5"),
        ("{{ items }}", [1, 2]),
        ("{{ nothing }}", None),
        ("{{ missing }}", ""),
        (" {{ five }}", " 5"),
        ("{{ five }}{{ five }}", "55"),
        ("{{ 5 }}", "5"),
        ("{# only a comment #}", ""),
        ("{{ text | as_number }}", 5),
        ("{{ '1.5' | as_number }}", 1.5),
        ("{{ 'True' | as_bool }}", True),
        ("{{ yes | as_bool }}", True),
        ("{{ '[1, 2]' | as_native }}", [1, 2]),
        ("{{ 'abc' | as_native }}", "abc"),
        ("{{ five | as_text }}", "5"),
        # Until the end they are text, and 'False' is not empty.
        ("{{ (not yes) | as_bool }}", False),
        ("{{ ((not yes) | as_bool) and (yes | as_bool) }}", True),
        ("{{ ((not yes) | as_bool) or 1 }}", False),
        ("{{ not ((not yes) | as_bool) }}", False),
        ("{{ (five | as_number) * 2 }}", "55"),
        ("{{ {'a': [yes | as_bool]} }}", {"a": ["True"]}),
        ("{% if yes %}{{ five }}{% endif %}", 5),
    ],
)
def test_a_single_value_keeps_its_type(text: str, expected: Any) -> None:
    made = render_native(text, NAMES)
    assert made == expected
    assert type(made) is type(expected)


@pytest.mark.parametrize(
    ("text", "part", "hint"),
    [
        ("{{ 'abc' | as_number }}", "Could not convert value `abc` into type `number`", None),
        ("{{ 'true' | as_bool }}", "into type `bool`", None),
        ("{{ fiv.e }}", "'fiv' is undefined", "Did you mean `five`?"),
        ("{{ f( }}", "unexpected '}'", None),
        ("{{ five.__class__.__mro__ }}", "unsafe", None),
    ],
)
def test_what_cannot_be_rendered_names_the_string(text: str, part: str, hint: str | None) -> None:
    with pytest.raises(CompilationError) as raised:
        render_native(text, NAMES, origin=Origin(file="models/s.yml", line=7))
    error = raised.value
    assert error.message.startswith(f"Could not render `{text}`: ")
    assert part in error.message
    assert error.hint == hint
    assert error.span is not None
    assert (error.span.file, error.span.line) == ("models/s.yml", 7)


def test_compiled_strings_are_remembered() -> None:
    memory: dict[str, Any] = {}

    def remember(key: str, make: Any) -> Any:
        return memory.setdefault(key, None) or memory.update({key: make()}) or memory[key]

    assert render_native("{{ five }}", NAMES, remember=remember) == 5
    assert len(memory) == 1
    assert render_native("{{ five }}", {"five": 6}, remember=remember) == 6


def test_text_without_tags_is_told_apart() -> None:
    assert [has_jinja(text) for text in ("a", "{ }", "{{ a }}", "{% a %}", "{# a #}")] == [
        False, False, True, True, True,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Marked("{'a': [1]}"), {"a": [1]}),
        (MarkedBool(False), False),
        (MarkedNumber("1.5"), 1.5),
        ([MarkedBool(False), (1, Marked("2"))], ["False", (1, "2")]),
        ({"a": {"b": MarkedNumber(3)}}, {"a": {"b": "3"}}),
    ],
)
def test_only_a_whole_string_is_converted(value: Any, expected: Any) -> None:
    made = render_native("{{ value if value }}", {"value": value})
    assert (made, type(made)) == (expected, type(expected))
