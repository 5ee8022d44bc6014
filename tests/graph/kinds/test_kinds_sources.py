"""Sources (PROJ-186..196)."""

from __future__ import annotations

from typing import Any

import pytest
from tests.graph.linked_project import link_texts, resource

NOTHING = {"count": None, "period": None}


def source(yaml: str, name: str = "t", **options: Any) -> Any:
    linked = link_texts({"models/a/p.yml": f"sources:\n  - {yaml}"}, **options)
    unique_id = f"source.shop.s.{name}"
    if unique_id in linked.graph.disabled:
        return linked.graph.disabled[unique_id][0]
    return resource(linked, unique_id)


def test_defaults() -> None:
    """PROJ-188."""
    made = source("{name: s, tables: [{name: t}]}")
    assert (made.database, made.schema, made.identifier) == ("db", "s", "t")
    assert (made.fqn, made.path) == (("shop", "a", "s", "t"), "models/a/p.yml")
    assert made.freshness == {"warn_after": NOTHING, "error_after": NOTHING, "filter": None}
    assert made.unrendered_config == {
        "loaded_at_field": None, "loaded_at_query": None, "meta": {}, "tags": [],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("yaml", "expected"),
    [
        ("{name: s, tables: [{name: t, identifier: i}]}", '"db"."s"."i"'),
        ("{name: s, schema: x, database: d, tables: [{name: t}]}", '"d"."x"."t"'),
        ("{name: s, quoting: {schema: false}, tables: [{name: t}]}", '"db".s."t"'),
        (
            (
                "{name: s, quoting: {schema: false},"
                " tables: [{name: t, quoting: {schema: true, identifier: false}}]}"
            ),
            '"db"."s".t',
        ),
    ],
)
def test_relations(yaml: str, expected: str) -> None:
    assert source(yaml).relation_name == expected


def test_tags_and_meta_are_gathered() -> None:
    """PROJ-194."""
    made = source(
        "{name: s, tags: [x], meta: {a: 1, b: 1}, config: {tags: [y], meta: {b: 2}},"
        " tables: [{name: t, tags: [z, x], meta: {c: 1}, config: {tags: [w], meta: {c: 2}}}]}",
        sources={"+tags": ["tree"], "+meta": {"a": 0, "tree": 1}},
    )
    assert made.tags == ("w", "x", "y", "z")
    assert made.meta == {"a": 1, "tree": 1, "b": 2, "c": 2}
    assert made.source_meta == {"a": 1, "b": 2}


@pytest.mark.parametrize(
    ("source_says", "table_says", "expected"),
    [
        ("", "", (None, None)),
        ("loaded_at_field: a,", "", ("a", None)),
        ("loaded_at_field: a,", "loaded_at_field: null,", (None, None)),
        ("loaded_at_field: a,", "config: {loaded_at_field: null},", ("a", None)),
        ("loaded_at_field: a, config: {loaded_at_field: c},", "", ("a", None)),
        ("loaded_at_field: a,", "loaded_at_field: b, config: {loaded_at_field: c},", ("c", None)),
        ("", "loaded_at_query: q,", (None, "q")),
    ],
)
def test_loaded_at(
    source_says: str, table_says: str, expected: tuple[str | None, str | None]
) -> None:
    """PROJ-191."""
    made = source(f"{{name: s, {source_says} tables: [{{name: t, {table_says}}}]}}")
    assert (made.loaded_at_field, made.loaded_at_query) == expected


DAY, HOUR = {"count": 1, "period": "day"}, {"count": 5, "period": "hour"}
SAID = "freshness: {warn_after: {count: 1, period: day}, filter: x},"


@pytest.mark.parametrize(
    ("table_says", "expected"),
    [
        ("", {"warn_after": DAY, "error_after": NOTHING, "filter": "x"}),
        ("freshness: null", None),
        ("config: {freshness: null}", None),
        ("freshness: {}", {"warn_after": DAY, "error_after": NOTHING, "filter": "x"}),
        (
            "freshness: {warn_after: {count: 5, period: hour}}",
            {"warn_after": HOUR, "error_after": NOTHING, "filter": "x"},
        ),
        (
            "freshness: {warn_after: null, error_after: {count: 5, period: hour}}",
            {"warn_after": None, "error_after": HOUR, "filter": "x"},
        ),
    ],
)
def test_freshness(table_says: str, expected: dict[str, Any] | None) -> None:
    """PROJ-190."""
    made = source(f"{{name: s, {SAID} tables: [{{name: t, {table_says}}}]}}")
    assert made.freshness == expected
    assert made.config["freshness"] == expected


def test_freshness_of_the_tree_is_completed() -> None:
    made = source("{name: s, tables: [{name: t}]}", sources={"+freshness": {"warn_after": DAY}})
    assert made.freshness == {"warn_after": DAY, "error_after": NOTHING, "filter": None}
    assert made.unrendered_config["freshness"] == {"warn_after": DAY}


@pytest.mark.parametrize(
    ("yaml", "expected"),
    [
        ("config: {enabled: false}, tables: [{name: t}]", False),
        (
            "config: {enabled: false}, tables: [{name: t, config: {enabled: true}}]",
            True,
        ),
        ("tables: [{name: t, config: {enabled: false}}]", False),
    ],
)
def test_enabled(yaml: str, *, expected: bool) -> None:
    """PROJ-196."""
    assert source(f"{{name: s, {yaml}}}").config["enabled"] is expected


def test_external_tables_have_all_keys() -> None:
    made = source("{name: s, tables: [{name: t, external: {location: l, own: 1}}]}")
    assert made.external == {
        "location": "l", "file_format": None, "row_format": None, "tbl_properties": None,
        "partitions": None, "own": 1,
    }  # fmt: skip


def test_the_root_project_overrides_a_packages_source() -> None:
    """PROJ-192."""
    linked = link_texts(
        {
            "models/o.yml": "sources: [{name: s, overrides: one, schema: new, meta: {x: 1},"
            " tables: [{name: t, identifier: tt, description: new,"
            " data_tests: [{unique: {column_name: c}}]}]}]"
        },
        packages={
            "one": {
                "models/p.yml": "sources: [{name: s, schema: old, tables:"
                " [{name: t, description: old, columns: [{name: c}]}, {name: u}]}]"
            }
        },
    )
    first, second = (resource(linked, f"source.one.s.{name}") for name in "tu")
    assert (first.relation_name, first.description) == ('"db"."new"."tt"', "new")
    assert (list(first.columns), second.schema, second.meta) == (["c"], "new", {"x": 1})
    assert first.unrendered_schema == "old"
    assert any(one.startswith("test.one.source_unique_s_t_c") for one in linked.graph.entries)
