"""Repositories, by way of the `git` program: its credentials, its ssh, its configuration count.

Each repository is kept once, bare, in the cache. It knows no address: the address is handed to git
in its environment, where other users of the machine do not see it, and is stored nowhere.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

import msgspec

from upriver.workspace.package_files.addresses import plain_git, shown
from upriver.workspace.package_sources.setting import Setting, SourceError
from upriver.workspace.secrets import reveal

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_NO_SUCH_REVISION = ("couldn't find remote ref", "not our ref", "no such remote ref",
                     "invalid refspec")  # fmt: skip
_REMOTE = "upriver"
_POLL = 0.2


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What git said."""

    code: int
    out: str
    said: str
    """Without secrets."""


class Repository:
    """One repository, kept in the cache."""

    def __init__(self, address: str, setting: Setting) -> None:
        """`address` may hold placeholders of secrets."""
        self.shown = shown(address, setting.env)
        self._address = str(reveal(address, setting.env))
        self._setting = setting
        digest = hashlib.sha256(plain_git(self._address).encode()).hexdigest()[:32]
        self._folder = Path(setting.cache) / "git" / f"{digest}.git"

    def resolve(self, revision: str | None) -> str:
        """Return the commit of a branch, tag or commit, and have it here; raises SourceError."""
        self._prepare()
        wanted = revision or "HEAD"
        if _COMMIT.fullmatch(wanted) and self._commit(wanted):
            return wanted
        kept = f"refs/upriver/{hashlib.sha256(wanted.encode()).hexdigest()[:32]}"
        answer = self._fetch("--depth=1", "--no-tags", f"+{wanted}:{kept}")
        if answer.code and not any(text in answer.said for text in _NO_SUCH_REVISION):
            # Some servers give whole histories only.
            answer = self._fetch("--no-tags", f"+{wanted}:{kept}")
        if not answer.code:
            found = self._commit(kept)
            if found is not None:
                return found
        return self._resolve_otherwise(wanted, answer)

    def _resolve_otherwise(self, wanted: str, answer: Answer) -> str:
        """Look for an abbreviated or hidden commit among everything there is."""
        if re.fullmatch(r"[0-9a-f]{4,64}", wanted):
            whole = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
            unshallow = ("--unshallow",) if (self._folder / "shallow").exists() else ()
            whole_answer = self._fetch(*unshallow, *whole)
            found = self._commit(wanted)
            if found is not None:
                return found
            answer = answer if not whole_answer.code else whole_answer
        raise self._failed(wanted, answer)

    def check_out(self, commit: str, subdirectory: str | None, into: Path) -> Path:
        """Write the files of a commit, and return the package's root; raises SourceError."""
        into.mkdir(parents=True)
        with tempfile.TemporaryDirectory(dir=into.parent, prefix=".index-") as scratch:
            answer = self._git(
                "-c", "core.bare=false", f"--work-tree={into}", "checkout", "--quiet", "--force",
                commit, "--", subdirectory or ".",
                more={"GIT_INDEX_FILE": str(Path(scratch) / "index")},
            )  # fmt: skip
        root = into / subdirectory if subdirectory else into
        if "did not match any file" in answer.said or not root.is_dir():
            raise SourceError(
                code="package-subdirectory-missing",
                message=f"The repository `{self.shown}` has no directory `{subdirectory or '.'}` "
                f"at {commit[:12]}",
            )
        if answer.code:
            raise self._failed(commit, answer)
        return root

    def _prepare(self) -> None:
        if (self._folder / "HEAD").exists():
            return
        self._folder.parent.mkdir(parents=True, exist_ok=True)
        fresh = tempfile.mkdtemp(dir=self._folder.parent, prefix=".new-")
        answer = self._run("git", "init", "--quiet", "--bare", "--template=", fresh)
        try:
            if answer.code:
                raise self._failed("HEAD", answer)
            Path(fresh).replace(self._folder)
        except OSError:
            # Another process was faster.
            if not (self._folder / "HEAD").exists():
                raise
        finally:
            shutil.rmtree(fresh, ignore_errors=True)

    def _commit(self, revision: str) -> str | None:
        asked = f"{revision}^{{commit}}"
        answer = self._git("rev-parse", "--quiet", "--verify", "--end-of-options", asked)
        return None if answer.code else answer.out.strip()

    def _fetch(self, *arguments: str) -> Answer:
        options = [word for word in arguments if word.startswith("--")]
        refs = [word for word in arguments if not word.startswith("--")]
        given = self._setting.env.get("GIT_CONFIG_COUNT", "")
        count = int(given) if given.isdigit() else 0
        configured = {
            "GIT_CONFIG_COUNT": str(count + 1),
            f"GIT_CONFIG_KEY_{count}": f"remote.{_REMOTE}.url",
            f"GIT_CONFIG_VALUE_{count}": self._address,
        }
        try:
            return self._git("fetch", "--quiet", *options, "--", _REMOTE, *refs, more=configured)
        finally:
            (self._folder / "FETCH_HEAD").unlink(missing_ok=True)

    def _git(self, *arguments: str, more: Mapping[str, str] | None = None) -> Answer:
        always = (
            "-c",
            "gc.auto=0",
            "-c",
            "core.hooksPath=/dev/null",
            "-c",
            "advice.detachedHead=",
        )
        return self._run("git", f"--git-dir={self._folder}", *always, *arguments, more=more)

    def _run(self, *words: str, more: Mapping[str, str] | None = None) -> Answer:
        env = {
            # Nobody may be there to answer; credentials come from helpers, keys and addresses.
            "GIT_TERMINAL_PROMPT": "0",
            **{k: v for k, v in self._setting.env.items() if k not in _OF_ANOTHER_REPOSITORY},
            "LC_ALL": "C",
            **(more or {}),
        }
        try:
            process = subprocess.Popen(  # noqa: S603 - the program is fixed
                words,
                cwd=self._setting.root,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
            )
        except FileNotFoundError:
            raise _no_git() from None
        out, said = self._wait(process)
        said = said.replace(self._address, self.shown)
        return Answer(code=process.returncode, out=out, said=shown(said, self._setting.env))

    def _wait(self, process: subprocess.Popen[str]) -> tuple[str, str]:
        while True:
            try:
                return process.communicate(timeout=_POLL)
            except subprocess.TimeoutExpired:
                if self._setting.is_stopped():
                    process.terminate()
                    # What git started may live on for a while, and holds the other end.
                    for stream in (process.stdout, process.stderr):
                        if stream is not None:
                            stream.close()
                    process.wait()
                    self._setting.check_stop()

    def _failed(self, revision: str, answer: Answer) -> SourceError:
        said = answer.said.strip() or f"git ended with {answer.code}"
        if any(text in said for text in _NO_SUCH_REVISION):
            return SourceError(
                code="package-revision-not-found",
                message=f"The repository `{self.shown}` has no branch, tag or commit `{revision}`",
                hint=f"`git ls-remote {self.shown}` lists what there is",
            )
        lines = [line.strip() for line in said.splitlines() if line.strip()]
        return SourceError(
            code="package-repository-unreachable",
            message=f"The repository `{self.shown}` cannot be read: {' '.join(lines)}",
            hint=_hint(said),
            is_unreachable=True,
        )


_OF_ANOTHER_REPOSITORY = frozenset(
    {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR",
     "GIT_NAMESPACE", "GIT_PREFIX"}
)  # fmt: skip
"""Set where upriver is run by a hook of the project's own repository."""


def _hint(said: str) -> str:
    if "Host key verification failed" in said:
        return "Connect once with `ssh` and accept the host's key"
    if "Permission denied (publickey" in said:
        return "Load your key with `ssh-add`, and check that it may read the repository"
    if "could not read Username" in said or "Authentication failed" in said:
        return (
            "Give a token: `https://{{ env_var('DBT_ENV_SECRET_TOKEN') }}@...`, or set up a "
            "credential helper of git"
        )
    return "Check the address, the network, and that you may read the repository"


def _no_git() -> SourceError:
    return SourceError(
        code="package-git-missing",
        message="`git` is not installed, and packages are declared that need it",
        hint="Install git, and check that it is on the `PATH`",
    )
