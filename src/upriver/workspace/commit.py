"""The commit a project's files are at, so that what is published says what it was made of.

Read from git's own files: starting git costs more than everything else a small command does.
"""

from __future__ import annotations

import re
from pathlib import Path

_HASH = re.compile(r"[0-9a-f]{40,64}\Z")


def commit_of(root: str) -> str | None:
    """Return the hash that HEAD is at, or None outside of a repository or before its first commit.

    Edits that were not committed are not seen.
    """
    folder = Path(root)
    try:
        for above in (folder, *folder.parents):
            git = above / ".git"
            if git.exists():
                return _head(_git_directory(git))
    except OSError:
        return None
    return None


def _git_directory(git: Path) -> Path:
    """Follow the file that stands for the directory in worktrees and submodules."""
    if git.is_dir():
        return git
    place = git.read_text("utf-8").strip().removeprefix("gitdir: ")
    return git.parent / place


def _head(git: Path) -> str | None:
    head = (git / "HEAD").read_text("utf-8").strip()
    if not head.startswith("ref: "):
        return _hash(head)
    name = head.removeprefix("ref: ")
    common = git / "commondir"
    shared = git / common.read_text("utf-8").strip() if common.is_file() else git
    for directory in (git, shared):
        reference = directory / name
        if reference.is_file():
            return _hash(reference.read_text("utf-8"))
    return _packed(shared / "packed-refs", name)


def _packed(file: Path, name: str) -> str | None:
    if not file.is_file():
        return None
    for line in file.read_text("utf-8").splitlines():
        value, _, reference = line.partition(" ")
        if reference == name:
            return _hash(value)
    return None


def _hash(text: str) -> str | None:
    found = text.strip()
    return found if _HASH.match(found) else None
