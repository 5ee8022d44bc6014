"""A small project, made by hand: one resource of each kind, and ways to publish it."""

from __future__ import annotations

import json
from typing import Any

from upriver.graph.graph import Entry, Graph, ProjectFacts
from upriver.resources.calls import RefCall, SourceCall
from upriver.resources.macro import Macro
from upriver.resources.nodes import (
    Analysis,
    Column,
    Exposure,
    Group,
    Model,
    Node,
    Operation,
    Resource,
    Seed,
    Snapshot,
    Source,
    Test,
    UnitTest,
)
from upriver.state.baseline import Baseline, read_baseline
from upriver.state.wire.manifest import Metadata, encode_manifest

STG = "model.shop.stg"
TAB = "model.shop.tab"
DIM = "model.shop.dim.v1"
EPH = "model.shop.eph"
SEED = "seed.shop.raw_customers"
SNAP = "snapshot.shop.snap"
ANALYSIS = "analysis.shop.an"
HOOK = "operation.shop.shop-on-run-start-0"
SINGULAR = "test.shop.single"
GENERIC = "test.shop.not_null_stg_id.b8516e7472"
SOURCE = "source.shop.raw.orders"
EXPOSURE = "exposure.shop.dash"
UNIT_TEST = "unit_test.shop.stg.ut"
GROUP = "group.shop.fin"

METADATA = Metadata(
    dbt_version="1.11.16",
    upriver_version="0.1.0",
    generated_at="2026-01-02T03:04:05.000006Z",
    invocation_id="11111111-2222-3333-4444-555555555555",
    invocation_started_at="2026-01-02T03:04:04.000006Z",
    git_commit="0123456789abcdef",
)

CONTRACT_COLUMNS = {
    "id": Column(name="id", data_type="integer", constraints=({"type": "not_null"},)),
    "name": Column(name="name", data_type="varchar(10)"),
}


def _place(unique_id: str, name: str, **fields: Any) -> dict[str, Any]:
    """The fields every node needs."""
    return {
        "unique_id": unique_id,
        "name": name,
        "package": "shop",
        "path": f"{name}.sql",
        "original_file_path": f"models/{name}.sql",
        "fqn": ("shop", name),
        "alias": name,
        "database": "wh",
        "schema": "prod",
        "relation_name": f'"wh"."prod"."{name}"',
        "raw_code": f"select '{name}' as name",
        "config": {"enabled": True, "materialized": "view"},
        "unrendered_config": {"materialized": "view"},
        **fields,
    }


def _contracted(unique_id: str, name: str, **fields: Any) -> Model:
    contract = {"enforced": True, "alias_types": True}
    return Model(
        **_place(
            unique_id,
            name,
            config={"enabled": True, "materialized": "table", "contract": contract},
            unrendered_config={"materialized": "table", "contract": {"enforced": True}},
            columns=CONTRACT_COLUMNS,
            contract_checksum="promised",
            **fields,
        )
    )


def shop_resources() -> dict[str, Resource]:
    """One resource of each kind, by unique_id."""
    orders = {
        "unique_id": SOURCE,
        "name": "orders",
        "source_name": "raw",
        "package": "shop",
        "path": "models/schema.yml",
        "original_file_path": "models/schema.yml",
        "fqn": ("shop", "raw", "orders"),
        "database": "wh",
        "schema": "rawdata",
        "identifier": "orders",
        "relation_name": '"wh"."rawdata"."orders"',
        "unrendered_schema": "{{ target.schema }}",
        "loaded_at_field": "ts",
        "freshness": {"warn_after": {"count": 1, "period": "day"}},
    }
    generic = _place(
        GENERIC,
        "not_null_stg_id",
        raw_code="{{ test_not_null(**_dbt_generic_test_kwargs) }}",
        checksum_name="none",
        config={"materialized": "test", "severity": "ERROR"},
        unrendered_config={},
        depends_on=(STG,),
        depends_on_macros=("macro.dbt.test_not_null",),
    )
    resources: tuple[Resource, ...] = (
        Model(
            **_place(
                STG,
                "stg",
                alias="stg_customers",
                relation_name='"wh"."prod"."stg_customers"',
                config={
                    "enabled": True,
                    "materialized": "view",
                    "persist_docs": {"relation": True, "columns": True},
                },
                unrendered_config={"materialized": "view", "alias": "stg_customers"},
                description="stage",
                columns={"id": Column(name="id", description="key")},
                depends_on=(SEED,),
                depends_on_macros=("macro.shop.up",),
                refs=(RefCall(name="raw_customers"),),
                group="fin",
            )
        ),
        Model(
            **_place(
                EPH,
                "eph",
                relation_name=None,
                config={"enabled": True, "materialized": "ephemeral"},
                unrendered_config={"materialized": "ephemeral"},
            )
        ),
        _contracted(TAB, "tab", depends_on=(STG, SOURCE), sources=(_ORDERS,)),
        _contracted(
            DIM,
            "dim",
            version=1,
            latest_version=1,
            constraints=({"type": "primary_key", "columns": ["id"]},),
        ),
        Seed(**_place(SEED, "raw_customers", raw_code="", checksum="5eed", config=_SEED_CONFIG)),
        Snapshot(**_place(SNAP, "snap", depends_on=(SEED,))),
        Analysis(**_place(ANALYSIS, "an", relation_name=None)),
        Operation(**_place(HOOK, "shop-on-run-start-0", relation_name=None)),
        Test(**_place(SINGULAR, "single", unrendered_config={}, depends_on=(TAB,))),
        Test(**generic, test_name="not_null", column_name="id", attached_node=STG),
        Source(**orders),
        Exposure(
            unique_id=EXPOSURE,
            name="dash",
            package="shop",
            path="schema.yml",
            original_file_path="models/schema.yml",
            fqn=("shop", "dash"),
            type="dashboard",
            owner={"email": "a@b.c"},
            label="Dash",
            depends_on=(SOURCE, TAB),
        ),
        UnitTest(
            unique_id=UNIT_TEST,
            name="ut",
            package="shop",
            path="schema.yml",
            original_file_path="models/schema.yml",
            fqn=("shop", "stg", "ut"),
            model="stg",
            given=({"input": "ref('raw_customers')", "rows": [{"id": 1}]},),
            expect={"rows": [{"id": 1}]},
            checksum="0de5",
            depends_on=(STG,),
        ),
        Group(
            unique_id=GROUP,
            name="fin",
            package="shop",
            path="schema.yml",
            original_file_path="models/schema.yml",
            owner={"name": "me"},
        ),
    )
    return {resource.unique_id: resource for resource in resources}


