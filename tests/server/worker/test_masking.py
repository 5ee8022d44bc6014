"""Secrets never stay in what an invocation printed (S-04, ENV-09)."""

from __future__ import annotations

import json
from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from upriver.server.worker.masking import Masker

secrets = st.text(
    st.characters(codec="utf-8", exclude_characters="*\n\r"), min_size=4, max_size=30
).filter(lambda text: len(text.strip()) >= 4)


@given(st.lists(secrets, min_size=1, max_size=4), st.text(max_size=20))
def test_no_form_of_a_secret_stays(values: list[str], around: str) -> None:
    masker = Masker(values)
    for value in values:
        for form in (value, json.dumps(value), quote(value, safe="")):
            masked = masker.masked(f"{around} {form}")
            assert value not in masked
            assert quote(value, safe="") not in masked


def test_words_stay() -> None:
    assert Masker(["", "ab"]).masked("a table ab") == "a table ab"
    assert Masker(["abcd", "abcdef"]).masked("abcdef") == "*****"
    assert Masker(["first line\nsecond line"]).masked("x second line") == "x *****"
