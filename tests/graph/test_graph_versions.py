"""Versions of models (PROJ-223, PROJ-224)."""

from __future__ import annotations

from typing import Any

import pytest
from tests.graph.linked_project import codes, link_texts, resource

from upriver.graph.versions import (
    file_names,
    latest_of,
    plain_properties,
    versioned_properties,
)
from upriver.resources.calls import Version
from upriver.resources.definitions import ColumnPatch, NodePatch, VersionPatch


def patch(*versions: VersionPatch, **fields: Any) -> NodePatch:
    return NodePatch(
        kind="model", name="m", package="shop", path="p.yml", versions=versions, **fields
    )


@pytest.mark.parametrize(
    ("versions", "said", "expected"),
    [
        ([1, 10, 9], None, 10),
        (["1", "10", "9"], None, "10"),
        ([1, 3.5], None, 3.5),
        (["a", "b"], None, "b"),
        ([1, 2], 1, 1),
        ([], None, None),
    ],
)
def test_the_latest_version(
    versions: list[Version], said: Version | None, expected: Version | None
) -> None:
    made = patch(*(VersionPatch(v=v) for v in versions), latest_version=said)
    assert latest_of(made) == expected


def test_files_of_versions() -> None:
    one, two = VersionPatch(v=1), VersionPatch(v=2)
    made = patch(one, two, VersionPatch(v=0, defined_in="old"))
    assert file_names(made, one) == ("m_v1",)
    assert file_names(made, two) == ("m_v2", "m")
    assert file_names(made, made.versions[2]) == ("old",)


A, B, C = (ColumnPatch(name=name) for name in "abc")
OWN_B = ColumnPatch(name="b", description="own")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, [A, B]),
        ({"columns": ()}, [A, B]),
        ({"columns": (C,)}, [A, B, C]),
        ({"columns": (OWN_B,), "column_include": "all"}, [A, OWN_B]),
        ({"columns": (C,), "column_include": "*", "column_exclude": ("a",)}, [B, C]),
        ({"columns": (), "column_include": ("b",)}, [B]),
    ],
)
def test_columns_of_a_version(fields: dict[str, Any], expected: list[ColumnPatch]) -> None:
    version = VersionPatch(v=1, **fields)
    properties = versioned_properties(patch(version, columns=(A, B)), version, "")
    assert list(properties.columns) == expected


def test_a_version_adds_to_the_models_config() -> None:
    version = VersionPatch(v=1, config={"tags": "v", "meta": {"b": 1}, "alias": "x"})
    made = patch(version, config={"tags": ["m"], "meta": {"a": 1}, "schema": "s"})
    assert versioned_properties(made, version, "").config == {
        "tags": ["v", "m"], "meta": {"a": 1, "b": 1}, "alias": "x", "schema": "s",
    }  # fmt: skip


def test_access_counts_under_config_only() -> None:
    beside = VersionPatch(v=1, access="private", config={"access": "private"})
    below = VersionPatch(v=2, config={"access": "private"})
    made = patch(beside, below)
    assert versioned_properties(made, beside, "").config == {}
    assert versioned_properties(made, below, "").config == {"access": "private"}


def test_plain_properties_are_the_patchs() -> None:
    made = patch(description="d", deprecation_date="2024-01-01")
    properties = plain_properties(made, "sum")
    assert (properties.description, properties.version) == ("d", None)
    assert properties.patch_path == "shop://p.yml"


def test_versions_become_models() -> None:
    texts = {
        "models/m_v1.sql": "select 1",
        "models/m.sql": "select 2",
        "models/r.sql": "{{ ref('m') }} {{ ref('m', v=1) }}",
        "models/p.yml": """
models:
  - name: m
    description: base
    columns: [{name: id, data_tests: [unique]}]
    versions: [{v: 1, description: one, data_tests: []}, {v: 2}]
""",
    }
    linked = link_texts(texts)
    first, second = (resource(linked, f"model.shop.m.v{v}") for v in (1, 2))
    assert (first.fqn, second.fqn) == (("shop", "m", "v1"), ("shop", "m", "v2"))
    assert (first.description, second.description) == ("one", "base")
    assert (first.latest_version, second.path) == (2, "m.sql")
    assert linked.graph.parents["model.shop.r"] == ("model.shop.m.v2", "model.shop.m.v1")
    tests = {one.name for one in linked.graph.entries.values() if one.kind == "test"}
    assert tests == {"unique_m_v1_id", "unique_m_v2_id"}


def test_a_version_without_a_file() -> None:
    texts = {
        "models/m_v1.sql": "select 1",
        "models/p.yml": "models: [{name: m, versions: [{v: 1}, {v: 2}]}]",
    }
    (problem,) = link_texts(texts).problems
    assert (problem.code, problem.severity) == ("patch-without-node", "warning")
    assert "`m_v2`" in problem.message


def test_a_model_cannot_be_with_and_without_versions() -> None:
    """PROJ-183."""
    texts = {
        "models/m_v1.sql": "select 1",
        "models/m.sql": "{{ config(alias='x') }} select 1",
        "models/p.yml": "models: [{name: m, versions: [{v: 1, defined_in: m_v1}]}]",
    }
    assert codes(link_texts(texts)) == ["model-with-and-without-versions"]
