"""A project's files at one commit, got with git (platform.md S-14).

The repository is somebody else's: its hooks do not run, its submodules are not followed, names of
branches are never read as options, and only the usual ways of getting it are allowed.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

from upriver.problems import Problem

_SCHEMES: Final = frozenset({"https", "http", "ssh", "file", "git"})
_SHA: Final = re.compile(r"[0-9a-f]{7,64}\Z")
_SCP_LIKE: Final = re.compile(r"[A-Za-z0-9._-]+@[A-Za-z0-9.-]+:[^:]")
_LONGEST_SECONDS: Final = 900
_SAFE_SETTINGS: Final = (
    "core.hooksPath=/dev/null", "protocol.ext.allow=never", "core.symlinks=false",
    "submodule.recurse=false", "core.fsmonitor=false", "credential.helper=",
    "advice.detachedHead=false",
)  # fmt: skip


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """What to get."""

    url: str
    branch: str | None = None
    commit: str | None = None
    """Beats the branch; with neither, the repository's default branch."""
    subdirectory: str = ""


class Checkout(msgspec.Struct, frozen=True, kw_only=True):
    """What was got."""

    root: str
    """The directory of the project."""
    commit: str
    branch: str | None


def check_out(source: Source, folder: Path, env: Mapping[str, str]) -> Checkout | Problem:
    """Get the files into `folder`, which must not exist.

    `env` is git's whole environment: credentials in it (`GIT_ASKPASS`, `GIT_SSH_COMMAND`) are used.
    """
    problem = _unfit(source)
    if problem is not None:
        return problem
    folder.mkdir(parents=True)
    try:
        _git(folder, env, "init", "--quiet", ".")
        _git(folder, env, "remote", "add", "--", "origin", source.url)
        wanted = source.commit or source.branch or "HEAD"
        _fetch(folder, env, source, wanted)
        commit = _git(folder, env, "rev-parse", "--verify", "FETCH_HEAD^{commit}").strip()
        _git(folder, env, "checkout", "--quiet", "--detach", commit)
    except (OSError, subprocess.SubprocessError) as error:
        return _not_got(source, error)
    root = (folder / source.subdirectory).resolve()
    if not root.is_relative_to(folder.resolve()) or not root.is_dir():
        return _problem(f"The repository has no directory `{source.subdirectory}`", None)
    return Checkout(root=str(root), commit=commit, branch=source.branch)


def _fetch(folder: Path, env: Mapping[str, str], source: Source, wanted: str) -> None:
    name = f"refs/heads/{wanted}" if source.branch and not source.commit else wanted
    try:
        _git(folder, env, "fetch", "--quiet", "--depth=1", "--no-tags", "--", "origin", name)
    except subprocess.CalledProcessError:
        if not source.commit:
            raise
        # Not every server hands out a commit by its name; then its history is needed.
        _git(
            folder, env, "fetch", "--quiet", "--", "origin", "+refs/heads/*:refs/remotes/origin/*"
        )
        full = _git(folder, env, "rev-parse", "--verify", f"{source.commit}^{{commit}}").strip()
        _git(folder, env, "fetch", "--quiet", "--", ".", full)


def _unfit(source: Source) -> Problem | None:
    url = source.url
    scheme = urlsplit(url).scheme
    is_usual = scheme in _SCHEMES or (not scheme and bool(_SCP_LIKE.match(url)))
    if url.startswith("-") or "::" in url.partition("//")[0] or not is_usual:
        return _problem(
            f"The repository address is not one of {', '.join(sorted(_SCHEMES))}",
            "For example `https://git.example.com/team/project.git`",
        )
    if source.commit is not None and not _SHA.match(source.commit):
        return _problem(f"`{source.commit}` is no commit", "Give it in hexadecimal digits")
    branch = source.branch
    if branch is not None and (branch.startswith("-") or not _is_branch_name(branch)):
        return _problem(f"`{branch}` is no name of a branch", None)
    return None


def _is_branch_name(name: str) -> bool:
    """Ask git, which alone knows its rules."""
    asked = subprocess.run(  # noqa: S603 - no shell, and the name is behind a prefix
        ["git", "check-ref-format", f"refs/heads/{name}"],  # noqa: S607 - git of the path
        capture_output=True, check=False,
    )  # fmt: skip
    return asked.returncode == 0


def _git(folder: Path, env: Mapping[str, str], *words: str) -> str:
    settings = [part for setting in _SAFE_SETTINGS for part in ("-c", setting)]
    done = subprocess.run(  # noqa: S603 - an argument vector
        ["git", *settings, *words],  # noqa: S607 - git of the path
        cwd=folder,
        env={
            "PATH": os.defpath,
            **env,
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_ALLOW_PROTOCOL": ":".join(sorted(_SCHEMES)),
        },
        capture_output=True, text=True, check=True, timeout=_LONGEST_SECONDS,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return done.stdout


def _not_got(source: Source, error: Exception) -> Problem:
    said = (getattr(error, "stderr", None) or str(error)).strip().splitlines()
    what = source.commit or source.branch or "its default branch"
    return _problem(
        f"git could not get {what} of the repository: {said[-1] if said else 'no reason given'}",
        "Check address, branch and credentials",
    )


def _problem(message: str, hint: str | None) -> Problem:
    return Problem(code="checkout-failed", message=message, hint=hint)
