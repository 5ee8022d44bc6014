"""The fast parser is used only where it means the same as PyYAML (PROJ-33)."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from yaml12 import parse_yaml

from upriver.workspace.yaml import load_yaml
from upriver.workspace.yaml_reading.exact import load_exactly
from upriver.workspace.yaml_reading.guard import count_keys, is_plain, may_repeat_keys

_TOKENS = [
    "a", "b", "name", "x y", "yes", "No", "on", "OFF", "y", "n", "true", "null", "~", "1", "01",
    "1.5", "1e3", "0x1", "0o17", "1_0", "12:30", "2020-01-01", ".5", "1.", "-1", "+1", "- ",
    ": ", ":", "\n", "\n  ", "\n    ", "\n  - ", "\n- ", "  ", " ", "[", "]", "{", "}", ",",
    ", ", "'", '"', "''", "\\", "\\n", "\\x41", "\\\n", "#", " # c", "|", "|\n", "|-\n", ">\n",
    ">-\n", "|2\n", "|+\n", "&a ", "*a", "!", "!!str ", "%", "@", "`", "?", "? ", "=", "<<",
    "<<: ", "---", "...", "-", "{{ x }}", '"{{ x }}"', "é", "\u00a0", "\u2028", "http://x", "\t",
    "a: ", "b: ", "a: \n  ", ".inf", "\n\n",
]  # fmt: skip
_PROPERTIES = """\
version: 2
models:
  - name: a
    description: some text
    columns:
      - name: id
        data_tests:
          - unique
          - accepted_values:
              values: ['a', 'b']
"""
_TEXTS = """\
a: |
  one
  two: x

  three
b: >-
  fold: y
   more
  x
c: "quoted
  more: b"
"""
_LISTS = "- a: 1\n  b: [x, y]\n-\n  c: {d: e, f: g}\n- - z\n  - k: 1\n    l: 2\n"
_FILES = (_PROPERTIES, _TEXTS, _LISTS)


@st.composite
def damaged_files(draw: st.DrawFn) -> str:
    text = draw(st.sampled_from(_FILES))
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.sampled_from((0, 0, 1, 4))))
        text = text[:start] + draw(st.sampled_from(_TOKENS)) + text[end:]
    return text


_texts = damaged_files() | st.lists(st.sampled_from(_TOKENS), max_size=12).map("".join)


def _is_same(one: Any, other: Any) -> bool:
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(map(repr, one)) == list(map(repr, other)) and all(
            _is_same(one[key], other[key]) for key in one
        )
    if isinstance(one, list):
        return len(one) == len(other) and all(map(_is_same, one, other))
    return bool(one == other) or one != one  # noqa: PLR0124 # nan


@settings(max_examples=1_000, deadline=None)
@given(_texts)
def test_what_the_guard_lets_through_means_the_same_in_both_languages(text: str) -> None:
    if not is_plain(text):
        return
    try:
        documents = parse_yaml(text, multi=True)
    except ValueError:
        return
    if len(documents) != 1 or not isinstance(documents[0], dict | list):
        return
    if may_repeat_keys(text, count_keys(documents[0])[0]):
        return
    exact, problems = load_exactly(text, "f.yml")
    assert not problems
    assert _is_same(documents[0], exact)


@settings(max_examples=500, deadline=None)
@given(_texts | st.text())
def test_no_text_raises(text: str) -> None:
    loaded = load_yaml(text, "f.yml")
    assert all(problem.span is not None for problem in loaded.problems)


@pytest.mark.parametrize("text", [_PROPERTIES, _TEXTS])
def test_ordinary_files_take_the_fast_path(text: str) -> None:
    assert is_plain(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: yes\nb: Off", {"a": True, "b": False}),
        ("a: 017\nb: 1_000\nc: 1:30", {"a": 15, "b": 1000, "c": 90}),
        ("a: 1e3\nb: 0o17", {"a": "1e3", "b": "0o17"}),
        ("a: 2026-01-31", {"a": datetime.date(2026, 1, 31)}),
        ("a: &x {b: 1}\nc:\n  <<: *x", {"a": {"b": 1}, "c": {"b": 1}}),
        ("a: 12345678901234567890123", {"a": 12345678901234567890123}),
        ("on: 1", {True: 1}),
        ("a: b\r\nc: |\r\n  d\r\n  e\r\nf: |\r\n  g\r\n", {"a": "b", "c": "d\ne\n", "f": "g"}),
        ("", None),
        ("# only a comment", None),
    ],
)
def test_yaml_1_1_is_the_meaning_of_record(text: str, value: Any) -> None:
    assert load_yaml(text, "f.yml").value == value


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\nb: 2\na: 3\n",
        "m:\n  - name: x\n    note: 'says: hello'\n    name: y\n",
        "m: {a: 1, a: 2}\n",
        "'a': 1\na: 2\n",
    ],
)
def test_a_key_written_twice_is_a_warning_and_the_last_one_counts(text: str) -> None:
    loaded = load_yaml(text, "f.yml")
    [problem] = loaded.problems
    assert (problem.code, problem.severity) == ("yaml-duplicate-key", "warning")
    assert problem.span is not None
    assert problem.span.line is not None


def test_the_last_of_two_keys_counts() -> None:
    assert load_yaml("a: 1\nb: 2\na: 3\n").value == {"a": 3, "b": 2}


@pytest.mark.parametrize(
    ("text", "line", "hint"),
    [
        ("a: {{ x }}\n", 1, "quotes around the template"),
        ("a:\n\tb: 1\n", 2, "spaces"),
        ("a: b: c\n", 1, "quotes around a value"),
    ],
)
def test_broken_yaml_is_located_and_explained(text: str, line: int, hint: str) -> None:
    [problem] = load_yaml(text, "f.yml").problems
    assert problem.code == "yaml-invalid"
    assert problem.span is not None
    assert (problem.span.file, problem.span.line) == ("f.yml", line)
    assert hint in (problem.hint or "")


@pytest.mark.parametrize("text", ["[" * 100_000, "- " * 100_000, "a: &a [*a]", "{a: " * 50_000])
def test_nesting_without_end_is_a_problem(text: str) -> None:
    loaded = load_yaml(text, "f.yml")
    assert loaded.value is None
    assert [problem.code for problem in loaded.problems] == ["yaml-invalid"]
