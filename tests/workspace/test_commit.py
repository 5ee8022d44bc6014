from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from upriver.workspace.commit import commit_of

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")


def git(folder: Path, *args: str) -> str:
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", *args]
    return subprocess.run(
        command, cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with one commit on a branch with a slash in its name."""
    git(tmp_path, "init", "-q", "-b", "feature/x")
    (tmp_path / "a.txt").write_text("a")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "first")
    return tmp_path


def test_a_branch_packed_references_and_a_detached_head(repository: Path) -> None:
    first = git(repository, "rev-parse", "HEAD")
    assert commit_of(str(repository)) == first
    git(repository, "pack-refs", "--all")
    assert commit_of(str(repository)) == first
    git(repository, "checkout", "-q", "--detach")
    assert commit_of(str(repository)) == first


def test_a_directory_inside_and_a_worktree(repository: Path) -> None:
    (repository / "inside").mkdir()
    first = git(repository, "rev-parse", "HEAD")
    assert commit_of(str(repository / "inside")) == first
    git(repository, "worktree", "add", "-q", "-b", "other", "tree")
    (repository / "tree" / "b.txt").write_text("b")
    git(repository / "tree", "add", ".")
    git(repository / "tree", "commit", "-q", "-m", "second")
    second = git(repository / "tree", "rev-parse", "HEAD")
    assert commit_of(str(repository / "tree")) == second != first
    git(repository, "pack-refs", "--all")
    assert commit_of(str(repository / "tree")) == second


def test_no_repository_and_no_commit(tmp_path: Path) -> None:
    assert commit_of(str(tmp_path)) is None
    git(tmp_path, "init", "-q")
    assert commit_of(str(tmp_path)) is None
    (tmp_path / ".git" / "HEAD").unlink()
    assert commit_of(str(tmp_path)) is None
