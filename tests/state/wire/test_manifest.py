"""The manifest upriver writes (artifacts.md sections 2 to 4)."""

from __future__ import annotations

import json

import msgspec
import pytest
from tests.state.shop import (
    DIM,
    EPH,
    GENERIC,
    HOOK,
    METADATA,
    SEED,
    SINGULAR,
    SOURCE,
    STG,
    TAB,
    manifest_of,
    shop_graph,
    shop_resources,
)

from upriver.resources.macro import Doc
from upriver.state.wire.code_nodes import CompiledPart
from upriver.state.wire.manifest import (
    Places,
    encode_doc,
    encode_macro,
    encode_manifest,
    encode_metadata,
    encode_resource,
    manifest_pieces,
)

TOP = (
    "metadata", "nodes", "sources", "macros", "docs", "exposures", "metrics", "groups",
    "selectors", "disabled", "parent_map", "child_map", "group_map", "saved_queries",
    "semantic_models", "unit_tests", "functions",
)  # fmt: skip
COMMON = {
    "alias", "build_path", "checksum", "columns", "config", "created_at", "database",
    "depends_on", "description", "doc_blocks", "docs", "fqn", "group", "meta", "name",
    "original_file_path", "package_name", "patch_path", "path", "raw_code", "relation_name",
    "resource_type", "schema", "tags", "unique_id", "unrendered_config",
}  # fmt: skip
CODE = COMMON | {
    "language", "refs", "sources", "metrics", "functions", "compiled_path", "contract",
}  # fmt: skip


def test_every_section_is_there_even_when_empty():
    """ART-21..29: readers require sections that hold nothing."""
    manifest = manifest_of(shop_graph())
    assert tuple(manifest) == TOP
    assert manifest["metrics"] == manifest["saved_queries"] == manifest["functions"] == {}


@pytest.mark.parametrize(
    ("unique_id", "keys"),
    [
        (SEED, COMMON | {"root_path"}),
        (SINGULAR, CODE),
        (GENERIC, CODE | {"column_name", "file_key_name", "attached_node", "test_metadata"}),
        (HOOK, CODE | {"index"}),
        (
            STG,
            CODE
            | {"access", "constraints", "version", "latest_version", "deprecation_date"}
            | {"primary_key", "time_spine"},
        ),
    ],
)
def test_nodes_have_all_keys_of_their_kind(unique_id, keys):
    """ART-30..36."""
    assert set(manifest_of(shop_graph())["nodes"][unique_id]) == keys


def test_a_seed_depends_on_macros_only():
    """ART-34."""
    assert manifest_of(shop_graph())["nodes"][SEED]["depends_on"] == {"macros": []}


def test_constraints_are_written_in_full():
    """ART-48."""
    node = manifest_of(shop_graph())["nodes"][DIM]
    written = {
        "type": "not_null", "name": None, "expression": None, "warn_unenforced": True,
        "warn_unsupported": True, "to": None, "to_columns": [],
    }  # fmt: skip
    assert node["columns"]["id"]["constraints"] == [written]
    assert node["constraints"] == [{**written, "type": "primary_key", "columns": ["id"]}]


def test_a_source_has_every_part_of_its_freshness():
    """ART-37."""
    source = manifest_of(shop_graph())["sources"][SOURCE]
    assert source["freshness"] == {
        "warn_after": {"count": 1, "period": "day"},
        "error_after": {"count": None, "period": None},
        "filter": None,
    }
    assert set(source["quoting"]) == {"database", "schema", "identifier", "column"}


def test_metadata_keeps_to_dbts_schema_and_says_who_wrote_it():
    """ART-12..20: the schema allows no keys of our own but in `env`."""
    metadata = manifest_of(shop_graph())["metadata"]
    assert metadata["dbt_version"] == "1.11.16"
    assert metadata["project_id"] == "fb54f3c5992b96d001bb16e8e92d968d"
    assert metadata["env"] == {
        "UPRIVER_VERSION": "0.1.0",
        "UPRIVER_GIT_COMMIT": "0123456789abcdef",
    }
    assert len(metadata) == 13


