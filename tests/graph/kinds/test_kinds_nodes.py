"""Nodes that have a body (PROJ-171, PROJ-172, PROJ-180)."""

from __future__ import annotations

from typing import Any

import pytest
from tests.graph.linked_project import link_texts, resource

from upriver.graph.inputs import HookInput
from upriver.graph.kinds.nodes import timestamp
from upriver.resources.calls import Facts, RefCall

TEXTS = {
    "models/a/b/m.sql": "select 1",
    "seeds/x/s.csv": "id",
    "snapshots/d/f.sql": "{% snapshot sn %}{{ config(strategy='check', unique_key='id',"
    " check_cols='all') }} select 1{% endsnapshot %}",
    "analyses/sub/an.sql": "select 1",
    "tests/sub/t.sql": "select 1",
}


@pytest.mark.parametrize(
    ("unique_id", "fqn", "path"),
    [
        ("model.shop.m", ("shop", "a", "b", "m"), "a/b/m.sql"),
        ("seed.shop.s", ("shop", "x", "s"), "x/s.csv"),
        ("snapshot.shop.sn", ("shop", "d", "f", "sn"), "d/f.sql"),
        ("analysis.shop.an", ("shop", "analysis", "sub", "an"), "analysis/sub/an.sql"),
        ("test.shop.t", ("shop", "sub", "t"), "sub/t.sql"),
    ],
)
def test_names_and_paths(unique_id: str, fqn: tuple[str, ...], path: str) -> None:
    node = resource(link_texts(TEXTS), unique_id)
    assert (node.fqn, node.path) == (fqn, path)


@pytest.mark.parametrize(
    ("unique_id", "expected"),
    [
        ("model.shop.m", '"db"."main"."m"'),
        ("seed.shop.s", '"db"."main"."s"'),
        ("snapshot.shop.sn", '"db"."main"."sn"'),
        ("analysis.shop.an", None),
        ("test.shop.t", None),
    ],
)
def test_what_has_a_relation(unique_id: str, expected: str | None) -> None:
    assert resource(link_texts(TEXTS), unique_id).relation_name == expected


def test_snapshots_may_name_their_place_verbatim() -> None:
    """PROJ-238."""
    config = "strategy='check', unique_key='i', check_cols='all'"
    body = "{% snapshot sn %}{{ config(" + config + ", target_schema='s', target_database='d') }}"
    linked = link_texts({"snapshots/f.sql": body + " select 1{% endsnapshot %}"})
    assert resource(linked, "snapshot.shop.sn").relation_name == '"d"."s"."sn"'


def test_snapshots_may_be_defined_in_yaml() -> None:
    """PROJ-151."""
    texts = {
        "models/m.sql": "select 1",
        "snapshots/d/y.yml": "snapshots: [{name: y, relation: \"ref('m')\", description: d,"
        " config: {strategy: check, unique_key: id, check_cols: all, schema: sch}}]",
    }
    linked = link_texts(texts)
    node = resource(linked, "snapshot.shop.y")
    assert (node.path, node.fqn) == ("d/y.yml/y.sql", ("shop", "d", "y"))
    assert (node.raw_code, node.depends_on) == ("select * from {{ ref('m') }}", ("model.shop.m",))
    assert (node.schema, node.description) == ("main_sch", "d")


def test_hooks_are_operations() -> None:
    """PROJ-242."""
    hooks = (HookInput(sql="x"), HookInput(sql="y", facts=Facts(refs=(RefCall(name="m"),))))
    linked = link_texts(
        {"models/m.sql": "select 1"},
        hooks=hooks,
        settings={"shop": {"project_checksum": "sum"}},
        models={"+tags": "t"},
    )
    node = resource(linked, "operation.shop.shop-on-run-start-1")
    assert (node.fqn, node.index) == (("shop", "hooks", "shop-on-run-start-1"), 1)
    assert (node.tags, node.checksum) == (("on-run-start", "t"), "sum")
    assert node.depends_on == ("model.shop.m",)


def test_columns_are_described() -> None:
    texts = {
        "models/m.sql": "select 1",
        "models/p.yml": """
models:
  - name: m
    columns:
      - {name: a, description: first}
      - {name: a, description: second, meta: {k: 1}, tags: [t], quote: true, policy_tags: [p]}
      - {name: b, constraints: [{type: not_null}]}
""",
    }
    columns = resource(link_texts(texts), "model.shop.m").columns
    assert list(columns) == ["a", "b"]
    assert (columns["a"].description, columns["a"].meta, columns["a"].tags) == (
        "second", {"k": 1}, ("t",),
    )  # fmt: skip
    assert columns["a"].extra["policy_tags"] == ["p"]
    assert columns["b"].constraints[0]["warn_unsupported"] is True


def test_a_models_properties() -> None:
    texts = {
        "models/m.sql": "select 1",
        "models/p.yml": """
groups: [{name: g, owner: {name: n}}]
models:
  - {name: m, access: public, group: g, meta: {k: 1}, docs: {show: false},
     deprecation_date: 2099-01-01, time_spine: {standard_granularity_column: d},
     columns: [{name: d, granularity: DAY}]}
""",
    }
    model = resource(link_texts(texts), "model.shop.m")
    assert (model.access, model.group, model.meta) == ("public", "g", {"k": 1})
    assert (model.docs["show"], model.patch_path) == (False, "shop://models/p.yml")
    assert model.deprecation_date == "2099-01-01T00:00:00+00:00"
    assert model.time_spine == {"standard_granularity_column": "d", "custom_granularities": []}
    assert model.columns["d"].granularity == "day"
    assert model.config["access"] == "public"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, None),
        ("2099-01-02", "2099-01-02T00:00:00+00:00"),
        ("2099-01-02 10:00:00.5+02:00", "2099-01-02T10:00:00.500000+02:00"),
        ("someday", "someday"),
    ],
)
def test_timestamps(text: str | None, expected: str | None) -> None:
    assert timestamp(text) == expected


def test_naming_macros_see_the_node() -> None:
    """JINJA-83."""
    seen = "{{ node.fqn[1] }}-{{ node.config.materialized }}-{{ node.path }}-{{ node.version }}"
    text = "{% macro generate_alias_name(custom, node) %}" + seen + "{% endmacro %}"
    linked = link_texts({"macros/g.sql": text, "models/a/m.sql": "select 1"})
    assert resource(linked, "model.shop.m").alias == "a-view-a/m.sql-None"


def test_stored_failures_have_a_relation() -> None:
    texts: dict[str, Any] = {"tests/t.sql": "{{ config(store_failures=true) }} select 1"}
    node = resource(link_texts(texts), "test.shop.t")
    assert node.relation_name == '"db"."main_dbt_test__audit"."t"'
