"""The script of a feature project, made of its files and of its `_oracle/directions.toml`."""

from __future__ import annotations

import functools
import tomllib
from pathlib import Path
from typing import Any

from tests.oracle.playing import ASIDE, HERE, Played, Script, play_dbt, play_upriver

SELECTORS = (
    "*", "*+1", "*_*", "resource_type:model", "resource_type:test", "resource_type:seed",
    "resource_type:source", "resource_type:snapshot", "resource_type:exposure",
    "resource_type:unit_test", "resource_type:analysis", "test_type:generic", "test_type:singular",
    "test_type:unit", "test_type:data", "config.materialized:view", "config.materialized:table",
    "config.materialized:incremental", "config.materialized:ephemeral", "config.severity:warn",
    "config.severity:error", "config.enabled:true", "config.store_failures:true", "package:this",
    "package:*", "source:*", "source:*+", "exposure:*", "+exposure:*", "group:*", "access:public",
    "access:private", "access:protected", "version:latest", "version:none", "version:old",
    "version:prerelease", "tag:*", "path:models", "path:seeds", "path:tests", "path:snapshots",
    "file:*.sql", "file:*.csv", "test_name:unique", "test_name:not_null", "test_name:*",
    "unit_test:*", "@source:*", "no_such_node",
)  # fmt: skip
AROUND = ("{0}", "+{0}", "{0}+", "1+{0}+1", "@{0}")
"""Asked of every node."""
MODES = ("cautious", "buildable", "empty")
MANY_NODES = 24
SNAPSHOT_TIMES = ("dbt_scd_id", "dbt_updated_at", "dbt_valid_from", "dbt_valid_to")


class Directions:
    """What the tests do with a project beyond the usual."""

    def __init__(self, name: str) -> None:
        self.name = name
        folder, _, variant = name.partition("@")
        self.project = HERE / "projects" / folder
        text = (self.project / ASIDE / f"{variant or 'directions'}.toml").read_text()
        read: dict[str, Any] = tomllib.loads(text)
        self.is_listed = not variant
        """Whether selecting is compared; once is enough."""
        self.databases: list[str] = read.get("databases", [variant or "wh.duckdb"])
        self.setup: list[str] = read.get("setup", [])
        self.first: list[str] = read.get("first", ["build"])
        """The first command that runs anything."""
        self.options: list[str] = read.get("options", [])
        self.selections: list[list[str]] = [line.split(" ") for line in read.get("selections", [])]
        self.has_semantic_layer: bool = read.get("semantic_layer", False)
        self.rounds: list[dict[str, Any]] = read.get("round", [])
        self.times: tuple[str, ...] = (*SNAPSHOT_TIMES, *read.get("times", ()))
        """Columns that hold the time of the run, of which only the presence is compared."""
        self.known: dict[str, str] = read.get("known", {})
        """Differences that are meant: what differs, and why."""


@functools.cache
def directions_of(name: str) -> Directions:
    """Return a project's directions."""
    return Directions(name)


def script_of(directions: Directions) -> Script:
    """Return what both programs do with a project."""
    script: Script = []
    if directions.setup:
        script.append({"name": "setup", "sql": [directions.databases[0], *directions.setup]})
    script.append({"name": "parse", "run": ["parse", *directions.options]})
    if directions.has_semantic_layer:
        taken = ["target/semantic_manifest.json", "semantic_manifest.json"]
        script.append({"name": "semantic manifest", "take": taken})
    if directions.is_listed:
        script.append({"name": "ls", "list": _selections(directions)})
    script += _round("build", {"run": directions.first}, directions)
    script.append({"name": "compile", "run": ["compile", *directions.options]})
    for number, play in enumerate(directions.rounds, start=2):
        script += _round(f"round {number}", play, directions)
    return script


def _round(name: str, play: dict[str, Any], directions: Directions) -> Script:
    steps: Script = []
    if "sql" in play:
        steps.append({"name": f"{name}: sql", "sql": [directions.databases[0], *play["sql"]]})
    if "write" in play:
        steps.append({"name": f"{name}: write", "write": play["write"]})
    command = [*play.get("run", ["build"]), *directions.options]
    steps.append({"name": name, "run": command, "env": play.get("env", {})})
    steps.append({"name": f"{name}: tables", "dump": directions.databases})
    return steps


def _selections(directions: Directions) -> dict[str, list[str]]:
    names = sorted(
        path.stem
        for folder in ("models", "seeds", "snapshots")
        for path in directions.project.rglob(f"{folder}/**/*")
        if path.suffix in (".sql", ".csv", ".py") and "macros" not in path.parts
    )[:MANY_NODES]
    words = [*SELECTORS, *(around.format(name) for name in names for around in AROUND)]
    plain = [["--select", word] for word in words]
    moded = [
        ["--select", f"{name}+", "--indirect-selection", mode]
        for name in names[::4]
        for mode in MODES
    ]
    every = [[], ["--resource-type", "all"], *plain, *moded, *directions.selections]
    return {" ".join(args): [*args, *directions.options] for args in every}


@functools.cache
def theirs(name: str) -> Played:
    """Return what dbt-core did with a project."""
    directions = directions_of(name)
    return play_dbt(name, directions.project, script_of(directions))


@functools.cache
def ours(name: str, out: Path) -> Played:
    """Return what upriver did with a project."""
    directions = directions_of(name)
    return play_upriver(directions.project, script_of(directions), out)
