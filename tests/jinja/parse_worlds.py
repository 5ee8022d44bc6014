"""Worlds of small projects, for reading and rendering templates."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from upriver.jinja.blocks import find_blocks
from upriver.jinja.calls import find_calls, signature_arguments
from upriver.jinja.macro_table import MacroTable
from upriver.jinja.world import Invocation
from upriver.parse.world import ParseWorld, Settings
from upriver.resources.dialect import Dialect
from upriver.resources.macro import Macro
from upriver.resources.relation import Quoting


def macros_of(package: str, text: str) -> list[Macro]:
    blocks, problems = find_blocks(text, frozenset({"macro"}), file="macros/m.sql")
    assert not problems
    return [
        Macro(
            unique_id=f"macro.{package}.{block.name}",
            name=block.name,
            package=package,
            path="macros/m.sql",
            original_file_path="macros/m.sql",
            macro_sql=block.text,
            line=block.line,
            arguments=signature_arguments(block.header),
            calls=find_calls(block.text)[0],
            dispatches=find_calls(block.text)[1],
        )
        for block in blocks
    ]


def parse_world(
    macros: Mapping[str, str], variables: Mapping[str, Any] | None = None
) -> ParseWorld:
    invocation = Invocation(
        invocation_id="0",
        started_at=datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC),
        args={},
        metadata_envs={},
        dbt_version="1.11.16",
    )
    table = MacroTable(
        macros={package: macros_of(package, text) for package, text in macros.items()},
        root="shop",
        internal=("dbt",),
        adapter_types=("duckdb",),
    )
    return ParseWorld(
        Settings(
            project_name="shop",
            dialect=Dialect(type="duckdb"),
            quoting=Quoting(),
            vars_by_package={"shop": variables or {}},
            env={"HOME": "/home/me"},
            target={"name": "dev", "schema": "main", "type": "duckdb"},
            invocation=invocation,
        ),
        table,
        say=lambda *_said: None,
        memory={},
    )
