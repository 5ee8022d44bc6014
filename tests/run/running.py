"""Small projects made by hand, carried out on a real DuckDB file."""

from __future__ import annotations

import datetime
import functools
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import msgspec

from upriver.adapters.contract import Adapter
from upriver.adapters.duckdb.adapter import adapter as duckdb_adapter
from upriver.adapters.macro_files import builtin_macro_files
from upriver.graph.graph import Entry, Graph, ProjectFacts
from upriver.jinja.blocks import find_blocks
from upriver.jinja.macro_table import MacroTable
from upriver.jinja.world import Invocation
from upriver.parse.world import Settings
from upriver.plan.decide import Deferral
from upriver.plan.make import PlanRequest, make_plan
from upriver.plan.plan import Plan
from upriver.plan.select import Selection
from upriver.resources.macro import Macro
from upriver.resources.nodes import (
    Exposure,
    Model,
    Node,
    Operation,
    Seed,
    Snapshot,
    Test,
    UnitTest,
)
from upriver.resources.relation import RelationName
from upriver.run.events import Event, StepFinished, StepResult
from upriver.run.execute import execute
from upriver.run.setting import RunSetting
from upriver.run.writer import Writer
from upriver.state.baseline import Baseline, Origin, Published

CONFIG = {
    "enabled": True, "materialized": "view", "persist_docs": {}, "pre-hook": [], "post-hook": [],
    "on_schema_change": "ignore", "grants": {}, "contract": {"enforced": False}, "quoting": {},
    "column_types": {}, "full_refresh": None, "unique_key": None, "tags": [], "meta": {},
}  # fmt: skip
TEST_CONFIG = {
    "materialized": "test", "severity": "ERROR", "store_failures": None,
    "store_failures_as": None, "where": None, "limit": None, "fail_calc": "count(*)",
    "warn_if": "!= 0", "error_if": "!= 0",
}  # fmt: skip
STARTED = datetime.datetime(2024, 5, 1, 12, tzinfo=datetime.UTC)


@functools.cache
def built_in(adapter_type: str) -> tuple[tuple[str, tuple[Macro, ...]], ...]:
    """The macros that ship with an adapter, by package."""
    found: dict[str, list[Macro]] = {}
    for package, path, text in builtin_macro_files(adapter_type):
        found.setdefault(package, []).extend(read_macros(package, path, text))
    return tuple((package, tuple(macros)) for package, macros in found.items())


def read_macros(package: str, path: str, text: str) -> list[Macro]:
    kinds = frozenset({"macro", "materialization", "test", "data_test"})
    macros = []
    for block in find_blocks(text, kinds, file=path)[0]:
        name = block.name
        if block.kind == "materialization":
            adapter_type = re.search(r"adapter\s*=\s*['\"](\w+)", block.text.split("%}")[0])
            name = f"materialization_{name}_{adapter_type[1] if adapter_type else 'default'}"
        elif block.kind in {"test", "data_test"}:
            name = f"test_{name}"
        macros.append(
            Macro(
                unique_id=f"macro.{package}.{name}",
                name=name,
                package=package,
                path=path,
                original_file_path=path,
                macro_sql=block.text,
                line=block.line,
            )
        )
    return macros


def baseline_of(published: Mapping[str, Published]) -> Baseline:
    return Baseline(origin=Origin(location="prod"), published=published, comparables={}, macros={})


