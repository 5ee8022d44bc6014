"""Sources (PROJ-186..196)."""

from __future__ import annotations

import pytest
from tests.parse.yaml_world import YamlWorld, codes, parse_yaml, places

from upriver.resources.definitions import SourceDefinition


def test_a_definition_per_table() -> None:
    parsed = parse_yaml(
        """
sources:
  - name: raw
    description: "{{ doc('x') }}"
    schema: "{{ target.schema }}_raw"
    loaded_at_field: ts
    freshness: {warn_after: {count: 1, period: day}, error_after: null}
    tags: [a]
    config: {enabled: true}
    tables:
      - name: orders
        identifier: orders_v2
        freshness:
        columns: [{name: id, data_tests: [unique]}]
        data_tests: [t]
        external: {location: s3}
      - name: users
        loaded_at_query: "{{ zork }}"
""",
        YamlWorld(),
    )
    assert codes(parsed) == []
    orders, users = parsed.definitions
    assert isinstance(orders, SourceDefinition)
    assert isinstance(users, SourceDefinition)
    assert (orders.source_name, orders.name) == ("raw", "orders")
    assert orders.source == {
        "name": "raw",
        "description": "{{ doc('x') }}",
        "schema": "main_raw",
        "loaded_at_field": "ts",
        "freshness": {"warn_after": {"count": 1, "period": "day"}, "error_after": None},
        "tags": ["a"],
        "config": {"enabled": True},
    }
    assert orders.raw_source["schema"] == "{{ target.schema }}_raw"
    assert orders.table == {
        "name": "orders",
        "identifier": "orders_v2",
        "freshness": None,
        "external": {"location": "s3"},
    }
    assert orders.columns[0].tests[0].name == "unique"
    assert orders.tests[0].keys == ("sources", 0, "tables", 0, "data_tests", 0)
    assert users.table["loaded_at_query"] == "{{ zork }}"


@pytest.mark.parametrize(
    ("entry", "code", "keys"),
    [
        ("tables:", "property-type", ("tables",)),
        ("tables: [t]", "property-type", ("tables", 0)),
        ("tables: [{}]", "property-without-name", ("tables", 0)),
        ("zork: 1", "property-unknown", ("zork",)),
        ("data_tests: [x]", "property-unknown", ("data_tests",)),
        ("tags: a", "property-type", ("tags",)),
        ("schema: 1", "property-type", ("schema",)),
        ("quoting: {schema: x}", "property-type", ("quoting", "schema")),
        ("loaded_at_field: a\n  loaded_at_query: b", "source-loaded-at-twice",
         ("loaded_at_query",)),
        ("freshness: {warn_after: {period: days}}", "property-value",
         ("freshness", "warn_after", "period")),
        ("freshness: {warn_after: {count: x}}", "property-type",
         ("freshness", "warn_after", "count")),
        ("freshness: {zork: 1}", "property-unknown", ("freshness", "zork")),
        ("freshness: {filter: 1}", "property-type", ("freshness", "filter")),
        ("overrides: pkg", "source-overrides-deprecated", ("overrides",)),
    ],
)  # fmt: skip
def test_mistakes(entry: str, code: str, keys: tuple[str | int, ...]) -> None:
    parsed = parse_yaml(f"sources:\n- name: s\n  {entry}\n")
    assert codes(parsed) == [code]
    assert places(parsed) == [("sources", 0, *keys)]


def test_a_period_gets_the_nearest_word() -> None:
    parsed = parse_yaml("sources: [{name: s, freshness: {warn_after: {period: hours}}}]")
    assert parsed.problems[0].hint == "Did you mean `hour`?"
