"""`docs generate`, from the command to its artifacts, on DuckDB."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from tests.cli.shop_project import Shop

SOURCE = "sources:\n  - {name: dev, tables: [{name: raw}]}\n"


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A project whose relations are built."""
    shop = Shop(tmp_path)
    assert shop("build", "-q").exit_code == 0
    return shop


def _catalog(shop: Shop) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((shop.root / "target" / "catalog.json").read_text())
    return found


def test_tables_are_listed_with_their_columns_in_order(shop: Shop) -> None:
    # ART-64..67
    assert shop("docs", "generate").exit_code == 0
    catalog = _catalog(shop)
    assert list(catalog) == ["metadata", "nodes", "sources", "errors"]
    customers = catalog["nodes"]["model.shop.customers"]
    assert customers["metadata"] == {
        "type": "BASE TABLE", "schema": "dev", "name": "customers", "database": "shop",
        "comment": None, "owner": None,
    }  # fmt: skip
    assert [(c["name"], c["type"], c["index"]) for c in customers["columns"].values()] == [
        ("customer", "VARCHAR", 1), ("n", "BIGINT", 2),
    ]  # fmt: skip
    assert customers["stats"]["has_stats"]["value"] is False
    manifest = json.loads((shop.root / "target" / "manifest.json").read_text())
    assert manifest["nodes"]["model.shop.customers"]["compiled_code"]


def test_only_what_is_selected_is_asked_for(shop: Shop) -> None:
    shop.write({"models/src.yml": SOURCE})
    shop("docs", "generate", "-s", "orders", "source:dev.raw")
    catalog = _catalog(shop)
    assert (list(catalog["nodes"]), list(catalog["sources"])) == (
        ["model.shop.orders"], ["source.shop.dev.raw"],
    )  # fmt: skip


def test_resources_of_one_relation_all_get_it(shop: Shop) -> None:
    # ART-66: the source and the seed are the same table.
    shop.write({"models/src.yml": SOURCE})
    shop("docs", "generate")
    catalog = _catalog(shop)
    seed, source = catalog["nodes"]["seed.shop.raw"], catalog["sources"]["source.shop.dev.raw"]
    assert {**seed, "unique_id": ""} == {**source, "unique_id": ""}


def test_an_empty_catalog_asks_nothing(shop: Shop) -> None:
    said = shop("docs", "generate", "--empty-catalog")
    assert "Building catalog" not in said.out
    catalog = _catalog(shop)
    assert (catalog["nodes"], catalog["sources"]) == ({}, {})


def test_without_compiling_the_manifest_is_left_alone(shop: Shop) -> None:
    path = shop.root / "target" / "manifest.json"
    before = path.read_bytes()
    assert shop("docs", "generate", "--no-compile").exit_code == 0
    assert path.read_bytes() == before
    path.unlink()
    shop("docs", "generate", "--no-compile")
    assert json.loads(path.read_text())["nodes"]["model.shop.orders"]["name"] == "orders"


def test_a_node_that_does_not_compile_stops_it(shop: Shop) -> None:
    # CLI-13
    shop.write({"models/bad.sql": "{{ exceptions.raise_compiler_error('no') if execute }}"})
    assert shop("docs", "generate").exit_code == 2
    assert not (shop.root / "target" / "catalog.json").exists()


def test_a_catalog_that_cannot_be_read_is_told_and_the_site_written(shop: Shop) -> None:
    shop.write({"macros/c.sql": "{% macro get_catalog_relations(information_schema, relations) %}"
                "{{ return(run_query('select * from nowhere')) }}{% endmacro %}"})  # fmt: skip
    said = shop("docs", "generate")
    assert said.exit_code == 1
    assert "error[catalog-failed]" in said.out
    [error] = _catalog(shop)["errors"]
    assert error.startswith("Runtime Error\n  Catalog Error")
    assert (shop.root / "target" / "index.html").exists()


def test_many_relations_are_asked_for_by_schema(shop: Shop) -> None:
    many = {f"models/many/m{n}.sql": "select 1 as id" for n in range(101)}
    shop.write({**many, "macros/c.sql": "{% macro get_catalog(information_schema, schemas) %}"
                "{{ print('asked ' ~ schemas | join(',')) }}"
                "{{ return(adapter.dispatch('get_catalog', 'dbt')(information_schema, schemas)) }}"
                "{% endmacro %}"})  # fmt: skip
    shop("run", "-q", "-s", "m1")
    said = shop("docs", "generate", "--no-compile")
    assert said.out.count("asked dev") == 1
    assert "model.shop.m1" in _catalog(shop)["nodes"]


def test_figures_of_the_warehouse_are_passed_on(shop: Shop) -> None:
    columns = ", ".join(
        f'{value} as "{name}"'
        for name, value in {
            "table_database": "'shop'", "table_schema": "'dev'", "table_name": "'orders'",
            "table_type": "'VIEW'", "table_comment": "null", "table_owner": "'me'",
            "column_name": "'id'", "column_index": "1", "column_type": "'INT'",
            "column_comment": "null", "stats:bytes:label": "'Size'", "stats:bytes:value": "7",
            "stats:bytes:include": "true", "stats:bytes:description": "'On disk'",
        }.items()
    )  # fmt: skip
    query = f"{{{{ return(run_query({json.dumps('select ' + columns)})) }}}}"
    head = "{% macro get_catalog_relations(information_schema, relations) %}"
    shop.write({"macros/c.sql": f"{head}{query}{{% endmacro %}}"})
    shop("docs", "generate")
    orders = _catalog(shop)["nodes"]["model.shop.orders"]
    assert orders["metadata"]["owner"] == "me"
    assert orders["stats"]["bytes"] == {
        "id": "bytes", "label": "Size", "value": 7, "include": True, "description": "On disk",
    }  # fmt: skip
    assert orders["stats"]["has_stats"]["value"] is True


def test_deferred_relations_are_marked(shop: Shop) -> None:
    # D9: what the target does not have is described by production's copy.
    shop("build", "-q", "--target", "prod", "--target-path", "prod-state")
    with duckdb.connect(str(shop.root / "shop.duckdb")) as connection:
        connection.execute("drop table dev.customers")
    shop("docs", "generate", "--defer", "--state", "prod-state")
    nodes = _catalog(shop)["nodes"]
    customers = nodes["model.shop.customers"]
    assert customers["metadata"]["schema"] == "prod"
    assert customers["stats"]["deferred"]["value"] == '"shop"."prod"."customers"'
    assert nodes["model.shop.orders"]["metadata"]["schema"] == "dev"
    assert "deferred" not in nodes["model.shop.orders"]["stats"]


def test_the_site_stands_beside_the_artifacts(shop: Shop) -> None:
    shop.write({"dbt_project.yml": (shop.root / "dbt_project.yml").read_text()
                + "asset-paths: [pictures]\n", "pictures/a.svg": "<svg/>"})  # fmt: skip
    shop("docs", "generate", "--static")
    target = shop.root / "target"
    assert (target / "docs_site" / "main.js").exists()
    assert (target / "pictures" / "a.svg").read_text() == "<svg/>"
    assert b"model.shop.customers" in (target / "static_index.html").read_bytes()


def test_events_are_dbts(shop: Shop) -> None:
    names = [
        event["info"]["name"] for event in shop("docs", "generate", "--log-format", "json").events
    ]
    assert names.index("BuildingCatalog") < names.index("CatalogWritten")