_SEED_CONFIG = {"enabled": True, "materialized": "seed"}
_ORDERS = SourceCall(source="raw", table="orders")


def shop_macros() -> dict[str, Macro]:
    """`up` calls `inner`, and `test_not_null` comes with the tool."""
    return {
        "macro.shop.inner": _macro("shop", "inner"),
        "macro.shop.up": _macro("shop", "up", depends_on=("macro.shop.inner",)),
        "macro.dbt.test_not_null": _macro("dbt", "test_not_null"),
    }


def _macro(package: str, name: str, **fields: Any) -> Macro:
    return Macro(
        unique_id=f"macro.{package}.{name}",
        name=name,
        package=package,
        path="macros/m.sql",
        original_file_path="macros/m.sql",
        macro_sql=f"{{% macro {name}() %}}{name}{{% endmacro %}}",
        **fields,
    )


def shop_graph(resources: dict[str, Resource] | None = None, **fields: Any) -> Graph:
    """The project as a graph; `resources` replaces the resources, `fields` other fields."""
    found = shop_resources() if resources is None else resources
    parents = {
        key: tuple(parent for parent in getattr(item, "depends_on", ()) if parent in found)
        for key, item in found.items()
    }
    children: dict[str, list[str]] = {key: [] for key in found}
    for key, ends in parents.items():
        for end in ends:
            children[end].append(key)
    values: dict[str, Any] = {
        "facts": ProjectFacts(project_name="shop", adapter_type="duckdb", packages=("shop",)),
        "entries": {key: _entry(item) for key, item in found.items()},
        "parents": parents,
        "children": {key: tuple(ends) for key, ends in children.items()},
        "resources": found,
        "macros": shop_macros(),
        "docs": {},
        "disabled": {},
        "selectors": {},
    }
    return Graph(**values | fields)


def _entry(resource: Resource) -> Entry:
    return Entry(
        unique_id=resource.unique_id,
        kind=resource.unique_id.partition(".")[0],
        name=resource.name,
        package=resource.package,
        fqn=() if isinstance(resource, Group) else resource.fqn,
        original_file_path=resource.original_file_path,
        group=resource.group if isinstance(resource, Node) else None,
        version=resource.version if isinstance(resource, Model) else None,
    )


def manifest_of(graph: Graph) -> dict[str, Any]:
    """The manifest of a graph, as a value that a test may change."""
    value: dict[str, Any] = json.loads(encode_manifest(graph, METADATA, {}, 1.0))
    return value


def baseline_of(manifest: dict[str, Any]) -> Baseline:
    """Read a manifest that is known to be good."""
    baseline, problems = read_baseline(json.dumps(manifest).encode(), "state/manifest.json")
    assert baseline is not None, problems
    return baseline


def member(manifest: dict[str, Any], unique_id: str) -> dict[str, Any]:
    """The object of one resource or macro in a manifest."""
    maps = ("nodes", "sources", "exposures", "unit_tests", "groups", "macros")
    found: dict[str, Any] = next(
        manifest[name][unique_id] for name in maps if unique_id in manifest[name]
    )
    return found
