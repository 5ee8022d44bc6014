from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml

from upriver.workspace.link.mention import is_mentioned
from upriver.workspace.link.settings import Link, read_link

SECRET = "upriver_pat_canary"  # noqa: S105 - made up
CURRENT = {
    "version": "1",
    "context": {"active-host": "a.example.com", "active-project": "7", "defer-env-id": 42},
    "projects": [
        {
            "project-name": "shop", "project-id": "7", "account-name": "Example",
            "account-id": 1, "account-host": "a.example.com", "token-name": "laptop",
            "token-value": SECRET,
        },
        {"project-id": 8, "account-host": "http://localhost:8580", "account-id": "2",
         "token-value": "other"},
    ],
}  # fmt: skip
OLDER = {
    "context": {"active-project": 7},
    "projects": [{"project-id": 7, "account-host": "a.example.com", "api-key": SECRET}],
}
SAME_ID = {
    "context": {"active-host": "b.example.com", "active-project": "7"},
    "projects": [
        {"project-id": "7", "account-host": "a.example.com", "token-value": "of a"},
        {"project-id": "7", "account-host": "b.example.com", "token-value": "of b"},
    ],
}


class Case(msgspec.Struct, kw_only=True):
    why: str
    file: Any = None
    block: dict[str, Any] = {}
    env: dict[str, str] = {}
    gives: dict[str, str | None]
    codes: tuple[str, ...] = ()
    is_complete: bool = True


CASES = (
    Case(
        why="the user's file alone",
        file=CURRENT,
        gives={
            "host": "https://a.example.com", "project_id": "7", "account_id": "1",
            "token": SECRET, "defer_environment_id": "42", "project_name": "shop",
            "account_name": "Example", "token_name": "laptop",
        },
    ),
    Case(
        why="the older form, numbers as ids",
        file=OLDER,
        gives={"host": "https://a.example.com", "token": SECRET, "account_id": None},
    ),
    Case(
        why="the project's block comes before the file",
        file=CURRENT,
        block={"project-id": 8, "defer-env-id": "5"},
        gives={
            "project_id": "8", "host": "http://localhost:8580", "token": "other",
            "defer_environment_id": "5",
        },
    ),
    Case(
        why="variables come before everything, value by value",
        file=CURRENT,
        block={"project-id": 8, "defer-env-id": 5},
        env={"DBT_CLOUD_PROJECT_ID": "7", "DBT_CLOUD_DEFER_ENV_ID": "9"},
        gives={"project_id": "7", "token": SECRET, "defer_environment_id": "9"},
    ),
    Case(
        why="an empty variable is unset",
        file=CURRENT,
        env={"DBT_CLOUD_PROJECT_ID": "", "DBT_CLOUD_TOKEN": " "},
        gives={"project_id": "7", "token": SECRET},
    ),
    Case(
        why="variables alone, as in continuous integration",
        env={
            "DBT_CLOUD_PROJECT_ID": "3", "DBT_CLOUD_ACCOUNT_HOST": "ci.example.com",
            "DBT_CLOUD_TOKEN": "t", "DBT_CLOUD_ACCOUNT_ID": "1", "DBT_CLOUD_JOB_ID": "11",
            "DBT_CLOUD_ENVIRONMENT_ID": "12",
        },
        gives={
            "host": "https://ci.example.com", "token": "t", "job_id": "11",
            "environment_id": "12",
        },
    ),
    Case(
        why="tenant_hostname comes before account-host",
        block={"project-id": 3, "tenant_hostname": "t.example.com", "account-host": "x.y"},
        env={"DBT_CLOUD_TOKEN": "t"},
        gives={"host": "https://t.example.com"},
    ),
    Case(
        why="a token is only for its own project",
        file=CURRENT,
        block={"project-id": 99},
        gives={"project_id": "99", "token": None, "host": None},
        is_complete=False,
    ),
    Case(
        why="a token is only for its own host, whatever a project file says",
        file=CURRENT,
        block={"project-id": 7, "tenant_hostname": "evil.example.org"},
        gives={"token": None, "host": "https://evil.example.org"},
        codes=("link-host-differs",),
        is_complete=False,
    ),
    Case(
        why="nor is it sent unencrypted because a project file says so",
        file=CURRENT,
        block={"project-id": 7, "account-host": "http://a.example.com"},
        gives={"token": None},
        codes=("link-host-differs",),
        is_complete=False,
    ),
    Case(
        why="a host without a scheme is the one that the user knows",
        file=CURRENT,
        block={"project-id": 8, "tenant_hostname": "localhost:8580"},
        gives={"host": "http://localhost:8580", "token": "other"},
    ),
    Case(
        why="ids are numbers of their server: the active host decides",
        file=SAME_ID,
        gives={"host": "https://b.example.com", "token": "of b"},
    ),
    Case(
        why="ids are numbers of their server: the project's host decides",
        file=SAME_ID,
        block={"project-id": 7, "account-host": "A.example.com"},
        gives={"host": "https://a.example.com", "token": "of a"},
    ),
    Case(
        why="a variable's token goes to the project's host",
        file=CURRENT,
        block={"project-id": 7, "tenant_hostname": "b.example.com"},
        env={"DBT_CLOUD_TOKEN": "mine"},
        gives={"host": "https://b.example.com", "token": "mine", "project_name": None},
    ),
    Case(
        why="what is no id cannot lead to another path",
        file=CURRENT,
        env={"DBT_CLOUD_PROJECT_ID": "../../x"},
        gives={"project_id": "7"},
        codes=("link-value",),
    ),
    Case(
        why="what is no host is told",
        env={"DBT_CLOUD_ACCOUNT_HOST": "a b", "DBT_CLOUD_TOKEN": "t", "DBT_CLOUD_PROJECT_ID": "1"},
        gives={"host": None},
        codes=("link-value",),
        is_complete=False,
    ),
    Case(
        why="the hosted platform has no such service",
        block={"project-id": 1, "account-host": "ab123.us1.dbt.com"},
        env={"DBT_CLOUD_TOKEN": "t"},
        gives={"host": "https://ab123.us1.dbt.com"},
        is_complete=False,
    ),
    Case(why="nothing", gives={"host": None, "project_id": None}, is_complete=False),
    Case(
        why="a list instead of a mapping",
        file=["x"],
        gives={"project_id": None},
        codes=("link-file-invalid",),
        is_complete=False,
    ),
    Case(
        why="an entry that is none, beside one that is",
        file={**CURRENT, "projects": ["x", {"account-host": "h"}, *CURRENT["projects"]]},  # type: ignore[misc]
        gives={"token": SECRET},
        codes=("link-file-invalid",) * 3,
    ),
)  # fmt: skip


