"""Unit tests (PROJ-208..222). Checksums were read off manifests of dbt-core 1.11."""

from __future__ import annotations

from typing import Any

import pytest
from tests.graph.linked_project import codes, link_texts, resource

from upriver.graph.kinds.unit_tests import csv_rows, full_row_first

MODELS = {
    "models/m.sql": "select 1",
    "models/v_v1.sql": "select 1",
    "models/v_v2.sql": "select 1",
    "models/v.yml": "models: [{name: v, versions: [{v: 1}, {v: 2}]}]",
    "tests/fixtures/fx.csv": "id,b\n1,x\n,y\n",
    "tests/fixtures/fq.sql": "select 7 as id",
}


def linked(*entries: str, **options: Any) -> Any:
    yaml = "unit_tests:\n" + "".join(f"  - {entry}\n" for entry in entries)
    return link_texts({**MODELS, "models/a/p.yml": yaml}, **options)


def test_one_unit_test() -> None:
    found = linked(
        "{name: u, model: m, given: [{input: this, rows: []}], expect: {rows: [{a: 1}]},"
        " overrides: {vars: {x: 1}}, config: {tags: b, meta: {k: 1}}, description: d}",
        unit_tests={"+tags": "a", "+meta": {"t": 1}},
    )
    test = resource(found, "unit_test.shop.m.u")
    assert (test.fqn, test.path) == (("shop", "a", "m", "u"), "a/p.yml")
    assert test.depends_on == ("model.shop.m",)
    assert test.given == ({"input": "this", "rows": [], "format": "dict", "fixture": None},)
    assert test.overrides == {"macros": {}, "vars": {"x": 1}, "env_vars": {}}
    assert (test.tags, test.config["meta"]) == (("a", "b"), {"t": 1, "k": 1})
    assert (test.schema, test.description) == ("main", "d")


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (
            (
                "{name: u1, model: c1, given: [{input: this, rows: []}], expect:"
                " {rows: [{id: 1, a: null, b: x, c: 1.5, d: 2020-01-01}]}}"
            ),
            "f350b6d7840e4643e7039a00da5af3fcf8bb0053da62568c31abb7324b3a2b4b",
        ),
        (
            "{name: utv, model: c1, given: [], expect: {format: sql, rows: select 1 as id}}",
            None,
        ),
    ],
)
def test_checksums_are_dbts(entry: str, expected: str | None) -> None:
    texts = {"models/c1.sql": "select 1", "models/p.yml": f"unit_tests: [{entry}]"}
    (test,) = (
        one for one in link_texts(texts).graph.resources.values() if "unit_test" in one.unique_id
    )
    assert test.checksum == expected or expected is None  # type: ignore[union-attr]


def test_fixtures_are_read() -> None:
    found = linked(
        "{name: u, model: m, given: [{input: ref('v'), format: csv, fixture: fx},"
        " {input: ref('m'), format: sql, fixture: fq}], expect: {rows: []}}"
    )
    first, second = resource(found, "unit_test.shop.m.u").given
    assert first["rows"] == [{"id": "1", "b": "x"}, {"id": None, "b": "y"}]
    assert second["rows"] == "select 7 as id"


@pytest.mark.parametrize(
    ("versions", "expected"),
    [
        ("", ["u_v1", "u_v2"]),
        (", versions: {include: [2]}", ["u_v2"]),
        (", versions: {exclude: [2]}", ["u_v1"]),
    ],
)
def test_versions(versions: str, expected: list[str]) -> None:
    """PROJ-211."""
    found = linked(f"{{name: u, model: v, given: [], expect: {{rows: []}}{versions}}}")
    ids = [one for one in found.graph.entries if one.startswith("unit_test.")]
    assert ids == [f"unit_test.shop.v.{name}" for name in expected]
    assert all(len(found.graph.parents[one]) == 1 for one in ids)


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("{name: u, model: nope, given: [], expect: {rows: []}}", "unit-test-model-not-found"),
        (
            "{name: u, model: m, versions: {include: [1]}, given: [], expect: {rows: []}}",
            "unit-test-versions",
        ),
        (
            "{name: u, model: v, versions: {include: [9]}, given: [], expect: {rows: []}}",
            "unit-test-versions",
        ),
        (
            (
                "{name: u, model: m, given: [{input: this, format: csv, fixture: fxx}],"
                " expect: {rows: []}}"
            ),
            "unit-test-fixture-not-found",
        ),
    ],
)
def test_mistakes(entry: str, expected: str) -> None:
    assert codes(linked(entry)) == [expected]


def test_a_unit_test_of_a_disabled_model_is_disabled() -> None:
    found = link_texts(
        {
            "models/m.sql": "{{ config(enabled=false) }}",
            "models/p.yml": "unit_tests: [{name: u, model: m, given: [], expect: {rows: []}}]",
        }
    )
    (disabled,) = found.graph.disabled["unit_test.shop.m.u"]
    assert (disabled.config["enabled"], disabled.schema) == (False, None)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([], []),
        ([{"a": None}, {"a": 1}], [{"a": 1}, {"a": None}]),
        (
            [{"a": None}, {"a": 2, "b": None}, {"a": 1}],
            [{"a": 1}, {"a": 2, "b": None}, {"a": None}],
        ),
        ([{"a": None}, {"b": None}], [{"a": None}, {"b": None}]),
        ([{"a": 1}, {"a": 1, "b": 2}], [{"a": 1}, {"a": 1, "b": 2}]),
    ],
)
def test_the_first_row_has_no_null(rows: Any, expected: Any) -> None:
    """PROJ-212."""
    assert full_row_first(rows) == expected


def test_empty_cells_are_null() -> None:
    assert csv_rows("\n a , b\n1,\n x ,y\n") == [{"a": "1", "b": None}, {"a": "x", "b": "y"}]
