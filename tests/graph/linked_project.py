"""Projects written as texts, parsed and linked in memory."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from upriver.graph.inputs import HookInput, LinkFlags, LinkInputs, PackageInput
from upriver.graph.link import Linked, link
from upriver.jinja.macro_table import MacroTable
from upriver.jinja.world import Invocation
from upriver.parse.file import parse_file
from upriver.parse.world import ParseWorld, Settings
from upriver.project.templates import make_naming, make_templates
from upriver.resources.definitions import ParsedFile
from upriver.resources.dialect import Dialect
from upriver.resources.files import FileKind, SourceFile
from upriver.resources.macro import Macro
from upriver.resources.relation import Quoting

Texts = Mapping[str, str]

BUILT_IN = (
    "".join(
        f"{{% test {name}(model, column_name, values=none, to=none, field=none) %}}"
        "{% endtest %}\n"
        for name in ("unique", "not_null", "accepted_values", "relationships")
    )
    + "{% macro get_where_subquery(relation) %}{{ return(relation) }}{% endmacro %}"
)

_KINDS: Mapping[tuple[str, str], FileKind] = {
    ("models", "sql"): "model",
    ("models", "py"): "python_model",
    ("seeds", "csv"): "seed",
    ("snapshots", "sql"): "snapshot",
    ("analyses", "sql"): "analysis",
    ("tests", "sql"): "singular_test",
    ("macros", "sql"): "macro",
    ("functions", "sql"): "function",
}
_BY_ENDING: Mapping[str, FileKind] = {"yml": "properties", "md": "docs"}


def source_file(package: str, path: str, text: str) -> SourceFile:
    folder, ending = path.partition("/")[0], path.rpartition(".")[2]
    if path.startswith("tests/generic/"):
        kind: FileKind = "generic_test"
    elif path.startswith("tests/fixtures/"):
        kind = "fixture"
    else:
        kind = _BY_ENDING.get(ending) or _KINDS[folder, ending]
    return SourceFile(
        package=package, kind=kind, path=path, search_path=folder, absolute="", size=len(text),
        mtime_ns=0, inode=0,
    )  # fmt: skip


def _world(macros: Mapping[str, tuple[Macro, ...]], variables: Mapping[str, Any]) -> ParseWorld:
    invocation = Invocation(
        invocation_id="0",
        started_at=datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC),
        args={},
        metadata_envs={},
        dbt_version="1.11.16",
    )
    settings = Settings(
        project_name="shop",
        dialect=Dialect(type="duckdb"),
        quoting=Quoting(),
        vars_by_package={"shop": variables},
        target={"name": "dev", "schema": "main", "database": "db", "type": "duckdb"},
        invocation=invocation,
    )
    table = MacroTable(macros=macros, root="shop", internal=("dbt",), adapter_types=("duckdb",))
    return ParseWorld(settings, table, say=lambda *_: None, memory={})


def parse_texts(packages: Mapping[str, Texts]) -> tuple[tuple[ParsedFile, ...], ParseWorld]:
    """Parse `{package: {path: text}}`, macros first, in the order given."""
    files = [
        (source_file(package, path, text), text)
        for package, texts in packages.items()
        for path, text in texts.items()
    ]
    bare = _world(dict.fromkeys(packages, ()), {})
    macro_kinds = ("macro", "generic_test")
    first = {f.id: parse_file(f, text, bare) for f, text in files if f.kind in macro_kinds}
    macros = {
        name: tuple(
            m for parsed in first.values() if parsed.package == name for m in parsed.macros
        )
        for name in packages
    }
    world = _world(macros, {})
    return tuple(
        first[f.id] if f.kind in macro_kinds else parse_file(f, text, world) for f, text in files
    ), world


def link_inputs(
    texts: Texts,
    *,
    packages: Mapping[str, Texts] | None = None,
    hooks: tuple[HookInput, ...] = (),
    flags: LinkFlags | None = None,
    settings: Mapping[str, dict[str, Any]] | None = None,
    today: str = "2026-01-01",
    **trees: dict[str, Any],
) -> LinkInputs:
    """`trees` are config trees of the root project; `settings` further fields by package."""
    every: dict[str, Texts] = {
        "shop": texts,
        **(packages or {}),
        "dbt": {"macros/built_in.sql": BUILT_IN},
    }
    files, world = parse_texts(every)
    assert [p for file in files for p in file.problems if p.severity == "error"] == []
    more = settings or {}
    inputs = [
        PackageInput(name=name, **more.get(name, {}))
        for name in every
        if name not in ("shop", "dbt")
    ]
    root = PackageInput(
        name="shop", configs=trees, raw_configs=trees, on_run_start=hooks, **more.get("shop", {})
    )
    return LinkInputs(
        files=files,
        packages=(root, *inputs, PackageInput(name="dbt", is_internal=True)),
        root="shop",
        dialect=Dialect(type="duckdb"),
        database="db",
        schema="main",
        naming=make_naming(world),
        templates=make_templates(world),
        flags=flags or LinkFlags(),
        today=today,
    )


def link_texts(texts: Texts, **options: Any) -> Linked:
    return link(link_inputs(texts, **options))


def codes(linked: Linked) -> list[str]:
    return [problem.code for problem in linked.problems]


def resource(linked: Linked, unique_id: str) -> Any:
    return linked.graph.resources[unique_id]
