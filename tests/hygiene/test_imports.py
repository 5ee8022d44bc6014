"""What a start loads, looked at in processes of their own.

A static import graph cannot tell an import that is deferred from one that is not; this can. Module
lists are the same on every machine, unlike times.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = frozenset(
    {"jinja2", "yaml", "yaml12", "duckdb", "psycopg", "rich", "agate", "sqlglot", "sqlite3",
     "pathspec", "pytz", "fastapi", "uvicorn", "sqlalchemy", "alembic"}
)  # fmt: skip
"""Libraries that are loaded only on the paths that reach them."""

ROOMS = frozenset(
    {"upriver.adapters", "upriver.jinja", "upriver.workspace", "upriver.parse", "upriver.graph",
     "upriver.plan"}
)  # fmt: skip
"""Rooms that no start needs before there is a project to open."""

VALUES = frozenset({"upriver.graph.graph", "upriver.plan.plan", "upriver.workspace.inputs"})
"""Modules of those rooms that only declare what goes in and what comes out."""

_PROBE = """
import json, os, sys
sys.argv = ["upriver", *{argv!r}]
real_exit = os._exit
def leave(code):
    with open({out!r}, "w") as file:
        json.dump([code, sorted(sys.modules)], file)
    real_exit(code)
os._exit = leave
from upriver.cli.main import main
main()
"""


def _loaded(argv: list[str], cwd: Path) -> frozenset[str]:
    """Run a command line in a new process and return the modules it loaded."""
    out = cwd / "modules.json"
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "HOME": str(cwd)}
    done = subprocess.run(
        [sys.executable, "-c", _PROBE.format(argv=argv, out=str(out))],
        cwd=cwd, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert out.exists(), done.stderr
    code, names = json.loads(out.read_text())
    assert code == 0, done.stdout + done.stderr
    return frozenset(names)


def _heavy(loaded: frozenset[str]) -> set[str]:
    return {name.partition(".")[0] for name in loaded} & HEAVY


@pytest.mark.parametrize(
    "argv", [["--help"], ["--version"], ["run", "--help"], ["plan", "--help"]], ids=" ".join
)
def test_help_loads_nothing_heavy(argv: list[str], tmp_path: Path) -> None:
    assert _heavy(_loaded(argv, tmp_path)) == set()


def test_help_loads_no_room_of_the_engine(tmp_path: Path) -> None:
    loaded = _loaded(["run", "--help"], tmp_path)
    working = {name for name in loaded - VALUES - ROOMS if ".".join(name.split(".")[:2]) in ROOMS}
    assert working == set()


def test_importing_the_package_loads_nothing(tmp_path: Path) -> None:
    probe = "import sys, upriver; print([m for m in sys.modules if m.startswith('upriver.')])"
    done = subprocess.run(
        [sys.executable, "-c", probe], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_listing_adapters_imports_none(tmp_path: Path) -> None:
    probe = (
        "import sys; from upriver.adapters.registry import adapter_names; adapter_names();"
        "print(sorted(m for m in sys.modules if m.startswith('upriver.adapters.')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", probe], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    loaded = done.stdout
    assert "duckdb" not in loaded
    assert "postgres" not in loaded


@pytest.fixture(scope="module")
def warm_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small project that was parsed before, with files old enough to be trusted."""
    root = tmp_path_factory.mktemp("warm")
    _loaded(["init", "shop"], root)
    project = root / "shop"
    for path in project.rglob("*"):
        os.utime(path, (1_600_000_000, 1_600_000_000))
    _loaded(["parse"], project)
    return project


def test_warm_ls_loads_no_engine(warm_project: Path) -> None:
    """Nothing changed: neither templates, nor files, nor the warehouse are looked at."""
    loaded = _loaded(["ls"], warm_project)
    assert _heavy(loaded) <= {"sqlite3", "yaml12"}
    unneeded = {"upriver.run.execute", "upriver.run.coordinator", "upriver.adapters.session"}
    assert loaded & unneeded == set()
    installing = ("upriver.workspace.package_", "ssl", "tarfile", "urllib.request")
    assert not any(name.startswith(installing) for name in loaded)


def test_warm_ls_opens_one_adapter_and_no_driver(warm_project: Path) -> None:
    loaded = _loaded(["ls"], warm_project)
    assert "upriver.adapters.duckdb.adapter" in loaded
    assert not any(name.startswith("upriver.adapters.postgres") for name in loaded)
    assert "duckdb" not in loaded


def test_cold_parse_loads_no_driver(warm_project: Path) -> None:
    loaded = _loaded(["--no-partial-parse", "parse"], warm_project)
    assert _heavy(loaded) & {"duckdb", "psycopg", "agate", "rich"} == set()


def test_who_is_linked_to_no_server_loads_nothing_for_it(warm_project: Path) -> None:
    for argv in (["ls"], ["compile"]):
        loaded = _loaded(argv, warm_project)
        linking = ("upriver.project.linked", "upriver.state.remote.server", "http.client")
        assert not any(name.startswith(linking) for name in loaded)
        assert {name for name in loaded if name.startswith("upriver.workspace.link.")} == {
            "upriver.workspace.link.mention"
        }
