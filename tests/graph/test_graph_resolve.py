"""References that are wrong, and references that are not allowed (PROJ-226, 227, 267)."""

from __future__ import annotations

from typing import Any

import pytest
from tests.graph.linked_project import codes, link_texts, resource

from upriver.graph.inputs import LinkFlags

GROUPS = "groups: [{name: g, owner: {name: n}}, {name: h, owner: {name: n}}]\n"


def test_sources_come_before_refs_and_each_once() -> None:
    texts = {
        "models/a.sql": "select 1",
        "models/b.sql": "{{ ref('a') }} {{ source('s', 't') }} {{ ref('a') }}",
        "models/p.yml": "sources: [{name: s, tables: [{name: t}]}]",
    }
    model = resource(link_texts(texts), "model.shop.b")
    assert model.depends_on == ("source.shop.s.t", "model.shop.a")


@pytest.mark.parametrize("path", ["models/b.sql", "analyses/b.sql"])
@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("{{ ref('nope') }}", "ref-not-found"),
        ("{{ ref('off') }}", "reference-disabled"),
        ("{{ source('s', 'nope') }}", "source-not-found"),
        ("{{ source('s', 'gone') }}", "reference-disabled"),
    ],
)
def test_a_reference_that_means_nothing_is_an_error(path: str, body: str, code: str) -> None:
    texts = {
        path: body,
        "models/off.sql": "{{ config(enabled=false) }} select 1",
        "models/p.yml": "sources: [{name: s, tables: [{name: gone, config: {enabled: false}}]}]",
    }
    (problem,) = link_texts(texts).problems
    assert (problem.code, problem.severity) == (code, "error")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("{{ ref('nope') }}", [("ref-not-found", "NodeNotFoundOrDisabled")]),
        ("{{ ref('off') }}", []),
        ("{{ source('s', 't') }}", [("source-not-found", "NodeNotFoundOrDisabled")]),
    ],
)
def test_a_test_is_disabled_with_what_it_reads(body: str, expected: list[tuple[str, str]]) -> None:
    texts = {"tests/t.sql": body, "models/off.sql": "{{ config(enabled=false) }} select 1"}
    linked = link_texts(texts)
    assert [(p.code, p.event) for p in linked.problems] == expected
    assert all(p.severity == "warning" for p in linked.problems)
    (disabled,) = linked.graph.disabled["test.shop.t"]
    assert disabled is not None
    assert "test.shop.t" not in linked.graph.entries


def test_references_of_disabled_nodes_are_not_looked_at() -> None:
    texts = {"models/a.sql": "{{ config(enabled=false) }} {{ ref('nope') }}"}
    assert link_texts(texts).problems == ()


@pytest.mark.parametrize(
    ("reader", "is_allowed"),
    [
        ("models: [{name: m, group: g, access: private}, {name: b, group: g}]", True),
        ("models: [{name: m, group: g, access: private}, {name: b, group: h}]", False),
        ("models: [{name: m, group: g, access: private}]", False),
        ("models: [{name: m, access: private}]", False),
        ("models: [{name: m, group: g}]", True),
    ],
)
def test_private_models(reader: str, *, is_allowed: bool) -> None:
    texts = {
        "models/m.sql": "select 1",
        "models/b.sql": "{{ ref('m') }}",
        "models/p.yml": GROUPS + reader,
    }
    assert codes(link_texts(texts)) == ([] if is_allowed else ["ref-not-allowed"])


def test_tests_of_a_private_model_belong_to_its_group() -> None:
    texts = {
        "models/m.sql": "select 1",
        "tests/t.sql": "{{ ref('m') }}",
        "models/p.yml": GROUPS + "models: [{name: m, group: g, access: private,"
        " columns: [{name: a, data_tests: [unique]}]}]",
    }
    assert [p.unique_id for p in link_texts(texts).problems] == ["test.shop.t"]


@pytest.mark.parametrize("is_restricted", [True, False])
def test_protected_models_of_a_package(*, is_restricted: bool) -> None:
    linked = link_texts(
        {"models/b.sql": "{{ ref('m') }}"},
        packages={"one": {"models/m.sql": "select 1", "models/n.sql": "{{ ref('one', 'm') }}"}},
        settings={"one": {"is_access_restricted": is_restricted}},
    )
    assert codes(linked) == (["ref-not-allowed"] if is_restricted else [])


def test_a_package_that_reads_the_root_project_is_warned_of() -> None:
    options: dict[str, Any] = {
        "packages": {"one": {"models/m.sql": "select 1", "models/n.sql": "{{ ref('m') }}"}},
    }
    texts = {"models/m.sql": "{{ config(alias='other') }} select 1"}
    assert codes(link_texts(texts, **options)) == ["package-refers-to-root"]
    flags = LinkFlags(require_ref_searches_node_package_before_root=True)
    linked = link_texts(texts, flags=flags, **options)
    assert codes(linked) == []
    assert linked.graph.parents["model.one.n"] == ("model.one.m",)


def test_two_packages_with_one_name_are_ambiguous() -> None:
    linked = link_texts(
        {"models/b.sql": "{{ ref('m') }}"},
        packages={
            "one": {"models/m.sql": "select 1"},
            "two": {"models/m.sql": "{{ config(alias='x') }} select 1"},
        },
    )
    (problem,) = linked.problems
    assert (problem.code, problem.hint) == ("ref-ambiguous", "Name the package: `ref('one', 'm')`")


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("2025-12-31", ["DeprecatedModel", "DeprecatedReference"]),
        ("2099-01-01", ["UpcomingReferenceDeprecation"]),
    ],
)
def test_deprecated_models(date: str, expected: list[str]) -> None:
    """PROJ-231."""
    texts = {
        "models/m.sql": "select 1",
        "models/b.sql": "{{ ref('m') }}",
        "models/p.yml": f"models: [{{name: m, deprecation_date: {date}}}]",
    }
    assert [problem.event for problem in link_texts(texts).problems] == expected
