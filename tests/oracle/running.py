"""Running dbt-core and upriver on equal copies of a project.

dbt-core takes seconds to start, so each project's commands run in one process of it, and what they
gave is kept in `.cache/oracle-results` under a digest of the project and of dbt's version.
"""

from __future__ import annotations

import functools
import hashlib
import io
import json
import os
import pickle
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from upriver.cli.invoke import invoke

ROOT = Path(__file__).parent.parent.parent
PROJECTS = Path(__file__).parent / "projects"
CACHE = ROOT / ".cache" / "oracle-results"
SCHEMAS = (
    "dev",
    "prod",
    "dev_core",
    "dev_raw",
    "raw",
    "snapshots",
    "dev_snaps",
    "dev_dbt_test__audit",
)
ENVIRONMENT = {"DBT_SEND_ANONYMOUS_USAGE_STATS": "0", "DBT_USE_COLORS": "0"}

DRIVER = """
import contextlib, io, json, os, sys
os.chdir(sys.argv[1])
from dbt.cli.main import dbtRunner
answers = []
for args in json.load(open(sys.argv[2])):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        result = dbtRunner().invoke(args)
    listed = result.result if args[0] == "ls" and isinstance(result.result, list) else None
    exit_code = 0 if result.success else (2 if result.exception else 1)
    answers.append({"exit_code": exit_code, "listed": listed, "output": out.getvalue()})
json.dump(answers, open(sys.argv[3], "w"))
"""


def find_dbt() -> str | None:
    """Return dbt's path, or None."""
    given = os.environ.get("UPRIVER_ORACLE_DBT")
    path = Path(given) if given else ROOT / ".cache" / "oracle" / "bin" / "dbt"
    return str(path.absolute()) if path.exists() else None


@functools.cache
def dbt_version() -> str:
    """Return the version that answers are kept for."""
    python = Path(find_dbt() or "").parent / "python"
    code = "import dbt.version, dbt.adapters.duckdb as d; print(dbt.version.__version__)"
    return subprocess.run(
        [str(python), "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()


@dataclass
class Ran:
    """What a list of commands left behind."""

    answers: list[dict[str, Any]]
    artifacts: dict[str, Any]
    """JSON files of target directories by relative path."""
    compiled: dict[str, str]
    """Files under `compiled/` by relative path."""
    tables: dict[tuple[str, str], tuple[str, list[tuple[Any, ...]]]] = field(default_factory=dict)
    """By schema and name: type, and sorted rows."""

    def manifest(self, target: str = "target") -> dict[str, Any]:
        """Return a manifest."""
        found: dict[str, Any] = self.artifacts[f"{target}/manifest.json"]
        return found


def run_dbt(project: Path, commands: list[list[str]], name: str) -> Ran:
    """Run the commands with dbt-core, or return what they gave before."""
    key = hashlib.sha256()
    for path in sorted(project.rglob("*")):
        if path.is_file():
            key.update(str(path.relative_to(project)).encode() + path.read_bytes())
    key.update(json.dumps([commands, dbt_version()]).encode())
    kept = CACHE / f"{name}-{key.hexdigest()[:20]}.pickle"
    if kept.exists():
        return pickle.loads(kept.read_bytes())  # noqa: S301 - written by this module
    with _copy(project) as folder:
        script, asked, answered = folder / ".d.py", folder / ".q.json", folder / ".a.json"
        script.write_text(DRIVER)
        asked.write_text(json.dumps(commands))
        python = Path(find_dbt() or "").parent / "python"
        subprocess.run(
            [str(python), str(script), str(folder), str(asked), str(answered)],
            env={**os.environ, **ENVIRONMENT, "DBT_PROFILES_DIR": str(folder)},
            check=True,
            capture_output=True,
        )
        ran = _collect(folder, json.loads(answered.read_text()))
    CACHE.mkdir(parents=True, exist_ok=True)
    kept.write_bytes(pickle.dumps(ran))
    return ran


def run_upriver(project: Path, commands: list[list[str]]) -> Ran:
    """Run the commands with upriver, in this process."""
    with _copy(project) as folder:
        answers = []
        here = Path.cwd()
        os.chdir(folder)
        try:
            for args in commands:
                out = io.StringIO()
                env = {**ENVIRONMENT, "DBT_PROFILES_DIR": str(folder), "HOME": str(folder)}
                result = invoke(args, env=env, cwd=str(folder), stdout=out, stderr=io.StringIO())
                listed = None
                if args[0] == "ls" and result.outcome is not None:
                    listed = list(result.outcome.lines)
                answers.append(
                    {"exit_code": result.exit_code, "listed": listed, "output": out.getvalue()}
                )
        finally:
            os.chdir(here)
        return _collect(folder, answers)


class _copy:  # noqa: N801 - a context manager
    def __init__(self, project: Path) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="oracle-")) / "project"
        shutil.copytree(project, self._folder)

    def __enter__(self) -> Path:
        return self._folder

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._folder.parent, ignore_errors=True)


def _collect(folder: Path, answers: list[dict[str, Any]]) -> Ran:
    artifacts = {
        str(path.relative_to(folder)): json.loads(path.read_bytes())
        for path in folder.glob("*/*.json")
        if path.name in ("manifest.json", "run_results.json")
    }
    compiled = {
        str(path.relative_to(folder)): path.read_text()
        for path in folder.glob("*/compiled/**/*")
        if path.is_file()
    }
    return Ran(answers, artifacts, compiled, _tables(folder))


def _tables(folder: Path) -> dict[tuple[str, str], tuple[str, list[tuple[Any, ...]]]]:
    found: dict[tuple[str, str], tuple[str, list[tuple[Any, ...]]]] = {}
    for file in folder.glob("*.duckdb"):
        connection = duckdb.connect(str(file), read_only=True)
        listed = connection.execute(
            "select table_schema, table_name, table_type from information_schema.tables"
        ).fetchall()
        for schema, name, kind in listed:
            query = f'select * from "{schema}"."{name}"'
            try:
                rows = sorted(connection.execute(query).fetchall(), key=repr)
            except duckdb.Error as error:
                rows = [(str(error).split("\n")[0],)]
            found[schema, name] = (kind, rows)
        connection.close()
    return found
