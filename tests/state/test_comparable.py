"""The comparable form of what only manifests know so far: functions and semantic resources."""

from __future__ import annotations

import copy
import json

import pytest
from tests.state.shop import shop_resources

from upriver.state.comparable import CONTENT, FACTS, comparable_of
from upriver.state.compare import differences
from upriver.state.wire.manifest import encode_resource
from upriver.state.wire.read import decode_resource

METRIC = {
    "unique_id": "metric.shop.met",
    "resource_type": "metric",
    "name": "met",
    "fqn": ["shop", "met"],
    "type": "simple",
    "label": "Met",
    "description": "d",
    "filter": {"where_filters": []},
    "type_params": {"measure": {"name": "ms"}},
    "config": {"enabled": True},
    "unrendered_config": {},
}
SEMANTIC_MODEL = {
    "unique_id": "semantic_model.shop.sm",
    "resource_type": "semantic_model",
    "name": "sm",
    "fqn": ["shop", "sm"],
    "model": "ref('nc')",
    "description": None,
    "label": None,
    "defaults": {"agg_time_dimension": "dd"},
    "entities": [{"name": "fk", "type": "foreign", "config": {"meta": {}}}],
    "dimensions": [{"name": "dd", "type": "time"}],
    "measures": [{"name": "ms", "agg": "sum", "expr": "id"}],
    "primary_entity": "ent",
    "group": None,
    "node_relation": {"alias": "nc"},
    "config": {"enabled": True, "meta": {}},
    "unrendered_config": {},
}
SAVED_QUERY = {
    "unique_id": "saved_query.shop.sq",
    "resource_type": "saved_query",
    "name": "sq",
    "fqn": ["shop", "sq"],
    "description": "d",
    "label": "SQ",
    "group": None,
    "tags": [],
    "query_params": {"metrics": ["met"], "group_by": ["x"], "where": None, "limit": None},
    "exports": [{"name": "ex", "config": {"export_as": "table"}}],
    "config": {"enabled": True},
    "unrendered_config": {},
}
FUNCTION = {
    "unique_id": "function.shop.f",
    "resource_type": "function",
    "name": "f",
    "fqn": ["shop", "f"],
    "raw_code": "x + 1",
    "config": {"type": "scalar"},
    "unrendered_config": {"materialized": "view"},
    "arguments": [{"name": "x", "data_type": "integer", "description": None}],
    "returns": {"data_type": "integer", "description": None},
}


def counted(value, path, changed):
    """Names of the differences that make the resource modified, after one change."""
    old = copy.deepcopy(value)
    place = old
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = changed
    before, now = (comparable_of(decode_resource(json.dumps(v).encode())) for v in (old, value))
    counting = CONTENT.get(now.kind, ()) + FACTS.get(now.kind, ())
    return [name for name in differences(before, now) if name in counting]


@pytest.mark.parametrize(
    ("value", "path", "changed", "expected"),
    [
        (METRIC, ("type",), "ratio", ["type"]),
        (METRIC, ("label",), "q", ["label"]),
        (METRIC, ("description",), "q", ["description"]),
        (METRIC, ("unrendered_config", "x"), 1, ["configs"]),
        (METRIC, ("config", "meta"), {"q": 1}, []),
        (METRIC, ("fqn",), ["q"], []),
        (METRIC, ("filter",), None, []),
        (METRIC, ("type_params", "measure", "name"), "q", []),
        (SEMANTIC_MODEL, ("model",), "q", ["model"]),
        (SEMANTIC_MODEL, ("description",), "q", ["description"]),
        (SEMANTIC_MODEL, ("defaults",), None, ["defaults"]),
        (SEMANTIC_MODEL, ("entities", 0, "type"), "unique", ["entities"]),
        (SEMANTIC_MODEL, ("entities", 0, "config"), {"meta": {"q": 1}}, ["entities"]),
        (SEMANTIC_MODEL, ("dimensions",), [], ["dimensions"]),
        (SEMANTIC_MODEL, ("measures", 0, "expr"), "q", ["measures"]),
        (SEMANTIC_MODEL, ("primary_entity",), "q", ["primary_entity"]),
        (SEMANTIC_MODEL, ("group",), "q", ["group"]),
        (SEMANTIC_MODEL, ("config", "meta"), {"q": 1}, ["configs"]),
        (SEMANTIC_MODEL, ("unrendered_config", "x"), 1, []),
        (SEMANTIC_MODEL, ("label",), "q", []),
        (SEMANTIC_MODEL, ("node_relation", "alias"), "q", []),
        (SAVED_QUERY, ("query_params", "metrics"), [], ["metrics"]),
        (SAVED_QUERY, ("query_params", "group_by"), [], ["group_by"]),
        (SAVED_QUERY, ("query_params", "where"), {"q": 1}, ["where"]),
        (SAVED_QUERY, ("query_params", "limit"), 3, []),
        (SAVED_QUERY, ("exports", 0, "name"), "q", ["exports"]),
        (SAVED_QUERY, ("exports", 0, "config"), {}, []),
        (SAVED_QUERY, ("exports", 0, "unrendered_config"), {"alias": "q"}, ["exports"]),
        (SAVED_QUERY, ("description",), "q", ["description"]),
        (SAVED_QUERY, ("label",), "q", ["label"]),
        (SAVED_QUERY, ("group",), "q", ["group"]),
        (SAVED_QUERY, ("tags",), ["q"], ["tags"]),
        (SAVED_QUERY, ("config", "meta"), {"q": 1}, ["configs"]),
        (SAVED_QUERY, ("fqn",), ["q"], []),
        (FUNCTION, ("raw_code",), "q", ["body"]),
        (FUNCTION, ("arguments",), [], ["arguments"]),
        (FUNCTION, ("arguments", 0, "description"), "q", ["arguments"]),
        (FUNCTION, ("returns", "data_type"), "text", ["returns"]),
        (FUNCTION, ("unrendered_config", "type"), "table", ["configs"]),
        (FUNCTION, ("config", "type"), "table", []),
        (FUNCTION, ("fqn",), ["q"], ["fqn"]),
    ],
)
def test_what_counts_for_functions_and_semantic_resources(value, path, changed, expected):
    assert counted(value, path, changed) == expected


def test_a_local_resource_and_the_same_published_with_fewer_keys_are_equal():
    """Newer versions write more keys with null in them; that is no difference."""
    for resource in shop_resources().values():
        value = json.loads(encode_resource(resource, 0.0))
        local = comparable_of(decode_resource(json.dumps(value).encode()))
        fewer = {key: item for key, item in value.items() if item is not None}
        assert comparable_of(decode_resource(json.dumps(fewer).encode())) == local


def test_maps_of_an_unexpected_shape_count_as_empty():
    value = {**FUNCTION, "unrendered_config": [], "columns": "q", "returns": 3, "arguments": {}}
    made = comparable_of(decode_resource(json.dumps(value).encode()))
    assert (made.config, made.columns) == ({}, {})
    assert made.facts == {"arguments": [], "returns": 3}


def test_a_freshness_that_is_no_mapping_is_kept():
    value = {"unique_id": "source.p.a.b", "resource_type": "source", "freshness": "q"}
    made = comparable_of(decode_resource(json.dumps(value).encode()))
    assert made.facts["freshness"] == "q"


def test_a_checksum_that_is_a_text_is_the_digest():
    texts = ('"5eed"', '{"name": "sha256", "checksum": "5eed"}')
    bodies = {
        comparable_of(
            decode_resource(f'{{"unique_id": "seed.p.s", "checksum": {text}}}'.encode())
        ).body
        for text in texts
    }
    assert bodies == {"sha256:5eed"}
