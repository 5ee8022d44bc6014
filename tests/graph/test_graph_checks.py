"""Checks of a whole project and of single nodes (PROJ-145, PROJ-181..184)."""

from __future__ import annotations

import pytest
from tests.graph.linked_project import Texts, codes, link_texts

from upriver.graph.inputs import LinkFlags

M = "select 1 as id"
ONE = "models: [{name: m, columns: [{name: id, data_tests: [%s]}]}]"


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ({"models/a/m.sql": M, "models/b/m.sql": M}, ["resource-twice"]),
        ({"models/m.sql": M, "tests/m.sql": M, "analyses/m.sql": M}, []),
        ({"models/m.sql": M, "models/p.yml": ONE % "unique, unique"}, ["resource-twice"]),
        (
            {"models/m.sql": M, "models/p.yml": ONE % "unique, {unique: {name: other}}"},
            [],
        ),
        (
            {"models/p.yml": "sources: [{name: s, tables: [{name: t}, {name: t}]}]"},
            ["resource-twice"],
        ),
        ({"models/m.sql": M, "models/n.sql": "{{ config(alias='m') }}"}, ["relation-shared"]),
        ({"models/m.sql": M, "models/n.sql": "{{ config(alias='M') }}"}, []),
        (
            {
                "models/m.sql": "{{ config(materialized='ephemeral') }}",
                "models/n.sql": "{{ config(materialized='ephemeral', alias='m') }}",
            },
            ["relation-shared"],
        ),
        (
            {"models/m.sql": M, "seeds/m.csv": "a"},
            ["name-of-two-kinds", "relation-shared"],
        ),
        (
            {"models/a/m.sql": "{{ config(enabled=false) }}", "models/b/m.sql": M},
            [],
        ),
    ],
)
def test_names_that_are_shared(texts: Texts, expected: list[str]) -> None:
    assert codes(link_texts(texts)) == expected


@pytest.mark.parametrize("is_strict", [True, False])
def test_flags_decide_how_bad_names_are(*, is_strict: bool) -> None:
    flags = LinkFlags(
        require_resource_names_without_spaces=is_strict,
        require_unique_project_resource_names=is_strict,
    )
    texts = {
        "models/a b.sql": "{{ config(alias='x') }}",
        "models/m.sql": M,
        "seeds/m.csv": "a",
        "seeds/p.yml": "seeds: [{name: m, config: {alias: n}}]",
    }
    problems = link_texts(texts, flags=flags).problems
    assert {p.code for p in problems} == {"name-with-spaces", "name-of-two-kinds"}
    assert {p.severity for p in problems} == {"error" if is_strict else "warning"}


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ("access='zz'", ["model-access"]),
        ("access='public', materialized='ephemeral'", ["model-access"]),
        ("access='public'", []),
        ("group='zz'", ["group-not-found"]),
        ("enabled='yes'", ["config-value"]),
        ("docs={'node_color': 'zzz'}", ["config-colour"]),
        ("docs={'node_color': '#abc'}", []),
        (
            "materialized='incremental', incremental_strategy='microbatch'",
            ["microbatch-incomplete"] * 3,
        ),
        (
            (
                "materialized='incremental', incremental_strategy='microbatch', event_time='t',"
                " begin='2020-01-01', batch_size='day'"
            ),
            [],
        ),
    ],
)
def test_configs_of_models(config: str, expected: list[str]) -> None:
    assert codes(link_texts({"models/m.sql": f"{{{{ config({config}) }}}}"})) == expected


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ("", 2),
        ("strategy='check', unique_key='id'", 1),
        ("strategy='check', unique_key='id', check_cols='all'", 0),
        ("strategy='timestamp', unique_key='id'", 1),
        ("strategy='own', unique_key='id'", 0),
        ("strategy='own', unique_key='id', materialized='table'", 1),
        ("enabled=false", 0),
    ],
)
def test_configs_of_snapshots(config: str, expected: int) -> None:
    body = f"{{% snapshot s %}}{{{{ config({config}) }}}} select 1{{% endsnapshot %}}"
    own = "{% macro snapshot_own_strategy() %}{% endmacro %}"
    linked = link_texts({"snapshots/s.sql": body, "macros/own.sql": own})
    assert codes(linked) == ["snapshot-incomplete"] * expected


def test_severity_must_be_one_of_two() -> None:
    texts = {"models/m.sql": M, "models/p.yml": ONE % "{unique: {config: {severity: bad}}}"}
    assert codes(link_texts(texts)) == ["config-value"]


def test_unknown_constraint_types() -> None:
    texts = {
        "models/m.sql": M,
        "models/p.yml": "models: [{name: m, constraints: [{type: check, expression: x}]}]",
    }
    assert codes(link_texts(texts)) == []


def test_shared_configs_are_checked_once() -> None:
    texts = {f"models/{name}.sql": M for name in "abc"}
    linked = link_texts(texts, models={"+enabled": "yes"})
    assert codes(linked) == ["config-value"]


@pytest.mark.parametrize(
    ("build_after", "expected"),
    [
        ("{count: 1, period: day}", 0),
        ("{count: 1, period: hour, updates_on: all}", 0),
        ("{}", 0),
        ("{count: 1}", 1),
        ("{period: day}", 1),
        ("{count: 1, period: eon}", 1),
        ("{count: one, period: day}", 1),
        ("{count: 1, period: day, updates_on: some}", 1),
    ],
)
def test_freshness_of_models(build_after: str, expected: int) -> None:
    """PROJ-107."""
    config = f"{{freshness: {{build_after: {build_after}}}}}"
    texts = {"models/m.sql": M, "models/p.yml": f"models: [{{name: m, config: {config}}}]"}
    assert codes(link_texts(texts)) == ["config-value"] * expected


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ("type='aggregate', volatility='non-deterministic'", 0),
        ("type='nope'", 1),
        ("volatility='nope'", 1),
    ],
)
def test_configs_of_functions(config: str, expected: int) -> None:
    """PROJ-135."""
    linked = link_texts({"functions/f.sql": f"{{{{ config({config}) }}}} 1"})
    assert codes(linked) == ["config-value"] * expected
