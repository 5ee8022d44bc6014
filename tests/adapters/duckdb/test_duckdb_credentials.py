"""DuckDB's keys in a profile, as dbt-duckdb takes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from upriver.adapters.contract import Credentials
from upriver.adapters.duckdb.credentials import parse_credentials
from upriver.problems import Problem


def parse(**output: Any) -> tuple[Credentials | None, tuple[Problem, ...]]:
    return parse_credentials({"type": "duckdb", **output}, profile="shop", target="dev")


def accepted(**output: Any) -> Credentials:
    credentials, problems = parse(**output)
    assert credentials is not None, problems
    assert not problems
    return credentials


@pytest.mark.parametrize(
    ("path", "database"),
    [
        (":memory:", "memory"),
        ("/a/shop.duckdb", "shop"),
        ("/a/b.c.db", "b"),
        ("a-b.duckdb", "a-b"),
        ("md:shop", "shop"),
        ("md:", "my_db"),
        ("md:shop?token=1", "shop"),
        ("s3://bucket/shop.duckdb", "shop"),
    ],
)
def test_the_database_is_named_after_the_path(path: str, database: str):
    assert accepted(path=path).database == database


def test_defaults_are_those_of_dbt():
    credentials = accepted()
    assert (credentials.schema, credentials.threads) == ("main", 1)
    assert credentials.shown == {
        "database": "memory", "schema": "main", "path": ":memory:", "config_options": None,
        "extensions": None, "settings": {}, "external_root": ".",
        "use_credential_provider": None, "attach": None, "filesystems": None, "remote": None,
        "plugins": None, "disable_transactions": False,
    }  # fmt: skip


def test_a_relative_path_is_relative_to_the_current_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    credentials = accepted(path="data/dev.duckdb")
    assert credentials.secret["path"] == str(tmp_path / "data" / "dev.duckdb")
    assert credentials.shown["path"] == "data/dev.duckdb"
    assert credentials.unique_field == credentials.secret["path"]


def test_the_database_may_be_that_of_an_attached_file():
    attach = [{"path": "/x/prod.duckdb", "alias": "prod", "read_only": True}]
    assert accepted(path="a.db", database="prod", attach=attach).database == "prod"
    assert accepted(path="a.db", database="a", attach=attach).database == "a"


@pytest.mark.parametrize(
    ("output", "code", "words"),
    [
        (
            {"database": "zz", "path": "a.db"},
            "database-mismatch",
            "`zz`, but its `path` holds `a`",
        ),
        ({"path": "a.db", "attach": [{"alias": "x"}]}, "credential-invalid", "`attach` entry 1"),
        ({"attach": [{"path": "x", "bad": 1}]}, "credential-invalid", "`bad`"),
        ({"extensions": [1]}, "credential-invalid", "`extensions` entry 1"),
        ({"retries": {"connect_attempts": "x"}}, "credential-invalid", "`retries` entry 1"),
        ({"settings": {"a; drop": 1}}, "credential-invalid", "`a; drop` is not the name"),
        ({"secrets": [{"key_id": "k"}]}, "credential-invalid", "must be a mapping with `type`"),
        ({"secrets": [{"type": "s3", "a b": "k"}]}, "credential-invalid", "`secrets` entry 1"),
        ({"remote": {"host": "h"}}, "credential-unsupported", "`remote`"),
        ({"plugins": ["excel"]}, "credential-invalid", "must be a mapping with `module`"),
        ({"plugins": [{"module": "excel"}]}, "credential-unsupported", "part of dbt-duckdb"),
        ({"use_credential_provider": "gcp"}, "credential-unsupported", "only of `aws`"),
    ],
)
def test_a_mistake_is_a_problem(output: dict[str, Any], code: str, words: str):
    credentials, problems = parse(**output)
    assert credentials is None
    assert [problem.code for problem in problems] == [code]
    assert words in problems[0].message


@pytest.mark.parametrize(
    ("output", "library"),
    [({"filesystems": [{"fs": "s3"}]}, "fsspec"), ({"use_credential_provider": "aws"}, "boto3")],
)
def test_what_needs_another_library_names_it(
    output: dict[str, Any], library: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    credentials, problems = parse(**output)
    assert credentials is None
    assert [problem.code for problem in problems][:1] == ["credential-unsupported"]
    assert problems[0].hint == f"pip install {library}"


def test_no_secret_is_shown():
    secret = "t0p-s3cret"  # noqa: S105
    credentials = accepted(
        path="md:shop",
        motherduck_token=secret,
        secrets=[{"type": "s3", "key_id": "k", "secret": secret}],
        settings={"s3_secret_access_key": secret, "threads": 2},
        attach=[{"path": f"postgres://me:{secret}@host/db", "type": "postgres", "alias": "pg"}],
    )
    assert secret not in f"{credentials!r} {credentials.shown} {credentials.__rich_repr__()}"
    assert credentials.shown["settings"]["threads"] == 2
