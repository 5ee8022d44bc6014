"""Reading baselines: tolerance, complaints, and the index (deferral.md sections 4, 5 and 14)."""

from __future__ import annotations

import json
import re

import pytest
from tests.state.shop import (
    EPH,
    SEED,
    SOURCE,
    STG,
    TAB,
    baseline_of,
    manifest_of,
    member,
    shop_graph,
)

from upriver.problems import has_errors
from upriver.state.baseline import (
    check_baseline,
    decode_index,
    describe,
    encode_index,
    is_deferrable,
    load_baseline,
    read_baseline,
)

SCHEMA = "https://schemas.getdbt.com/dbt/manifest/v{}.json"


@pytest.fixture
def manifest():
    return manifest_of(shop_graph())


def codes(problems):
    return [problem.code for problem in problems]


def test_a_directory_and_the_file_in_it_are_the_same_baseline(tmp_path, manifest):
    file = tmp_path / "manifest.json"
    file.write_text(json.dumps(manifest))
    by_directory, problems = load_baseline(str(tmp_path))
    by_file, _ = load_baseline(str(file))
    assert problems == ()
    assert by_directory.origin == by_file.origin
    assert dict(by_directory.published) == dict(by_file.published)


def test_what_deferral_needs_is_read(manifest):
    published = baseline_of(manifest).published[STG]
    assert (published.kind, published.name, published.materialized) == ("model", "stg", "view")
    assert (published.database, published.schema, published.alias) == (
        "wh",
        "prod",
        "stg_customers",
    )
    assert published.relation_name == '"wh"."prod"."stg_customers"'


def test_the_origin_says_where_it_came_from(manifest):
    origin = baseline_of(manifest).origin
    assert origin.project_name == "shop"
    assert origin.adapter_type == "duckdb"
    assert origin.upriver_version == "0.1.0"
    assert origin.git_commit == "0123456789abcdef"
    assert origin.schema_version == 12


def test_the_commit_is_found_in_the_environment_dbt_was_given(manifest):
    manifest["metadata"]["env"] = {"GIT_SHA": "feed"}
    origin = baseline_of(manifest).origin
    assert (origin.git_commit, origin.upriver_version) == ("feed", None)


@pytest.mark.parametrize("version", [*range(4, 13), 20])
def test_every_known_version_is_read_without_a_word(manifest, version):
    manifest["metadata"]["dbt_schema_version"] = SCHEMA.format(version)
    manifest["nodes"][STG]["a_key_of_tomorrow"] = {"x": 1}
    manifest["a_map_of_tomorrow"] = {}
    baseline, problems = read_baseline(json.dumps(manifest).encode(), "m")
    assert problems == ()
    assert is_deferrable(baseline.published[STG])


def test_an_old_shape_is_read_like_a_new_one(manifest):
    """Schema v4 to v6: `raw_sql`, lists of refs, and none of the newer keys and maps."""
    node = manifest["nodes"][STG]
    old = {
        **{key: node[key] for key in ("unique_id", "resource_type", "name", "database", "schema")},
        **{key: node[key] for key in ("alias", "fqn", "config", "unrendered_config", "checksum")},
        **{key: node[key] for key in ("description", "columns", "depends_on")},
        "raw_sql": node["raw_code"] + "\n\n",
        "refs": [["raw_customers"]],
        "root_path": "/somewhere",
    }
    metadata = {"dbt_schema_version": SCHEMA.format(4), "env": None}
    baseline = baseline_of({"metadata": metadata, "nodes": {STG: old}, "macros": None})
    assert baseline.published[STG].alias == "stg_customers"
    assert baseline.comparables[STG].body == baseline_of(manifest).comparables[STG].body
    assert baseline.comparables[STG].facts == baseline_of(manifest).comparables[STG].facts


@pytest.mark.parametrize("name", ["nodes", "sources", "macros", "unit_tests", "functions", "docs"])
def test_a_missing_map_is_an_empty_map(manifest, name):
    del manifest[name]
    assert baseline_of(manifest).origin.project_name == "shop"


def test_a_newer_version_is_read_with_a_warning(manifest):
    manifest["metadata"]["dbt_schema_version"] = SCHEMA.format(13)
    baseline, problems = read_baseline(json.dumps(manifest).encode(), "m")
    assert codes(problems) == ["artifact-version-unknown"]
    assert not has_errors(problems)
    assert baseline is not None


