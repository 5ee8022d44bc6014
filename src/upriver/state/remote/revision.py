"""Files of a git revision, beside the working tree and without touching it.

A revision is exported once, by its commit, into the cache; what is read of it stays valid for ever.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec

from upriver.digest import digest_text
from upriver.problems import Problem
from upriver.workspace.package_sources.archive import stays_inside

KEPT = 5
"""Exported revisions of a repository that stay."""


class Revision(msgspec.Struct, frozen=True, kw_only=True):
    """A commit of the repository that holds a project."""

    commit: str
    top: str
    """The repository's directory."""
    inside: str
    """The project's directory below it; empty if it is the same."""


def find_revision(name: str, root: str) -> Revision | Problem:
    """Return the commit a name stands for.

    `main` is what the branch is at; `main...` is where the current branch left it, the merge base
    of both.
    """
    try:
        top = _git(root, "rev-parse", "--show-toplevel").strip()
        inside = _git(root, "rev-parse", "--show-prefix").strip().rstrip("/")
        if name.endswith("..."):
            commit = _git(root, "merge-base", "--", name.removesuffix("...") or "HEAD", "HEAD")
        else:
            commit = _git(root, "rev-parse", "--verify", "--end-of-options", f"{name}^{{commit}}")
    except (OSError, subprocess.CalledProcessError) as error:
        return _no_revision(name, error)
    return Revision(commit=commit.strip(), top=top, inside=inside)


def is_ancestor(root: str, older: str, newer: str) -> bool | None:
    """Whether one commit leads to another; None where git does not know both."""
    try:
        asked = subprocess.run(  # noqa: S603 - git, with the hashes of commits
            ["git", "-C", root, "merge-base", "--is-ancestor", older, newer],  # noqa: S607
            capture_output=True,
            check=False,
        )
    except OSError:
        return None
    return {0: True, 1: False}.get(asked.returncode)


def export(revision: Revision, folder: Path) -> Path | Problem:
    """Return a directory that holds the repository's files as they were; the project's is in it."""
    home = folder / digest_text(revision.top)[:16]
    tree = home / revision.commit
    if not tree.is_dir():
        try:
            _extract(revision, home, tree)
        except (OSError, subprocess.CalledProcessError, tarfile.TarError) as error:
            return _no_revision(revision.commit, error)
        _prune(home, tree)
    project = tree / revision.inside
    if not (project / "dbt_project.yml").is_file():
        return Problem(
            code="state-revision",
            message=f"The revision {revision.commit[:8]} has no `dbt_project.yml` in"
            f" `{revision.inside or '.'}`",
            hint="The project may have stood elsewhere then; name a later revision",
        )
    return project


def _extract(revision: Revision, home: Path, tree: Path) -> None:
    home.mkdir(parents=True, exist_ok=True)
    archive = subprocess.run(  # noqa: S603 - git, with a commit's own hash
        ["git", "-C", revision.top, "archive", "--format=tar", revision.commit],  # noqa: S607
        capture_output=True,
        check=True,
    ).stdout
    beside = Path(tempfile.mkdtemp(prefix=".new-", dir=home))
    try:
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            members = [member for member in tar if _is_wanted(member)]
            # Python has a filter of its own from 3.11.4 on, and warns from 3.12 on without one.
            given = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
            tar.extractall(beside, members, **given)  # type: ignore[arg-type]  # noqa: S202
        # Says which commit these files are at, to whoever looks for that above them.
        (beside / ".git").mkdir()
        (beside / ".git" / "HEAD").write_text(f"{revision.commit}\n")
        beside.rename(tree)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        if not tree.is_dir():
            raise


def _is_wanted(member: tarfile.TarInfo) -> bool:
    plain = member.isfile() or member.isdir() or member.issym()
    return plain and stays_inside(member)


def _prune(home: Path, newest: Path) -> None:
    trees = [path for path in home.iterdir() if path.is_dir() and path != newest]
    trees.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    for path in trees[KEPT - 1 :]:
        shutil.rmtree(path, ignore_errors=True)


def _git(root: str, *args: str) -> str:
    command: Sequence[str] = ["git", "-C", root, *args]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603


def _no_revision(name: str, error: Exception) -> Problem:
    said = ""
    if isinstance(error, subprocess.CalledProcessError):
        text = error.stderr if isinstance(error.stderr, str) else (error.stderr or b"").decode()
        said = text.strip().partition("\n")[0]
    elif isinstance(error, FileNotFoundError):
        said = "git is not installed"
    return Problem(
        code="state-revision",
        message=f"The git revision `{name}` cannot be read: {said or error}",
        hint="Name a branch, a tag or a commit of this repository; a shallow clone lacks older"
        " ones (`git fetch --unshallow`)",
    )