def test_edges_are_sorted_and_groups_have_none():
    """ART-26, ART-27."""
    manifest = manifest_of(shop_graph())
    assert manifest["parent_map"][TAB] == sorted([STG, SOURCE])
    assert manifest["child_map"][SEED] == sorted(manifest["child_map"][SEED])
    assert set(manifest["parent_map"]) == {
        key for key in shop_resources() if not key.startswith("group.")
    }
    assert manifest["group_map"] == {"fin": [STG]}


def test_disabled_resources_and_selectors_are_kept():
    """ART-25, ART-28."""
    resources = shop_resources()
    disabled = {EPH: (resources.pop(EPH),)}
    graph = shop_graph(resources, disabled=disabled, selectors={"nightly": "tag:nightly"})
    manifest = manifest_of(graph)
    assert [item["unique_id"] for item in manifest["disabled"][EPH]] == [EPH]
    assert manifest["selectors"]["nightly"]["definition"] == {"method": "tag", "value": "nightly"}


def test_a_test_that_lost_what_it_reads_is_a_node():
    resources = shop_resources()
    lost = {GENERIC: (resources.pop(GENERIC),)}
    manifest = manifest_of(shop_graph(resources, disabled=lost, lost=(GENERIC,)))
    assert manifest["nodes"][GENERIC]["unique_id"] == GENERIC
    assert manifest["disabled"] == {}
    [parent] = manifest["parent_map"][GENERIC]
    assert GENERIC in manifest["child_map"][parent]
    assert manifest["child_map"][GENERIC] == []


def test_compiled_parts_are_there_only_after_compiling():
    """ART-46."""
    compiled = {
        TAB: CompiledPart(
            compiled_code="select 1",
            compiled_path="target/compiled/shop/models/tab.sql",
            build_path="target/run/shop/models/tab.sql",
            extra_ctes=((EPH, "with x as (select 1)"),),
        )
    }
    nodes = json.loads(encode_manifest(shop_graph(), METADATA, compiled, 1.0))["nodes"]
    assert "compiled_code" not in nodes[STG]
    assert nodes[TAB]["compiled"] is nodes[TAB]["extra_ctes_injected"] is True
    assert nodes[TAB]["compiled_code"] == "select 1"
    assert nodes[TAB]["compiled_path"] == "target/compiled/shop/models/tab.sql"
    assert nodes[TAB]["build_path"] == "target/run/shop/models/tab.sql"
    assert nodes[TAB]["extra_ctes"] == [{"id": EPH, "sql": "with x as (select 1)"}]


def test_places_are_those_of_the_parts():
    graph = shop_graph(docs={"doc.shop.d": _DOC})
    places = Places()
    whole = b"".join(manifest_pieces(graph, METADATA, {}, 1.0, places))
    assert whole == encode_manifest(graph, METADATA, {}, 1.0)
    rows = zip(places.ids, places.starts, places.ends, strict=True)
    parts = {name: whole[start:end] for name, start, end in rows}
    assert parts[STG] == encode_resource(graph.resources[STG], 1.0)
    assert parts["macro.shop.up"] == encode_macro(graph.macros["macro.shop.up"], 1.0)
    assert parts["doc.shop.d"] == encode_doc(_DOC)
    assert parts["metadata"] == encode_metadata(graph, METADATA)
    assert json.loads(parts["parent_map"]) == json.loads(whole)["parent_map"]
    assert json.loads(whole)["docs"]["doc.shop.d"]["block_contents"] == "text"


_DOC = Doc(
    unique_id="doc.shop.d",
    name="d",
    package="shop",
    path="d.md",
    original_file_path="models/d.md",
    block_contents="text",
)


def test_a_commit_that_is_not_known_is_not_said():
    metadata = msgspec.structs.replace(METADATA, git_commit=None, env={"TEAM": "x"})
    value = json.loads(encode_manifest(shop_graph(), metadata, {}, 1.0))
    assert value["metadata"]["env"] == {"TEAM": "x", "UPRIVER_VERSION": "0.1.0"}
