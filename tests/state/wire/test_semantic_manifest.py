"""`semantic_manifest.json`; that it equals dbt's is tested by the oracle."""

from __future__ import annotations

import json
from typing import Any

from tests.graph.linked_project import link_texts
from tests.graph.semantic.test_checks import FILES, GOOD

from upriver.state.wire.nodes import resource_value
from upriver.state.wire.semantic_manifest import encode_semantic_manifest


def _encoded(files: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(encode_semantic_manifest(link_texts(files).graph))
    return found


def test_without_a_semantic_layer_the_lists_are_empty() -> None:
    """ART-73."""
    found = _encoded({"models/metricflow_time_spine.sql": "select 1"})
    assert (found["semantic_models"], found["metrics"], found["saved_queries"]) == ([], [], [])
    assert found["project_configuration"]["time_spine_table_configurations"] == []


def test_time_spines_of_both_kinds() -> None:
    files = {**FILES, "models/semantic.yml": GOOD, "models/metricflow_time_spine.sql": "select 1"}
    settings = _encoded(files)["project_configuration"]
    (spine,) = settings["time_spines"]
    assert spine["primary_column"] == {"name": "day", "time_granularity": "day"}
    assert spine["custom_granularities"] == [{"name": "fiscal", "column_name": None}]
    (legacy,) = settings["time_spine_table_configurations"]
    assert legacy["location"] == '"db"."main"."metricflow_time_spine"'


def test_manifest_and_semantic_manifest_say_the_same() -> None:
    graph = link_texts({**FILES, "models/semantic.yml": GOOD}).graph
    found = json.loads(encode_semantic_manifest(graph))
    by_name = {one["name"]: one for one in found["metrics"]}
    value = resource_value(graph.resources["metric.shop.growth"], 1.5)
    assert value["resource_type"] == "metric"
    for key in ("label", "type", "filter", "description"):
        assert by_name["growth"][key] == value[key]
    assert by_name["growth"]["type_params"]["metrics"] == value["type_params"]["metrics"]
    query = resource_value(graph.resources["saved_query.shop.monthly"], 1.5)
    assert query["exports"][0]["config"]["schema_name"] == "main"
    assert "database" not in found["saved_queries"][0]["exports"][0]["config"]
