"""Projects built with the built-in macros on a real DuckDB file or a real PostgreSQL server."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any

import msgspec
from tests.postgres_server import Server
from tests.run.running import SmallProject, read_macros

from upriver.adapters.cache import RelationCache
from upriver.adapters.macro_files import builtin_macro_files
from upriver.adapters.postgres.adapter import adapter as postgres
from upriver.adapters.session import Session
from upriver.jinja.config import RunConfig
from upriver.jinja.context import build_context, render
from upriver.jinja.macro_table import MacroTable
from upriver.jinja.subject import Subject
from upriver.resources.macro import Macro
from upriver.run.setting import RunSetting
from upriver.run.world import RunWorld

STRATEGIES = ("append", "delete+insert", "merge", "microbatch")
POSTGRES = msgspec.structs.replace(
    postgres.dialect,
    incremental_strategies=STRATEGIES,
    renameable_types=frozenset({"table", "view"}),
    replaceable_types=frozenset({"view"}),
)


class Recorded(SmallProject):
    """A DuckDB project that keeps every statement it sent, without comments and indentation."""

    def __init__(self, root: Path, **more: Any) -> None:
        super().__init__(root, **more)
        self.statements: list[str] = []

    def setting(self, **changes: Any) -> RunSetting:
        base = super().setting(on_query=self._record, **changes)
        dialect = msgspec.structs.replace(base.settings.dialect, incremental_strategies=STRATEGIES)
        settings = msgspec.structs.replace(base.settings, dialect=dialect)
        return msgspec.structs.replace(base, settings=settings)

    def run(self, command: str, *ids: str, **changes: Any) -> Any:
        self.statements.clear()
        return super().run(command, *ids, **changes)

    def _record(self, query: Any) -> None:
        if query.seconds is None:
            self.statements.append(flat(query.sql))

    def sent(self, *starts: str) -> list[str]:
        """The statements that start with one of the words, e.g. `create`, `BEGIN`."""
        return [s for s in self.statements if s.lower().startswith(starts or ("",))]

    def context(self, **config: Any) -> Any:
        """A context outside any node, with a session of its own."""
        setting = self.setting()
        world = RunWorld(setting, say=lambda *_: None)
        session = Session(setting.warehouse, RelationCache())
        subject = Subject(
            package="p", resolver=None, config=RunConfig(config), name="op", unique_id=None,  # type: ignore[arg-type]
        )  # fmt: skip
        return build_context(world.for_worker(session), subject)


class OnPostgres(Recorded):
    """The same on PostgreSQL, in a schema of its own."""

    def __init__(self, root: Path, server: Server, schema: str) -> None:
        super().__init__(root)
        self.server = server
        self.schema = schema
        credentials, problems = postgres.parse_credentials(
            server.output(schema=schema), profile="p", target="dev", root=str(root)
        )
        assert credentials is not None, problems
        self.credentials = credentials

    def _node(self, *args: Any, **more: Any) -> str:
        unique_id = super()._node(*args, **more)
        node = self.nodes[unique_id]
        name = node.relation_name and f'"{self.server.database}"."{self.schema}"."{node.alias}"'
        self.nodes[unique_id] = msgspec.structs.replace(
            node, database=self.server.database, schema=self.schema, relation_name=name
        )
        return unique_id

    def setting(self, **changes: Any) -> RunSetting:
        base = super().setting(**changes)
        target = {
            "name": "dev", "target_name": "dev", "profile_name": "p", "type": "postgres",
            "schema": self.schema, "database": self.server.database,
            "dbname": self.server.database,
        }  # fmt: skip
        packages = postgres_macros()
        base.warehouse.close()
        return msgspec.structs.replace(
            base,
            adapter=postgres,
            settings=msgspec.structs.replace(
                base.settings,
                dialect=POSTGRES, quoting=POSTGRES.quoting, target=target,
            ),
            macros=MacroTable(
                macros={**packages, "p": self.macros}, root="p", internal=tuple(packages),
                adapter_types=("postgres",),
            ),
            warehouse=postgres.open(self.credentials),
        )  # fmt: skip

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        warehouse = postgres.open(self.credentials)
        try:
            return list(warehouse.connect("look").execute(sql, fetch=True).rows)
        finally:
            warehouse.close()


@functools.cache
def postgres_macros() -> dict[str, tuple[Macro, ...]]:
    found: dict[str, list[Macro]] = {}
    for package, path, text in builtin_macro_files("postgres"):
        found.setdefault(package, []).extend(read_macros(package, path, text))
    return {package: tuple(macros) for package, macros in found.items()}


def flat(sql: str) -> str:
    """A statement without comments, on one line."""
    text = re.sub(r"/\*.*?\*/", "", sql, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"--[^\n]*", "", text)).strip()


def bare(value: Any) -> Any:
    """A value to compare: SQL without any whitespace and without what differs each time."""
    if not isinstance(value, str):
        return value
    text = re.sub(r"\s+", "", value)
    text = re.sub(r"__dbt_tmp\d{12,}", "__dbt_tmp#", text)
    return re.sub(r'"[0-9a-f]{32}"', '"#"', text)


def evaluate(context: Any, expression: str) -> Any:
    """The value of an expression of a template, by way of a macro that keeps it."""
    kept: list[Any] = []
    context.names["keep"] = kept.append
    render(f"{{% do keep({expression}) %}}", context)
    return kept[0]
