"""A world with the built-in macros, a warehouse that only writes down, and subjects."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from upriver.adapters.contract import Adapter
from upriver.adapters.duckdb.adapter import adapter as duckdb
from upriver.adapters.macro_files import builtin_macro_files
from upriver.adapters.postgres.adapter import adapter as postgres
from upriver.jinja.config import RunConfig
from upriver.jinja.macro_table import MacroTable
from upriver.jinja.relation import relation_of
from upriver.jinja.subject import Overrides, Subject
from upriver.jinja.world import Invocation
from upriver.parse.macros import parse_macros
from upriver.parse.world import ParseWorld, Settings
from upriver.resources.answers import Answer, ColumnType, ListedRelation, Response
from upriver.resources.calls import RefCall, SourceCall
from upriver.resources.files import SourceFile
from upriver.resources.macro import Macro
from upriver.resources.relation import Quoting, RelationName

ADAPTERS: Mapping[str, Adapter] = {"duckdb": duckdb, "postgres": postgres}


class FakeWarehouse:
    """Answers from what it was given and keeps every statement."""

    def __init__(
        self,
        answers: Mapping[str, Answer] | None = None,
        listed: tuple[ListedRelation, ...] = (),
    ) -> None:
        self.answers = answers or {}
        self.listed = listed
        self.sent: list[str] = []
        self.in_transaction = False

    def execute(self, sql: str, **_options: Any) -> Answer:
        self.sent.append(" ".join(sql.split()))
        for part, answer in self.answers.items():
            if part in sql:
                return answer
        return Answer(response=Response(message="OK", rows_affected=2))

    def execute_bound(self, sql: str, bindings: Any, *, auto_begin: bool = False) -> Answer:
        return self.execute(f"{sql} <- {list(bindings)}", auto_begin=auto_begin)

    def commit(self) -> None:
        self.sent.append("commit")

    def relation(self, name: RelationName) -> ListedRelation | None:
        for found in self.listed:
            if str(found.name.identifier).lower() == str(name.identifier).lower():
                return found
        return None

    def relations(self, _database: str | None, schema: str) -> tuple[ListedRelation, ...]:
        return tuple(found for found in self.listed if found.name.schema == schema)

    def schemas(self, _database: str | None) -> tuple[str, ...]:
        return ("main",)

    def query_columns(self, _sql: str) -> tuple[ColumnType, ...]:
        return (ColumnType(name="id", data_type="INTEGER"),)

    def cache_added(self, relation: ListedRelation) -> None:
        self.listed = (*self.listed, relation)

    def cache_dropped(self, name: RelationName) -> None:
        self.listed = tuple(found for found in self.listed if found.name != name)

    def cache_renamed(self, old: RelationName, new: RelationName) -> None:
        self.sent.append(f"cache: {old.identifier} is {new.identifier}")

    def cache_schema_dropped(self, _database: str | None, schema: str) -> None:
        self.sent.append(f"cache: {schema} is gone")


class RunningWorld(ParseWorld):
    """A parse's world that says it executes."""

    is_executing = True
    said: list[tuple[str, str]]

    def graph(self) -> dict[str, Any]:
        return {"nodes": {"model.shop.a": {"name": "a"}}}

    def selected(self) -> tuple[str, ...]:
        return ("model.shop.a",)


class Resolver:
    """References by name, in the schema `main`."""

    def __init__(self, world: ParseWorld) -> None:
        self._world = world

    def ref(self, call: RefCall) -> Any:
        name = call.name if call.version is None else f"{call.name}_v{call.version}"
        return self._relation(call.package or "main", name)

    def source(self, call: SourceCall) -> Any:
        return self._relation(call.source, call.table)

    def metric(self, call: RefCall) -> Any:
        return call.name

    def function(self, call: RefCall) -> Any:
        return self._relation("fn", call.name)

    def _relation(self, schema: str, name: str) -> Any:
        parts = RelationName(database="db", schema=schema, identifier=name)
        return relation_of(self._world.dialect, parts, self._world.quoting)


def read_macros(package: str, text: str, adapter: Adapter) -> tuple[Macro, ...]:
    class Reading:
        dialect = adapter.dialect

    file = SourceFile(
        package=package, kind="macro", path="macros/m.sql", search_path="macros", absolute="/m",
        size=0, mtime_ns=0, inode=0,
    )  # fmt: skip
    parsed = parse_macros(file, text, Reading())  # type: ignore[arg-type]
    assert not parsed.problems
    return parsed.macros


def macro_table(kind: str = "duckdb", **texts: str) -> MacroTable:
    """The built-in macros with those of the given packages, `shop` being the root."""
    adapter = ADAPTERS[kind]
    macros = {"shop": read_macros("shop", texts.pop("shop", ""), adapter)}
    for package, text in texts.items():
        macros[package] = read_macros(package, text, adapter)
    for package, _, text in builtin_macro_files(kind):
        macros[package] = (*macros.get(package, ()), *read_macros(package, text, adapter))
    return MacroTable(
        macros=macros, root="shop", internal=(f"dbt_{kind}", "dbt"), adapter_types=(kind,)
    )


def world(
    own: str = "",
    *,
    kind: str = "duckdb",
    is_executing: bool = True,
    warehouse: FakeWarehouse | None = None,
    flags: Mapping[str, Any] | None = None,
    variables: Mapping[str, Any] | None = None,
    env: Mapping[str, str] | None = None,
    **packages: str,
) -> Any:
    """A world whose root project has the macros `own`."""
    settings = Settings(
        project_name="shop",
        dialect=ADAPTERS[kind].dialect,
        quoting=Quoting(),
        vars_by_package={"shop": variables or {}},
        env=env or {},
        target={"name": "dev", "schema": "main", "database": "db", "type": kind},
        flags=flags or {},
        invocation=Invocation(
            invocation_id="i-1",
            started_at=datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC),
            args={"which": "run"},
            metadata_envs={},
            dbt_version="1.11.16",
        ),
    )
    said: list[tuple[str, str]] = []
    make = RunningWorld if is_executing else ParseWorld
    made: Any = make(
        settings,
        macro_table(kind, shop=own, **packages),
        say=lambda text, level, _id: said.append((level, text)),
        memory={},
    )
    made.said = said
    made.warehouse = warehouse
    return made


def subject(of: Any, *, config: Mapping[str, Any] | None = None, **changes: Any) -> Subject:
    """A model `m` of the root project."""
    this = RelationName(database="db", schema="main", identifier="m")
    values: dict[str, Any] = {
        "package": "shop",
        "resolver": Resolver(of),
        "config": RunConfig(config or {}),
        "name": "m",
        "unique_id": "model.shop.m",
        "this": relation_of(of.dialect, this, of.quoting),
        "overrides": Overrides(),
        **changes,
    }
    return Subject(**values)
