"""Patches of models, seeds, snapshots, analyses and singular tests (PROJ-149..155, PROJ-223)."""

from __future__ import annotations

import pytest
from tests.parse.yaml_world import codes, parse_yaml, places

from upriver.problems import Key
from upriver.resources.definitions import NodePatch


def _patch(text: str) -> NodePatch:
    parsed = parse_yaml(text)
    assert codes(parsed) == []
    [patch] = parsed.definitions
    assert isinstance(patch, NodePatch)
    return patch


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("models", "model"),
        ("seeds", "seed"),
        ("snapshots", "snapshot"),
        ("analyses", "analysis"),
        ("data_tests", "test"),
    ],
)
def test_kinds(key: str, kind: str) -> None:
    patch = _patch(f"{key}: [{{name: a, description: d, config: {{tags: x}}, meta: {{m: 1}}}}]")
    assert (patch.kind, patch.name, patch.description) == (kind, "a", "d")
    assert patch.config == {"meta": {"m": 1}, "tags": "x"}
    assert patch.keys == (key, 0)


def test_shortcuts_move_into_config() -> None:
    patch = _patch("""
models:
  - name: a
    access: public
    group: g
    docs: {show: false}
    contract: {enforced: true}
    config: {materialized: table}
""")
    assert patch.config == {
        "access": "public",
        "group": "g",
        "docs": {"show": False},
        "contract": {"enforced": True},
        "materialized": "table",
    }
    assert patch.access == "public"


def test_columns() -> None:
    patch = _patch("""
models:
  - name: a
    columns:
      - name: id
        description: d
        data_type: int
        quote: true
        granularity: day
        policy_tags: [p]
        constraints: [{type: not_null}, {type: check, expression: "id > 0"}]
        tags: [x, y]
        meta: {a: 1, b: 1}
        config: {tags: [y, z], meta: {b: 2}}
        data_tests: [unique]
        custom: 5
""")
    [column] = patch.columns
    assert (column.name, column.description, column.data_type) == ("id", "d", "int")
    assert (column.quote, column.granularity, column.policy_tags) == (True, "day", ("p",))
    assert [one["type"] for one in column.constraints] == ["not_null", "check"]
    assert column.tags == ("x", "y", "z")
    assert column.meta == {"a": 1, "b": 2}
    assert column.extra == {"custom": 5}
    assert column.tests[0].keys == ("models", 0, "columns", 0, "data_tests", 0)


def test_versions() -> None:
    patch = _patch("""
models:
  - name: a
    latest_version: 2
    deprecation_date: 2026-01-31
    columns: [{name: id}, {name: old}]
    versions:
      - v: 1
        defined_in: a_first
        access: private
        config: {alias: x}
        data_tests: [t]
        deprecation_date: "2026-02-01T10:00:00+01:00"
      - v: 2
        columns: [{include: all, exclude: [old]}, {name: id, data_type: int}]
      - v: 3
        columns: [{include: [id]}]
""")
    one, two, three = patch.versions
    assert patch.latest_version == 2
    assert patch.deprecation_date == "2026-01-31T00:00:00+00:00"
    assert (one.v, one.defined_in, one.columns) == (1, "a_first", None)
    assert one.config == {"access": "private", "alias": "x"}
    assert one.deprecation_date == "2026-02-01T10:00:00+01:00"
    assert one.tests is not None
    assert two.tests is None
    assert two.columns is not None
    assert [column.name for column in two.columns] == ["id"]
    assert (two.column_include, two.column_exclude) == ("all", ("old",))
    assert three.column_include == ("id",)


@pytest.mark.parametrize("relation", ["ref('a')", 'source("s", "t")', "ref('p', 'a', v=1)"])
def test_snapshots_in_yaml(relation: str) -> None:
    patch = _patch(f"snapshots:\n- name: s\n  relation: {relation}\n  config: {{strategy: check}}")
    assert patch.relation == relation


@pytest.mark.parametrize(
    ("entry", "code", "keys"),
    [
        ("columns:", "property-type", ("columns",)),
        ("columns: [{name: 1}]", "property-type", ("columns", 0, "name")),
        ("columns: [{description: x}]", "property-without-name", ("columns", 0)),
        ("columns: [{name: x, tags: y}]", "property-type", ("columns", 0, "tags")),
        ("columns: [{name: x, quote: 5}]", "property-type", ("columns", 0, "quote")),
        ("columns: [{name: x, colum: 5}]", None, ()),
        ("columns: [{name: x, descripton: 5}]", "property-unknown", ("columns", 0, "descripton")),
        ("config: x", "property-type", ("config",)),
        ("description: 5", "property-type", ("description",)),
        ("meta: {a: 1}\n  config: {meta: {}}", "property-twice", ("meta",)),
        ("tags: [x]", "property-misplaced", ("tags",)),
        ("constraints: [{type: zork}]", "property-value", ("constraints", 0, "type")),
        ("constraints: [{}]", "property-missing", ("constraints", 0)),
        ("deprecation_date: soon", "property-type", ("deprecation_date",)),
        ("time_spine: {}", "property-missing", ("time_spine",)),
        ("latest_version: 3", "model-latest-version-unknown", ("latest_version",)),
        ("versions: [{v: 1}, {v: '1'}]", "model-version-twice", ("versions", 1, "v")),
        ("versions: [{v: true}]", "property-type", ("versions", 0, "v")),
        ("versions: [{}]", "property-missing", ("versions", 0)),
        ("versions: [1]", "property-type", ("versions", 0)),
        ("versions: [{v: 1, zork: 1}]", "property-unknown", ("versions", 0, "zork")),
        (
            "versions: [{v: 1, columns: [{include: x}]}]",
            "property-type",
            ("versions", 0, "columns", 0, "include"),
        ),
        (
            "versions: [{v: 1, columns: [{include: [x], exclude: [y]}]}]",
            "version-columns-invalid",
            ("versions", 0, "columns", 0, "exclude"),
        ),
        (
            "versions: [{v: 1, columns: [{include: all}, {include: all}]}]",
            "version-columns-invalid",
            ("versions", 0, "columns", 1),
        ),
    ],
)
def test_mistakes(entry: str, code: str | None, keys: tuple[Key, ...]) -> None:
    parsed = parse_yaml(f"models:\n- name: a\n  {entry}\n")
    assert codes(parsed) == ([] if code is None else [code])
    assert places(parsed) == ([] if code is None else [("models", 0, *keys)])


@pytest.mark.parametrize("relation", ["foo", "\"{{ ref('a') }}\"", "ref(a)", "metric('m')"])
def test_a_relation_that_is_no_call_is_a_problem(relation: str) -> None:
    parsed = parse_yaml(f"snapshots:\n- name: s\n  relation: {relation}\n")
    assert "snapshot-relation-invalid" in codes(parsed) or "jinja-undefined" in codes(parsed)
