"""Exposures and groups."""

from __future__ import annotations

from tests.graph.linked_project import link_texts, resource

YAML = """
exposures:
  - name: e
    type: dashboard
    owner: {email: a@b.c, extra: 1}
    depends_on: ["ref('m')", "source('s', 't')"]
    tags: [b]
    meta: {k: 1}
    config: {tags: [a], meta: {l: 2}}
    label: E
    url: http://x
    maturity: high
  - {name: tree_only, type: ml, owner: {name: n}}
  - {name: hidden, type: ml, owner: {name: n}, config: {enabled: false}}
sources: [{name: s, tables: [{name: t}]}]
groups: [{name: g, owner: {name: n}, description: d, config: {meta: {g: 1}}}]
"""
TEXTS = {"models/m.sql": "select 1", "models/a/p.yml": YAML}


def test_exposures() -> None:
    linked = link_texts(TEXTS, exposures={"+tags": ["tree"], "+meta": {"tree": 1}})
    one = resource(linked, "exposure.shop.e")
    assert one.depends_on == ("source.shop.s.t", "model.shop.m")
    assert (one.tags, one.meta) == (("a", "b"), {"k": 1, "l": 2})
    assert one.unrendered_config == {"tags": ["a"], "meta": {"l": 2}}
    assert (one.path, one.fqn) == ("a/p.yml", ("shop", "a", "e"))
    assert (one.label, one.url, one.maturity, one.owner["extra"]) == ("E", "http://x", "high", 1)
    other = resource(linked, "exposure.shop.tree_only")
    assert (other.tags, other.meta) == (("tree",), {"tree": 1})
    assert list(linked.graph.disabled) == ["exposure.shop.hidden"]


def test_groups_have_what_the_models_tree_says() -> None:
    tree = {"+meta": {"m": 1}, "+pre-hook": "x", "shop": {"a": {"+materialized": "table"}}}
    group = resource(link_texts(TEXTS, models=tree), "group.shop.g")
    assert group.config == {"meta": {"m": 1, "g": 1}, "materialized": "table"}
    assert (group.path, group.owner, group.description) == ("a/p.yml", {"name": "n"}, "d")