def home_with(tmp_path: Path, content: Any, mode: int = 0o600) -> str:
    if content is not None:
        (tmp_path / ".dbt").mkdir()
        path = tmp_path / ".dbt" / "dbt_cloud.yml"
        path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
        path.chmod(mode)
    return str(tmp_path)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.why)
def test_values_and_where_they_come_from(case: Case, tmp_path: Path) -> None:
    link, problems = read_link(case.env, home_with(tmp_path, case.file), case.block)
    assert {name: getattr(link, name) for name in case.gives} == case.gives
    assert tuple(problem.code for problem in problems) == case.codes
    assert {problem.severity for problem in problems} <= {"warning"}
    assert link.is_complete is case.is_complete
    told = repr(link) + "".join(f"{p.message}{p.hint}" for p in problems)
    assert SECRET not in told


def test_an_option_comes_first(tmp_path: Path) -> None:
    options = {"defer_environment_id": "3"}
    env = {"DBT_CLOUD_DEFER_ENV_ID": "9"}
    link, _ = read_link(env, home_with(tmp_path, CURRENT), {}, options)
    assert link.defer_environment_id == "3"
    assert link.is_deferral_chosen


@pytest.mark.parametrize(
    ("env", "block", "is_chosen"),
    [
        ({}, {}, False),
        ({}, {"defer-env-id": 3}, False),
        ({"DBT_CLOUD_DEFER_ENV_ID": "9"}, {}, True),
    ],
)
def test_whether_this_invocation_named_an_environment(
    env: dict[str, str], block: dict[str, Any], *, is_chosen: bool, tmp_path: Path
) -> None:
    assert read_link(env, home_with(tmp_path, CURRENT), block)[0].is_deferral_chosen is is_chosen


@pytest.mark.skipif(os.name != "posix", reason="modes are those of POSIX")
@pytest.mark.parametrize(("mode", "is_told"), [(0o600, False), (0o640, True), (0o604, True)])
def test_a_file_that_others_may_read_is_told(tmp_path: Path, mode: int, *, is_told: bool) -> None:
    link, problems = read_link({}, home_with(tmp_path, CURRENT, mode), {})
    assert link.is_complete
    assert [p.code for p in problems] == (["link-file-readable"] if is_told else [])


def test_nothing_is_read_where_nothing_is_mentioned(tmp_path: Path) -> None:
    assert not is_mentioned({"PATH": "/bin"}, str(tmp_path), {})
    assert not is_mentioned({"DBT_CLOUD_TOKEN": ""}, None, {})
    assert is_mentioned({"DBT_CLOUD_TOKEN": "t"}, None, {})
    assert is_mentioned({}, None, {"project-id": 1})
    assert is_mentioned({}, home_with(tmp_path, "x: 1"), {})


def test_a_file_that_is_no_yaml(tmp_path: Path) -> None:
    link, problems = read_link({}, home_with(tmp_path, "a: [b"), {})
    assert link == Link()
    assert [p.code for p in problems] == ["link-file-invalid"]
