"""The statements that a profile stands for."""

from __future__ import annotations

from typing import Any

import pytest

from upriver.adapters.duckdb.credentials import Attachment
from upriver.adapters.duckdb.setup import (
    attach_statement,
    hidden_values,
    literal,
    secret_statement,
    setting_statements,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "NULL"), (True, "true"), (4, "4"), (0.5, "0.5"), ("it's", "'it''s'"),
        (["a", 1], "['a', 1]"), ({"k": "v"}, "MAP {'k': 'v'}"),
    ],
)  # fmt: skip
def test_values_become_literals(value: Any, text: str):
    assert literal(value) == text


@pytest.mark.parametrize(
    ("attachment", "statement"),
    [
        (Attachment(path="/x/a.db"), "ATTACH IF NOT EXISTS '/x/a.db'"),
        (
            Attachment(path="/x/a.db", alias="prod", read_only=True),
            "ATTACH IF NOT EXISTS '/x/a.db' AS \"prod\" (READ_ONLY)",
        ),
        (
            Attachment(path="dbname=a", type="postgres", secret="pg", options={"schema": "s"}),  # noqa: S106
            'ATTACH IF NOT EXISTS \'dbname=a\' (TYPE "postgres", SECRET "pg", "schema" \'s\')',
        ),
    ],
)
def test_databases_are_attached(attachment: Attachment, statement: str):
    assert attach_statement(attachment) == statement


def test_secrets_are_created():
    assert secret_statement(
        {"type": "s3", "scope": ["s3://a"], "secret": "x", "region": None}, 1
    ) == (
        "CREATE OR REPLACE SECRET \"upriver_secret_1\" (type 's3', scope ['s3://a'], secret 'x')"
    )
    assert secret_statement({"type": "s3", "name": "mine", "persistent": True}, 1) == (
        "CREATE OR REPLACE PERSISTENT SECRET \"mine\" (type 's3')"
    )


def test_settings_are_set():
    assert setting_statements({"threads": 2, "TimeZone": "UTC"}) == (
        "SET threads = 2",
        "SET TimeZone = 'UTC'",
    )


def test_only_keys_are_hidden():
    secret = {
        "motherduck_token": None,
        "secrets": [
            {"type": "s3", "region": "eu-west-1", "key_id": "kkk", "secret": "sss", "x": "a"}
        ],
    }
    assert hidden_values(secret) == ("kkk", "sss")
