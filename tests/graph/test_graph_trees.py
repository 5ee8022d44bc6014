"""Config trees (PROJ-63..68, PROJ-77, PROJ-78)."""

from __future__ import annotations

from typing import Any

import pytest
from tests.graph.linked_project import codes, link_texts, resource

from upriver.graph.inputs import PackageInput
from upriver.graph.trees import Trees, unused_paths

MODEL = {"models/a/b/m.sql": "select 1", "models/n.sql": "select 1"}


def test_deeper_paths_win_down_to_the_node() -> None:
    tree = {
        "+materialized": "view",
        "shop": {"+tags": "x", "a": {"+materialized": "table", "b": {"m": {"+tags": ["y"]}}}},
    }
    linked = link_texts(MODEL, models=tree)
    model = resource(linked, "model.shop.m")
    assert (model.config["materialized"], model.tags) == ("table", ("x", "y"))
    assert model.unrendered_config == {"materialized": "table", "tags": ["y"]}
    assert resource(linked, "model.shop.n").config["materialized"] == "view"


def test_a_mapping_without_plus_is_a_path() -> None:
    """PROJ-65."""
    linked = link_texts(MODEL, models={"shop": {"meta": {"a": 1}, "alias": "z", "a": {}}})
    assert resource(linked, "model.shop.n").meta == {}
    assert resource(linked, "model.shop.n").alias == "z"


def test_layers_of_a_package_end_with_the_root_projects() -> None:
    linked = link_texts(
        {},
        packages={"extra": {"models/m.sql": "{{ config(alias='file', tags=['file']) }} select 1"}},
        settings={"extra": {"configs": {"models": {"+tags": "own", "+alias": "own"}}}},
        models={"+tags": "root", "extra": {"m": {"+alias": "root"}}},
    )
    model = resource(linked, "model.extra.m")
    assert (model.alias, model.tags) == ("root", ("own", "file", "root"))


def test_nodes_of_a_directory_share_their_config() -> None:
    trees = Trees([PackageInput(name="p", configs={"models": {"p": {"x": {"+alias": "a"}}}})], "p")
    first = trees.own("model", "p", ("p", "d", "x"))
    second = trees.own("model", "p", ("p", "d", "y"))
    assert first is second
    assert trees.own("model", "p", ("p", "x", "m")).config["alias"] == "a"


@pytest.mark.parametrize(
    ("kind", "tree"),
    [("seed", "seeds"), ("snapshot", "snapshots"), ("test", "data_tests"), ("analysis", "models")],
)
def test_each_kind_has_its_tree(kind: str, tree: str) -> None:
    """PROJ-78."""
    trees = Trees([PackageInput(name="p", configs={tree: {"+alias": "a"}})], "p")
    assert trees.own(kind, "p", ("p", "x")).config["alias"] == "a"


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        ({"+tags": "a"}, ["models"]),
        ({"p": {"+tags": "a"}}, []),
        ({"p": {"z": {"+tags": "a"}}}, ["models.p.z"]),
        ({"p": {"z": {}}}, []),
        ({"p": {"d": {"y": {"alias": 1}}}}, ["models.p.d.y"]),
        ({"p": {"d": {"m": {"+alias": 1}}}}, []),
        ({"other": {"+tags": "a"}}, ["models.other"]),
    ],
)
def test_paths_that_configure_nothing_are_found(tree: dict[str, Any], expected: list[str]) -> None:
    fqns = {"model": {("p", "d", "m")}} if tree != {"+tags": "a"} else {}
    package = PackageInput(name="p", configs={"models": tree})
    found = unused_paths([package], "p", lambda kind: fqns.get(kind, set()))
    assert [".".join(path) for path in found] == expected


def test_unused_paths_are_warnings_and_disabled_nodes_count() -> None:
    texts = {"models/off/m.sql": "{{ config(enabled=false) }} select 1"}
    linked = link_texts(texts, models={"shop": {"off": {"+tags": "a"}, "gone": {"+tags": "a"}}})
    assert codes(linked) == ["config-path-unused"]
    assert linked.problems[0].severity == "warning"
