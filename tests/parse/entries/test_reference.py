"""Calls written as text in YAML."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upriver.parse.entries.reference import read_call
from upriver.resources.calls import RefCall, SourceCall


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ("ref('a')", ("ref", RefCall(name="a"))),
        (" ref( 'p', \"a\", version=2 ) ", ("ref", RefCall(name="a", package="p", version=2))),
        ("source('s', 't')", ("source", SourceCall(source="s", table="t"))),
        ("metric('m')", ("metric", RefCall(name="m"))),
        ("ref()", None),
        ("ref(a)", None),
        ("ref('a', zork=1)", None),
        ("source('s')", None),
        ("zork('a')", None),
        ("a.ref('a')", None),
        ("ref('a') + ref('b')", None),
        ("ref(", None),
        ("", None),
        ("(" * 5_000, None),
    ],
)
def test_calls(text: str, call: tuple[str, RefCall | SourceCall] | None) -> None:
    assert read_call(text) == call


@given(st.text() | st.from_regex(r"(ref|source)\([^)]{0,20}\)"))
def test_no_text_raises(text: str) -> None:
    read_call(text)