class SmallProject:
    """A project `p` with the schema `dev`; every method adds one resource."""

    def __init__(
        self,
        root: Path,
        *,
        flags: dict[str, Any] | None = None,
        adapter: Adapter = duckdb_adapter,
        output: dict[str, Any] | None = None,
        database: str = "small",
    ) -> None:
        self.root = root
        self.path = root / "small.duckdb"
        self.adapter = adapter
        self.output = output or {"type": "duckdb", "path": str(self.path), "schema": "dev"}
        self.database = database
        self.nodes: dict[str, Any] = {}
        self.parents: dict[str, tuple[str, ...]] = {}
        self.macros: list[Macro] = []
        self.flags = {"FULL_REFRESH": False, "EMPTY": False, "WHICH": "build", **(flags or {})}
        self.memory: dict[str, Any] = {}

    def model(self, name: str, sql: str, *reads: str, **config: Any) -> str:
        return self._node(Model, "model", name, sql, reads, {**CONFIG, **config}, ".sql")

    def snapshot(self, name: str, sql: str, *reads: str, **config: Any) -> str:
        values = {**CONFIG, "materialized": "snapshot", **config}
        return self._node(Snapshot, "snapshot", name, sql, reads, values, ".sql")

    def seed(self, name: str, csv: str, **config: Any) -> str:
        folder = self.root / "seeds"
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.csv").write_text(csv, "utf-8")
        values = {**CONFIG, "materialized": "seed", "quote_columns": None, "delimiter": ","}
        return self._node(Seed, "seed", name, "", (), {**values, **config}, ".csv")

    def test(self, name: str, sql: str, *reads: str, **config: Any) -> str:
        values = {**TEST_CONFIG, **config}
        return self._node(Test, "test", name, sql, reads, values, ".sql")

    def generic(self, test: str, target: str, column: str, **config: Any) -> str:
        name = f"{test}_{target.rsplit('.', maxsplit=1)[-1]}_{column}"
        kwargs = {
            "model": f"{{{{ get_where_subquery(ref('{target.rsplit('.', maxsplit=1)[-1]}')) }}}}",
            "column_name": column,
        }
        return self._node(
            Test, "test", name, f"{{{{ test_{test}(**_dbt_generic_test_kwargs) }}}}", (target,),
            {**TEST_CONFIG, **config}, ".sql", test_name=test, test_kwargs=kwargs,
            original_file_path="models/schema.yml",
        )  # fmt: skip

    def hook(self, moment: str, index: int, sql: str, *reads: str) -> str:
        name = f"p-on-run-{moment}-{index}"
        return self._node(
            Operation, "operation", name, sql, reads, {}, ".sql", index=index,
            path=f"hooks/{name}.sql", original_file_path="dbt_project.yml",
        )  # fmt: skip

    def unit_test(self, name: str, model: str, given: list[Any], expect: Any, **more: Any) -> str:
        unique_id = f"unit_test.p.{model.rsplit('.', maxsplit=1)[-1]}.{name}"
        self.parents[unique_id] = (model,)
        self.nodes[unique_id] = UnitTest(
            unique_id=unique_id, name=name, package="p", path="schema.yml",
            original_file_path="models/schema.yml", fqn=("p", name),
            model=model.rsplit(".", maxsplit=1)[-1], given=tuple(given), expect=expect,
            depends_on=(model,), **more,
        )  # fmt: skip
        return unique_id

    def exposure(self, name: str, *reads: str) -> str:
        unique_id = f"exposure.p.{name}"
        self.parents[unique_id] = reads
        self.nodes[unique_id] = Exposure(
            unique_id=unique_id, name=name, package="p", path="e.yml",
            original_file_path="models/e.yml", fqn=("p", name), type="dashboard", owner={},
            depends_on=reads,
        )  # fmt: skip
        return unique_id

    def macro(self, text: str) -> None:
        self.macros.extend(read_macros("p", "macros/m.sql", text))

    def _node(
        self, kind: type[Node], prefix: str, name: str, sql: str, reads: tuple[str, ...],
        config: dict[str, Any], suffix: str, **more: Any,
    ) -> str:  # fmt: skip
        unique_id = f"{prefix}.p.{name}"
        folder = {"model": "models", "seed": "seeds", "test": "tests"}.get(prefix, prefix)
        is_stored = (
            config.get("materialized") not in {"ephemeral", "test"} and prefix != "operation"
        )
        if config.get("store_failures"):
            is_stored = True
        fields = {
            "path": f"{name}{suffix}",
            "original_file_path": f"{folder}/{name}{suffix}",
            **more,
        }
        self.parents[unique_id] = reads
        self.nodes[unique_id] = kind(
            unique_id=unique_id, name=name, package="p", fqn=("p", name), alias=name,
            database=self.database, schema=config.get("schema") or "dev", raw_code=sql,
            config=config,
            relation_name=f'"{self.database}"."{config.get("schema") or "dev"}"."{name}"'
            if is_stored else None,
            depends_on=reads, **fields,
        )  # fmt: skip
        return unique_id

    def graph(self) -> Graph:
        children: dict[str, list[str]] = {unique_id: [] for unique_id in self.nodes}
        for unique_id, reads in self.parents.items():
            for parent in reads:
                children[parent].append(unique_id)
        return Graph(
            facts=ProjectFacts(project_name="p", adapter_type="duckdb", packages=("p",)),
            entries={unique_id: self._entry(unique_id) for unique_id in self.nodes},
            parents=self.parents,
            children={unique_id: tuple(below) for unique_id, below in children.items()},
            resources=self.nodes, macros={}, docs={}, disabled={}, selectors={},
        )  # fmt: skip

    def _entry(self, unique_id: str) -> Entry:
        node = self.nodes[unique_id]
        is_node = isinstance(node, Node)
        name = node.relation_name if is_node else None
        relation = None
        if name is not None:
            relation = RelationName(
                database=node.database, schema=node.schema, identifier=node.alias
            )
        return Entry(
            unique_id=unique_id, kind=unique_id.split(".", maxsplit=1)[0], name=node.name,
            package="p", fqn=node.fqn, relation=relation, relation_name=name,
            materialized=node.config.get("materialized") if is_node else None,
            original_file_path=node.original_file_path,
            references=self.parents[unique_id],
        )  # fmt: skip

    def plan(self, command: str, *ids: str, **more: Any) -> Plan:
        chosen = frozenset(ids or (i for i in self.nodes if not i.startswith("operation.")))
        selection = Selection(ids=chosen, matched=chosen)
        return make_plan(
            PlanRequest(command=command, graph=self.graph(), selection=selection, **more)
        )

    def setting(self, **changes: Any) -> RunSetting:
        credentials, problems = self.adapter.parse_credentials(
            self.output, profile="p", target="dev", root=str(self.root)
        )
        assert credentials is not None, problems
        macros = dict(built_in(self.adapter.dialect.type))
        internal = tuple(macros)
        setting = RunSetting(
            graph=self.graph(),
            settings=Settings(
                project_name="p",
                dialect=self.adapter.dialect,
                quoting=self.adapter.dialect.quoting,
                env={},
                target={"name": "dev", "target_name": "dev", "profile_name": "p",
                        "schema": "dev", "database": self.database,
                        "dbname": self.database, "type": self.adapter.dialect.type},
                flags=self.flags,
                invocation=Invocation(
                    invocation_id="i-1", started_at=STARTED, args={}, metadata_envs={},
                    dbt_version="1.11.16",
                ),
            ),
            macros=MacroTable(
                macros={**macros, "p": self.macros}, root="p", internal=internal,
                adapter_types=(self.adapter.dialect.type,),
            ),
            adapter=self.adapter,
            warehouse=self.adapter.open(credentials),
            threads=2,
            project_root=str(self.root),
            writer=Writer(str(self.root / "target")),
            memory=self.memory,
        )  # fmt: skip
        return msgspec.structs.replace(setting, **changes)

    def run(self, command: str, *ids: str, plan: Plan | None = None, **changes: Any) -> Ran:
        setting = self.setting(**changes)
        deferral = None
        if command == "clone":
            deferral = Deferral(
                policy="exists", baseline=baseline_of(setting.published), name="prod"
            )
        try:
            made = plan or self.plan(command, *ids, deferral=deferral)
            events = list(execute(made, setting))
        finally:
            setting.warehouse.close()
        return Ran(events)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.path)) as connection:
            return connection.execute(sql).fetchall()

    def compiled(self, path: str, folder: str = "compiled") -> str:
        return (self.root / "target" / folder / "p" / path).read_text("utf-8")


class Ran:
    """What a run reported."""

    def __init__(self, events: list[Event]) -> None:
        self.events = events
        self.results: dict[str, StepResult] = {
            event.result.unique_id: event.result
            for event in events
            if isinstance(event, StepFinished)
        }

    @property
    def statuses(self) -> dict[str, str]:
        return {i.split(".")[-1]: result.status for i, result in self.results.items()}

    def __getitem__(self, name: str) -> StepResult:
        return next(r for i, r in self.results.items() if i.split(".")[-1] == name)
