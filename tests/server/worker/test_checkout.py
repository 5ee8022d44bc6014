"""Getting a project with git, also from repositories that mean harm (S-14)."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from upriver.problems import Problem
from upriver.server.worker.checkout import Checkout, Source, check_out

ENV = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}


def git(folder: Path, *words: str) -> str:
    named = (
        "-c",
        "user.name=a",
        "-c",
        "user.email=a@example.com",
        "-c",
        "protocol.file.allow=always",
    )
    return subprocess.run(
        ["git", *named, *words],
        cwd=folder, check=True, capture_output=True, text=True,
    ).stdout.strip()  # fmt: skip


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "origin"
    (folder / "dbt").mkdir(parents=True)
    git(folder, "init", "-q", "-b", "main", ".")
    (folder / "dbt" / "dbt_project.yml").write_text("name: one\n")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "one")
    git(folder, "checkout", "-qb", "feature/x")
    (folder / "dbt" / "dbt_project.yml").write_text("name: two\n")
    git(folder, "commit", "-qam", "two")
    git(folder, "checkout", "-q", "main")
    return folder


def got(answer: Checkout | Problem) -> Checkout:
    assert isinstance(answer, Checkout), answer
    return answer


def test_default_branch(repository: Path, tmp_path: Path) -> None:
    source = Source(url=repository.as_uri(), subdirectory="dbt")
    checkout = got(check_out(source, tmp_path / "work", ENV))
    assert Path(checkout.root, "dbt_project.yml").read_text() == "name: one\n"
    assert checkout.commit == git(repository, "rev-parse", "main")


@pytest.mark.parametrize("by", ["branch", "commit", "older"])
def test_named(repository: Path, tmp_path: Path, by: str) -> None:
    commit = git(repository, "rev-parse", "feature/x" if by != "older" else "main")
    source = Source(
        url=repository.as_uri(), subdirectory="dbt",
        branch="feature/x" if by == "branch" else None,
        commit=commit if by != "branch" else None,
    )  # fmt: skip
    checkout = got(check_out(source, tmp_path / "work", ENV))
    assert checkout.commit == commit
    expected = "name: one\n" if by == "older" else "name: two\n"
    assert Path(checkout.root, "dbt_project.yml").read_text() == expected


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"url": "ext::sh -c touch% /tmp/owned"}, "not one of"),
        ({"url": "--upload-pack=touch /tmp/owned"}, "not one of"),
        ({"url": "/etc"}, "not one of"),
        ({"branch": "--upload-pack=x"}, "no name of a branch"),
        ({"branch": "a..b"}, "no name of a branch"),
        ({"commit": "--all"}, "is no commit"),
        ({"branch": "absent"}, "could not get absent"),
        ({"subdirectory": "../.."}, "has no directory"),
        ({"subdirectory": "nowhere"}, "has no directory"),
    ],
)
def test_refused(repository: Path, tmp_path: Path, fields: dict[str, str], said: str) -> None:
    answer = check_out(Source(**{"url": repository.as_uri(), **fields}), tmp_path / "work", ENV)
    assert isinstance(answer, Problem)
    assert said in answer.message


def test_a_link_out_of_the_repository_stays_text(repository: Path, tmp_path: Path) -> None:
    (repository / "dbt" / "models").symlink_to("/etc")
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "link")
    source = Source(url=repository.as_uri(), subdirectory="dbt")
    checkout = got(check_out(source, tmp_path / "work", ENV))
    assert not Path(checkout.root, "models").is_symlink()