def test_a_version_too_old_is_refused_in_the_words_of_dbt(manifest):
    manifest["metadata"]["dbt_schema_version"] = SCHEMA.format(3)
    baseline, [problem] = read_baseline(json.dumps(manifest).encode(), "s/manifest.json")
    assert baseline is None
    assert re.match(
        r'Expected a schema version of ".*/v12.json" in s/manifest.json, but found ".*/v3.json"\.'
        r" Are you running with a different version of dbt\?",
        problem.message,
    )


@pytest.mark.parametrize("metadata", [None, {}, {"dbt_schema_version": "what"}])
def test_a_manifest_without_version_is_refused(manifest, metadata):
    manifest["metadata"] = metadata
    baseline, [problem] = read_baseline(json.dumps(manifest).encode(), "m")
    assert baseline is None
    assert problem.message.startswith("Artifact is missing schema version")


def test_a_missing_directory_and_a_missing_manifest_have_their_own_hints(tmp_path):
    baseline, [problem] = load_baseline(str(tmp_path / "nowhere"))
    assert baseline is None
    assert problem.message == f'Could not find manifest in --state path: "{tmp_path}/nowhere"'
    _, [empty] = load_baseline(str(tmp_path))
    assert problem.code == empty.code == "state-not-found"
    (tmp_path / "unreadable" / "manifest.json").mkdir(parents=True)
    _, [unreadable] = load_baseline(str(tmp_path / "unreadable"))
    assert "cannot be read" in unreadable.hint
    assert "no such directory" in problem.hint
    assert "has no `manifest.json`" in empty.hint


@pytest.mark.parametrize("text", [b"", b"{", b'{"nodes": {"model.shop.stg": {"na', b"\xff\xfe"])
def test_a_damaged_file_is_not_json(text):
    baseline, [problem] = read_baseline(text, "s/manifest.json")
    assert baseline is None
    assert problem.code == "artifact-not-json"
    assert problem.message.startswith('Could not read WritableManifest at "s/manifest.json" as')


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        (("nodes",), [], "`nodes`"),
        (("nodes", STG, "fqn"), "shop.stg", "`nodes.model.shop.stg.fqn`"),
        (("nodes", STG, "alias"), 3, "`nodes.model.shop.stg.alias`"),
        (("nodes", STG), [], "`nodes.model.shop.stg`"),
        (("macros", "macro.shop.up", "macro_sql"), 1, "`macros.macro.shop.up.macro_sql`"),
        (("metadata", "project_name"), {}, "`metadata.project_name`"),
        (("metadata",), [], "`metadata`"),
        (("sources", SOURCE, "schema"), 3, "`sources.source.shop.raw.orders.schema`"),
    ],
)
def test_a_wrong_shape_names_file_and_field(manifest, path, value, field):
    *parents, last = path
    manifest["metrics"] = None
    if path[0] != "metadata":
        manifest["metadata"] = None
    place = manifest
    for key in parents:
        place = place[key]
    place[last] = value
    baseline, [problem] = read_baseline(json.dumps(manifest).encode(), "s/manifest.json")
    assert baseline is None
    assert problem.code == "artifact-shape"
    assert problem.message.startswith(f"{field} in `s/manifest.json` has an unexpected shape: ")


def test_all_wrong_fields_are_named_at_once(manifest):
    member(manifest, STG)["alias"] = 3
    member(manifest, SOURCE)["schema"] = []
    _, problems = read_baseline(json.dumps(manifest).encode(), "m")
    assert codes(problems) == ["artifact-shape", "artifact-shape"]


@pytest.mark.parametrize("text", [b"[]", b"3", b'"x"', b"{}"])
def test_json_that_is_no_manifest_is_refused(text):
    baseline, [problem] = read_baseline(text, "m")
    assert (baseline, problem.code) == (None, "artifact-shape")


def test_shapes_that_only_comparison_reads_never_stop_a_reading(manifest):
    node = member(manifest, STG)
    node["columns"] = [{"name": "id", "description": "key"}]
    node["checksum"] = "a-string"
    node["config"]["persist_docs"] = "what"
    baseline = baseline_of(manifest)
    assert baseline.published[STG].checksum == "a-string"
    assert baseline.comparables[STG].columns == {"id": "key"}


def test_the_index_is_the_baseline(manifest):
    baseline = baseline_of(manifest)
    again = decode_index(encode_index(baseline))
    assert again.origin == baseline.origin
    assert dict(again.published) == dict(baseline.published)
    assert dict(again.comparables) == dict(baseline.comparables)
    assert dict(again.macros) == dict(baseline.macros)
    assert len(again.comparables) == len(baseline.comparables)


