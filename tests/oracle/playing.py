"""Playing a script with dbt-core and with upriver, on equal copies of a project.

dbt-core plays a whole script in one process (`dbt_driver.py`). What that left behind is kept in
`.cache/oracle-results` under a digest of the project, the script and dbt's version.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import hashlib
import io
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple

from tests.oracle.player import POSTGRES, Done, Manner, Program, play
from tests.oracle.running import CACHE, dbt_version, find_dbt
from tests.postgres_server import Server, find_binaries, running_server

from upriver.cli.invoke import invoke

HERE = Path(__file__).parent
ASIDE = "_oracle"
"""The directory of a project that neither program reads: what the tests do with the project."""
Script = list[dict[str, Any]]
LONGEST_OUTPUT = 3000


class Played(NamedTuple):
    """What playing a script left behind."""

    results: Mapping[str, Any]
    """By name of the step."""
    folder: Path

    def artifact(self, step: str, name: str = "manifest") -> dict[str, Any]:
        """Return an artifact a command wrote; empty if it wrote none."""
        path = self.folder / step / f"{name}.json"
        found: dict[str, Any] = json.loads(path.read_bytes()) if path.exists() else {}
        return found

    def rows(self, step: str) -> dict[str, dict[str, Any]]:
        """Return the results of a command by unique id."""
        found = self.artifact(step, "run_results")
        return {row["unique_id"]: row for row in found.get("results", [])}


def play_dbt(name: str, project: Path, script: Script, *, is_kept: bool = True) -> Played:
    """Play with dbt-core, or return what that gave before."""
    kept = _kept(name, project, script)
    ahead = _ahead().get(kept)
    if ahead is not None:
        ahead.result()
    elif not is_kept or not (kept / "results.json").exists():
        _play_dbt(kept, project, script)
    return _played(kept)


def play_ahead(name: str, project: Path, script: Script) -> None:
    """Let dbt-core begin what will be asked for, two scripts at a time."""
    kept = _kept(name, project, script)
    if not (kept / "results.json").exists() and kept not in _ahead():
        _ahead()[kept] = _pool().submit(_play_once, kept, project, script)


@functools.cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(2)


@functools.cache
def _ahead() -> dict[Path, Future[None]]:
    return {}


def _kept(name: str, project: Path, script: Script) -> Path:
    return CACHE / f"{name}-{_digest(project, script)}"


def _play_once(kept: Path, project: Path, script: Script) -> None:
    """Play unless another process of the same test run does, or did."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    with (kept.parent / f"{kept.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (kept / "results.json").exists():
            _play_dbt(kept, project, script)


def _play_dbt(kept: Path, project: Path, script: Script) -> None:
    with (
        _copy(project) as root,
        tempfile.TemporaryDirectory() as scratch,
        _server_for(script) as server,
    ):
        asked = Path(scratch) / "script.json"
        asked.write_text(json.dumps(script))
        python = Path(find_dbt() or "").parent / "python"
        out = Path(scratch) / "out"
        done = subprocess.run(
            [str(python), str(HERE / "dbt_driver.py"), str(asked), str(root), str(out)],
            env=_environment(server),
            cwd=root,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        kept.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=".new-", dir=kept.parent))
        shutil.copytree(out, beside, dirs_exist_ok=True)
        shutil.rmtree(kept, ignore_errors=True)
        beside.rename(kept)


def play_upriver(project: Path, script: Script, out: Path) -> Played:
    """Play with upriver, in this process."""
    with _copy(project) as root, _server_for(script) as server:
        environment = _environment(server)

        def run(args: list[str], manner: Manner) -> Done:
            env = {**environment, **manner.env}
            console = io.StringIO()
            cwd = str((root / manner.cwd).resolve())
            with contextlib.chdir(cwd):
                ended = invoke(args, env=env, cwd=cwd, stdout=console, stderr=console)
            lines = () if ended.outcome is None else tuple(map(str, ended.outcome.lines))
            return Done(ended.exit_code, console.getvalue()[-LONGEST_OUTPUT:], lines)

        # Files that SQL names are relative to the process's directory.
        with contextlib.chdir(root):
            play(script, root, out, Program(run, run, lambda: None, _connection(server)))
    return _played(out)


def _played(folder: Path) -> Played:
    return Played(json.loads((folder / "results.json").read_text()), folder)


def _environment(server: Server | None) -> dict[str, str]:
    """Return this process's environment without settings for dbt, and with what quiets it."""
    inherited = {k: v for k, v in os.environ.items() if "DBT" not in k}
    quiet = {"DBT_SEND_ANONYMOUS_USAGE_STATS": "0", "DBT_USE_COLORS": "0"}
    if server is None:
        return {**inherited, **quiet}
    return {
        **inherited,
        **quiet,
        "ORACLE_POSTGRES": json.dumps(_connection(server)),
        "ORACLE_POSTGRES_PORT": str(server.port),
    }


def _connection(server: Server | None) -> Mapping[str, Any] | None:
    if server is None:
        return None
    return {
        "host": server.host,
        "port": server.port,
        "user": server.user,
        "password": server.password,
        "dbname": server.database,
    }


def _server_for(script: Script) -> AbstractContextManager[Server | None]:
    """Give each play a server of its own, as each has files of its own."""
    is_needed = any(step.get("dump") == [POSTGRES] for step in script)
    return running_server() if is_needed else contextlib.nullcontext()


@contextlib.contextmanager
def _copy(project: Path) -> Iterator[Path]:
    """Copy a project to a directory of its own; local packages are installed by copying."""
    with tempfile.TemporaryDirectory(prefix="oracle-") as scratch:
        root = Path(scratch).resolve() / "project"
        shutil.copytree(project, root)
        for package in sorted(root.glob("packages/*")):
            shutil.copytree(package, root / "dbt_packages" / package.name)
        yield root


def _digest(project: Path, script: Script) -> str:
    digest = hashlib.sha256(json.dumps([script, dbt_version()]).encode())
    sources = [HERE / "player.py", HERE / "dbt_driver.py"]
    for path in (*sources, *sorted(project.rglob("*"))):
        if path.is_file():
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:20]


@functools.cache
def own_projects() -> tuple[str, ...]:
    """Return the projects that bring directions of their own, `name@postgres` for PostgreSQL."""
    names = [path.parent.parent.name for path in HERE.glob(f"projects/*/{ASIDE}/directions.toml")]
    if find_binaries() is not None:
        found = HERE.glob(f"projects/*/{ASIDE}/{POSTGRES}.toml")
        names += [f"{path.parent.parent.name}@{POSTGRES}" for path in found]
    return tuple(sorted(names))
