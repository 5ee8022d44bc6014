"""Small projects on DuckDB or PostgreSQL, with an account of their own of what every relation holds.

A project is a seed and a few models, each the sum of what it reads plus a number of its own. What a
relation holds is told as the tree of numbers it was computed from, so that two relations are equal
exactly if the same code made them out of the same inputs. The account is kept from the plans'
decisions alone: it knows nothing of fingerprints or records.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import psycopg
from tests.postgres_server import Server

from upriver.project.open import Project, open_project
from upriver.project.outcome import Outcome
from upriver.project.requests import Build, GlobalOptions, Request, Run, Selecting

PROJECT = "name: p\nversion: '1.0'\nprofile: p\n"
PROFILE = """\
p:
  target: dev
  outputs:
    dev: {type: duckdb, path: p.duckdb, schema: dev, threads: 1}
    prod: {type: duckdb, path: p.duckdb, schema: prod, threads: 1}
    scratch: {type: duckdb, path: p.duckdb, schema: scratch, threads: 1}
"""
ENVIRONMENTS = ("dev", "prod", "scratch")
Tree = tuple[Any, ...]


class Node(msgspec.Struct, frozen=True):
    """One model: what it adds, what it reads (positions; -1 is the seed), and how it is kept."""

    number: int
    parents: tuple[int, ...]
    materialized: str
    note: int = 0
    """Written as a comment: no change of meaning."""
    asks: bool = False
    """Adds the variable `v` too."""


class Kept(msgspec.Struct, frozen=True):
    """What a relation is: a tree for stored rows, and what it reads for a view."""

    tree: Tree | None = None
    number: Any = None
    inputs: tuple[tuple[str, str], ...] = ()
    is_view: bool = False


class World:
    """One project directory with its production and its development schema."""

    def __init__(self, root: Path, nodes: tuple[Node, ...], server: Server | None = None) -> None:
        """On a server, what another world has left there is dropped."""
        self.root = root
        self.server = server
        self.nodes = list(nodes)
        self.seed = 1
        self.variable = 0
        self.kept: dict[tuple[str, str], Kept] = {}
        self.has_state = False
        (root / "models").mkdir(parents=True)
        (root / "seeds").mkdir()
        (root / "dbt_project.yml").write_text(PROJECT)
        (root / "profiles.yml").write_text(PROFILE if server is None else _profile(server))
        if server is not None:
            for schema in ENVIRONMENTS:
                self._ask(f"drop schema if exists {schema} cascade")
        self.write()
        self.project: Project = open_project(root, env={"XDG_STATE_HOME": str(root / "home")})

    def write(self) -> None:
        """Write the project as it is now."""
        self._put("seeds/s.csv", f"x\n{self.seed}\n")
        for at in range(len(self.nodes)):
            self._put(f"models/m{at}.sql", self.code(at))

    def _put(self, name: str, text: str) -> None:
        path = self.root / name
        if not path.exists() or path.read_text() != text:
            path.write_text(text)

    def code(self, at: int) -> str:
        """Return a model's file."""
        node = self.nodes[at]
        reads = " + ".join(
            f"(select sum(x) from {{{{ ref('{name_of(parent)}') }}}})" for parent in node.parents
        )
        more = " + {{ var('v', 0) }}" if node.asks else ""
        guard = ""
        if node.materialized == "incremental":
            guard = "{% if is_incremental() %} where false {% endif %}"
        return (
            f"{{{{ config(materialized='{node.materialized}') }}}}\n-- note {node.note}\n"
            f"select {reads or '0'} + {node.number}{more} as x {guard}"
        )

    def own(self, at: int) -> Any:
        """Return what a model's own text comes to."""
        node = self.nodes[at]
        kind = node.materialized if node.materialized == "incremental" else "query"
        return (node.number, self.variable if node.asks else None, kind)

    def wanted(self, name: str) -> Tree:
        """Return the tree that building everything from nothing gives."""
        if name == "s":
            return ("s", self.seed)
        at = int(name[1:])
        parents = tuple(name_of(parent) for parent in self.nodes[at].parents)
        return (name, self.own(at), *(self.wanted(parent) for parent in parents))

    def holds(self, environment: str, name: str) -> Tree | None:
        """Return the tree of what a relation holds now; None if it is a mixture or not there."""
        kept = self.kept.get((environment, name))
        if kept is None or not kept.is_view:
            return None if kept is None else kept.tree
        inputs = tuple(self._read(*item) for item in kept.inputs)
        return None if None in inputs else (name, kept.number, *inputs)

    def _read(self, environment: str, name: str) -> Tree | None:
        kept = self.kept.get((environment, name))
        return None if kept is None else self.holds(environment, name)

    def perform(self, request: Request, environment: str, **options: Any) -> Outcome:
        """Perform a request, and take what it built into the account."""
        given = GlobalOptions(
            target=environment,
            target_path="prod-state" if environment == "prod" else "target",
            vars={"v": self.variable},
            **options,
        )
        outcome = self.project.perform(msgspec.structs.replace(request, options=given))
        if outcome.report is not None and outcome.plan is not None:
            steps = {step.unique_id: step for step in outcome.plan.steps}
            for result in outcome.report.results:
                if result.status == "success" and result.relation_type is not None:
                    step = steps[result.unique_id]
                    self._account(environment, step, is_added_to=result.is_added_to)
        if environment == "prod" and outcome.report is not None:
            self.has_state = True
        return outcome

    def _account(self, environment: str, step: Any, *, is_added_to: bool) -> None:
        name = step.unique_id.rpartition(".")[2]
        if name == "s":
            self.kept[environment, name] = Kept(tree=self.wanted("s"))
            return
        at = int(name[1:])
        places = {
            decision.target.rpartition(".")[2]: decision.relation.schema
            for decision in step.inputs
            if decision.relation is not None
        }
        inputs = tuple(
            self._input(environment, name_of(parent), places) for parent in self.nodes[at].parents
        )
        kept = Kept(number=self.own(at), inputs=inputs, is_view=True)
        if self.nodes[at].materialized != "view":
            before = self.holds(environment, name)
            self.kept[environment, name] = kept
            tree = self.holds(environment, name)
            if is_added_to and tree != before:
                tree = None
            kept = Kept(tree=tree)
        self.kept[environment, name] = kept

    def _input(self, environment: str, name: str, places: Mapping[str, str]) -> tuple[str, str]:
        if name in places:
            return places[name], name
        # Ephemeral: what its text came to when it was inlined, under a name of its own.
        at = int(name[1:])
        inner = tuple(
            self._input(environment, name_of(parent), places) for parent in self.nodes[at].parents
        )
        own = self.own(at)
        key = (f"inlined:{own}:{inner}", name)
        self.kept[key] = Kept(number=own, inputs=inner, is_view=True)
        return key

    def rows(self, environment: str, name: str) -> list[tuple[Any, ...]]:
        """Return what the warehouse really has."""
        if self.server is not None:
            return self._ask(f'select x from "{environment}"."{name}"')
        with duckdb.connect(str(self.root / "p.duckdb"), read_only=True) as connection:
            sql = f'select x from "p"."{environment}"."{name}"'
            return [tuple(row) for row in connection.execute(sql).fetchall()]

    def _ask(self, sql: str) -> list[tuple[Any, ...]]:
        server = self.server
        assert server is not None
        with closing(
            psycopg.connect(
                host=server.host, port=server.port, user=server.user, password=server.password,
                dbname=server.database, autocommit=True,
            )
        ) as connection:  # fmt: skip
            cursor = connection.execute(sql)
            return [] if cursor.description is None else list(cursor.fetchall())

    def value(self, name: str) -> int:
        """Return the number that building everything from nothing gives."""
        if name == "s":
            return self.seed
        node = self.nodes[int(name[1:])]
        read = sum(self.value(name_of(parent)) for parent in node.parents)
        return read + node.number + (self.variable if node.asks else 0)


def _profile(server: Server) -> str:
    outputs = {name: server.output(schema=name, threads=1) for name in ENVIRONMENTS}
    return json.dumps({"p": {"target": "dev", "outputs": outputs}})


def name_of(position: int) -> str:
    """Return the name of a node."""
    return "s" if position < 0 else f"m{position}"


def building(names: tuple[str, ...], *, with_seeds: bool = False) -> Request:
    """Return a request that builds these, or everything."""
    selecting = Selecting(select=names)
    return Build(selecting=selecting) if with_seeds else Run(selecting=selecting)