@pytest.mark.parametrize("data", [b"", b"\x00", b"\x95\xcd\xff\xff\x80\xc4\x00\xc4\x00\xc4\x00"])
def test_bytes_that_are_no_index_give_nothing(data):
    assert decode_index(data) is None


def test_an_index_of_another_format_gives_nothing(manifest, monkeypatch):
    data = encode_index(baseline_of(manifest))
    monkeypatch.setattr("upriver.state.baseline._INDEX_FORMAT", 999)
    assert decode_index(data) is None


@pytest.mark.parametrize(
    ("unique_id", "change", "expected"),
    [
        (STG, {}, True),
        (SEED, {}, True),
        (EPH, {}, False),
        (TAB, {"enabled": False}, False),
        (TAB, {"materialized": "ephemeral"}, False),
    ],
)
def test_what_can_be_deferred_to(manifest, unique_id, change, expected):
    member(manifest, unique_id)["config"] |= change
    assert is_deferrable(baseline_of(manifest).published[unique_id]) is expected


def test_functions_are_published_with_their_signature(manifest):
    manifest["functions"]["function.shop.f"] = {
        "unique_id": "function.shop.f",
        "resource_type": "function",
        "name": "f",
        "database": "wh",
        "schema": "prod",
        "alias": "f",
        "config": {"materialized": "function"},
        "arguments": [{"name": "x", "data_type": "integer"}],
        "returns": {"data_type": "integer"},
    }
    published = baseline_of(manifest).published["function.shop.f"]
    assert published.arguments == ({"name": "x", "data_type": "integer"},)
    assert published.returns == {"data_type": "integer"}
    assert is_deferrable(published)


def test_a_baseline_of_another_project_or_adapter_is_a_problem(manifest):
    baseline = baseline_of(manifest)
    assert check_baseline(baseline, "shop", "duckdb") == ()
    problems = check_baseline(baseline, "other", "postgres")
    assert codes(problems) == ["state-of-another-project", "state-of-another-adapter"]
    manifest["metadata"] = {"dbt_schema_version": SCHEMA.format(12)}
    assert check_baseline(baseline_of(manifest), "other", "postgres") == ()


@pytest.mark.parametrize(
    ("hours", "age"), [(0, "under a minute"), (1, "1 hour"), (5, "5 hours"), (50, "2 days")]
)
def test_a_baseline_is_described_by_place_commit_and_age(manifest, hours, age):
    made = 1767323045.0  # 2026-01-02T03:04:05Z
    line = describe(baseline_of(manifest).origin, made + hours * 3600 + 1)
    assert line == f"state/manifest.json @01234567 ({age} old)"


def test_a_time_without_zone_is_utc(manifest):
    manifest["metadata"]["generated_at"] = "2026-01-02T03:04:05"
    assert describe(baseline_of(manifest).origin, 1767323045.0).endswith("(under a minute old)")


def test_a_baseline_that_does_not_say_when_is_described_without_age(manifest):
    manifest["metadata"] = {"dbt_schema_version": SCHEMA.format(12)}
    assert describe(baseline_of(manifest).origin, 0.0) == "state/manifest.json"


@pytest.mark.parametrize(
    ("relation", "parts"),
    [
        ('"wh"."prod"."orders_1"', ("wh", "prod", "orders_1")),
        ("wh.prod.orders_1", ("wh", "prod", "orders_1")),
        ("`wh`.`prod`.`orders 1`", ("wh", "prod", "orders 1")),
        ('"prod"."or""ders"', ("db", "prod", 'or"ders')),
        ("orders_1", ("db", "new", "orders_1")),
        ("a.b.c.d", ("db", "new", "orders_2")),
        (None, ("db", "new", "orders_2")),
    ],
)
def test_an_index_knows_names_that_were_built(
    relation: str | None, parts: tuple[str, str, str]
) -> None:
    """A run named a model anew and did not build it: it is still where it was."""
    node = {
        "resource_type": "model", "name": "orders", "database": "db", "schema": "new",
        "alias": "orders_2", "relation_name": relation or '"db"."new"."orders_2"', "config": {},
    }  # fmt: skip
    schema = "https://schemas.getdbt.com/dbt/manifest/v12.json"
    index = {
        "metadata": {"dbt_schema_version": schema},
        "nodes": {"model.shop.orders": node},
        "upriver_builds": {"model.shop.orders": {"relation": relation, "run_id": 1}},
    }
    baseline, _ = read_baseline(json.dumps(index).encode(), "index")
    assert baseline is not None
    found = baseline.published["model.shop.orders"]
    assert (found.database, found.schema, found.alias) == parts
