"""Property files as wholes: shapes, rendering, robustness."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.parse.yaml_world import YamlWorld, codes, parse_yaml, places

from upriver.resources.definitions import NodePatch, SourceDefinition, YamlDefinition

_KEYS = [
    "name", "description", "models", "sources", "seeds", "snapshots", "analyses", "data_tests",
    "tests", "macros", "exposures", "groups", "unit_tests", "columns", "config", "meta", "tags",
    "versions", "v", "latest_version", "tables", "freshness", "warn_after", "count", "period",
    "constraints", "type", "owner", "email", "depends_on", "given", "expect", "rows", "format",
    "input", "fixture", "overrides", "arguments", "relation", "unique", "test_name", "include",
    "exclude", "deprecation_date", "model", "docs", "access", "quoting", "metrics", "functions",
    "semantic_models", "saved_queries", "label", "measures", "dimensions", "entities", "agg",
    "type_params", "measure", "filter", "query_params", "exports", "time_spine", "window",
]  # fmt: skip
_ENTRIES = [
    "models", "sources", "exposures", "unit_tests", "groups", "metrics", "semantic_models",
    "saved_queries", "functions",
]  # fmt: skip
_scalars = st.sampled_from(
    ["a", "b", "ref('a')", "all", "dict", "csv", "{{ var('x') }}", "{{ target.name }}", "{{ zork",
     "{{ zork() }}", "unique", "", "2026-01-31", 1, 1.5, True, None]
)  # fmt: skip
_values = st.recursive(
    _scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_KEYS), inner, max_size=6)
    ),
    max_leaves=25,
)
_documents = st.dictionaries(st.sampled_from(_KEYS), _values, max_size=5)


def _write(value: Any) -> str:
    # JSON is YAML, and writes itself.
    import json

    return json.dumps(value)


@settings(max_examples=500, deadline=None)
@given(_documents, st.sampled_from([None, {"x": []}, {"x": {"name": "a"}}, {"x": 3}]))
def test_no_document_raises(document: dict[str, Any], variables: dict[str, Any] | None) -> None:
    parsed = parse_yaml(_write(document), YamlWorld(variables))
    assert all(problem.message and problem.span for problem in parsed.problems)


@pytest.mark.parametrize("kind", _ENTRIES)
@settings(max_examples=120, deadline=None)
@given(entry=st.dictionaries(st.sampled_from(_KEYS), _values, max_size=8))
def test_no_entry_raises(kind: str, entry: dict[str, Any]) -> None:
    parse_yaml(_write({kind: [{"name": "a", **entry}]}), YamlWorld({"x": [{"name": "a"}]}))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("- a\n", [("property-file-not-mapping", ())]),
        ("models:\n", [("property-type", ("models",))]),
        ("models: {a: b}\n", [("property-type", ("models",))]),
        ("models: [a]\n", [("property-type", ("models", 0))]),
        ("models: [{description: x}]\n", [("property-without-name", ("models", 0))]),
        ("models: [{name: 1}]\n", [("property-type", ("models", 0, "name"))]),
        ("whatever: {a: b}\nanchors: [1]\nversion: zork\n", []),
        ("", []),
    ],
)
def test_shapes_of_files(text: str, found: list[tuple[str, tuple[str | int, ...]]]) -> None:
    parsed = parse_yaml(text)
    assert list(zip(codes(parsed), places(parsed), strict=True)) == found


def test_every_mistake_is_reported_and_what_is_right_is_kept() -> None:
    parsed = parse_yaml("""
models:
  - name: good
  - description: nameless
  - name: bad
    columns: {id: x}
    meta: [1]
    config: x
sources:
  - name: s
    zork: 1
    tables: [{name: t}, {}]
""")
    assert [type(found).__name__ for found in parsed.definitions] == [
        "NodePatch", "NodePatch", "SourceDefinition",
    ]  # fmt: skip
    assert sorted(codes(parsed)) == [
        "property-type", "property-type", "property-type", "property-unknown",
        "property-without-name", "property-without-name",
    ]  # fmt: skip


def test_strings_are_rendered_and_descriptions_tests_and_hooks_are_not() -> None:
    world = YamlWorld({"team": "core", "n": 3})
    parsed = parse_yaml(
        """
models:
  - name: "{{ var('team') }}_orders"
    description: "{{ doc('x') }}"
    config:
      alias: "{{ env_var('NOPE', 'a') }}_{{ target.schema }}"
      pre_hook: "grant {{ this }}"
      meta: {description: "{{ target.name }}", size: "{{ var('n') }}"}
    columns:
      - name: id
        description: "{{ doc('id') }}"
        data_tests:
          - accepted_values: {arguments: {values: "{{ var('team') }}"}}
""",
        world,
    )
    assert codes(parsed) == []
    [patch] = parsed.definitions
    assert isinstance(patch, NodePatch)
    assert patch.name == "core_orders"
    assert patch.description == "{{ doc('x') }}"
    assert patch.config["alias"] == "a_main"
    assert patch.raw_config["alias"].startswith("{{ env_var")
    assert patch.config["pre_hook"] == "grant {{ this }}"
    assert patch.config["meta"] == {"description": "dev", "size": 3}
    assert patch.columns[0].description == "{{ doc('id') }}"
    assert patch.columns[0].tests[0].arguments == {"values": "{{ var('team') }}"}
    assert sorted(world.asked) == ["env NOPE", "target", "var shop n", "var shop team"]


def test_a_file_without_jinja_asks_nothing() -> None:
    world = YamlWorld()
    parse_yaml("models: [{name: a, config: {tags: x}}]", world)
    assert world.asked == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{{ var('zork') }}", "var-not-found"),
        ("{{ env_var('ZORK') }}", "env-var-not-found"),
        ("{{ env_var('DBT_ENV_SECRET_X') }}", "secret-env-var"),
        ("{{ zork() }}", "jinja-undefined"),
        ("{{ zork", "jinja-syntax"),
    ],
)
def test_a_string_that_cannot_be_rendered_is_a_problem_at_its_place(text: str, code: str) -> None:
    world = YamlWorld(env={"DBT_ENV_SECRET_X": "hush"})
    parsed = parse_yaml(f'models: [{{name: a, config: {{meta: {{b: "{text}"}}}}}}]', world)
    assert codes(parsed) == [code]
    assert places(parsed) == [("models", 0, "config", "meta", "b")]


def test_definitions_of_all_kinds() -> None:
    parsed = parse_yaml("""
sources: [{name: s, tables: [{name: t}]}]
exposures: [{name: e, type: ml, owner: {name: x}}]
groups: [{name: g, owner: {email: x}}]
""")
    source, exposure, group = parsed.definitions
    assert isinstance(source, SourceDefinition)
    assert isinstance(exposure, YamlDefinition)
    assert isinstance(group, YamlDefinition)
    assert (source.source_name, exposure.kind, group.kind) == ("s", "exposure", "group")


def test_rendering_takes_a_newline_off_blocks_of_text_but_not_off_descriptions() -> None:
    parsed = parse_yaml(
        """
models:
  - name: m
    description: |
      d
    config:
      meta:
        note: |
          n
  - name: k
"""
    )
    patch = parsed.definitions[0]
    assert isinstance(patch, NodePatch)
    assert (patch.description, patch.config["meta"]) == ("d\n", {"note": "n"})
