"""Secrets do not leave the room."""

from __future__ import annotations

import pytest

from upriver.adapters.redact import hide, hide_in_value, strings_in


@pytest.mark.parametrize(
    ("text", "secrets", "shown"),
    [
        ("login pa55 failed", ("pa55",), "login *** failed"),
        ("pa55word and pa55", ("pa55", "pa55word"), "*** and ***"),
        ("postgres://me:hunter2@host/db", (), "postgres://me:***@host/db"),
        ("nothing here", ("", "zzz"), "nothing here"),
    ],
)
def test_secrets_are_masked_in_text(text: str, secrets: tuple[str, ...], shown: str):
    assert hide(text, secrets) == shown


def test_secrets_are_masked_by_key_in_values():
    value = {
        "s3_secret_access_key": "k",
        "threads": 4,
        "list": [{"token": "t", "url": "a://b:c@d"}],
    }
    assert hide_in_value(value) == {
        "s3_secret_access_key": "***",
        "threads": 4,
        "list": [{"token": "***", "url": "a://b:***@d"}],
    }


def test_strings_are_collected_from_nested_values():
    assert strings_in({"a": "x", "b": ["y", {"c": "z"}], "d": 1}) == ("x", "y", "z")
