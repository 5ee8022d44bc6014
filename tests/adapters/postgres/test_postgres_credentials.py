"""PostgreSQL's keys in a profile, as dbt-postgres takes them."""

from __future__ import annotations

from typing import Any

import pytest

from upriver.adapters.contract import Credentials
from upriver.adapters.postgres.credentials import parse_credentials
from upriver.problems import Problem

OUTPUT = {
    "type": "postgres", "host": "h", "port": 5432, "user": "u", "password": "t0p-s3cret",
    "dbname": "d", "schema": "s",
}  # fmt: skip


def parse(output: dict[str, Any]) -> tuple[Credentials | None, tuple[Problem, ...]]:
    return parse_credentials(output, profile="shop", target="dev")


def test_what_templates_see_is_what_dbt_shows_them():
    credentials, problems = parse({**OUTPUT, "threads": 4})
    assert problems == ()
    assert credentials is not None
    assert (credentials.database, credentials.schema, credentials.threads) == ("d", "s", 4)
    assert credentials.unique_field == "h"
    assert credentials.shown == {
        "host": "h", "port": 5432, "user": "u", "database": "d", "schema": "s",
        "connect_timeout": 10, "role": None, "search_path": None, "keepalives_idle": 0,
        "sslmode": None, "sslcert": None, "sslkey": None, "sslrootcert": None,
        "application_name": "dbt", "autocommit": False, "retries": 1, "dbname": "d",
    }  # fmt: skip
    assert "t0p-s3cret" not in f"{credentials!r} {credentials} {credentials.__rich_repr__()}"


@pytest.mark.parametrize(
    ("given", "canonical", "value"),
    [("pass", "password", "x"), ("database", "database", "x"), ("pass", "password", 123)],
)
def test_aliases_are_taken(given: str, canonical: str, value: Any):
    output = {key: item for key, item in OUTPUT.items() if key not in {"password", "dbname"}}
    output |= {"password": "p"} if given != "pass" else {"dbname": "d"}
    credentials, problems = parse({**output, given: value})
    assert problems == ()
    assert credentials is not None
    assert credentials.secret[canonical] == str(value)


def test_every_missing_key_is_reported():
    credentials, problems = parse({"type": "postgres", "pasword": "p", "schema": "s"})
    assert credentials is None
    errors = [problem for problem in problems if problem.severity == "error"]
    assert [problem.message.split("`")[-2] for problem in errors] == [
        "host", "port", "user", "password", "database",
    ]  # fmt: skip
    assert errors[3].hint == "`pasword` is not a key; write `password`"


def test_a_database_given_twice_is_a_problem():
    _, problems = parse({**OUTPUT, "database": "e"})
    assert [problem.code for problem in problems] == ["credential-duplicate"]
