"""Calls that stand as text in YAML (PROJ-202)."""

from __future__ import annotations

import pytest
from tests.graph.linked_project import link_inputs

from upriver.graph.drafts import Scope
from upriver.graph.kinds.arguments import Asked, gather, read_call, render_text
from upriver.problems import Span
from upriver.resources.calls import RefCall, SourceCall

SPAN = Span(file="p.yml")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ref('a')", RefCall(name="a")),
        (' ref( "a" ) ', RefCall(name="a")),
        ("ref('p', 'a')", RefCall(name="a", package="p")),
        ("ref('a', v=2)", RefCall(name="a", version=2)),
        ("ref('a', version='2')", RefCall(name="a", version="2")),
        ("ref('p', 'a', v=1.5)", RefCall(name="a", package="p", version=1.5)),
        ("{{ ref('a') }}", RefCall(name="a")),
        ("source('s', 't')", SourceCall(source="s", table="t")),
        ("ref('a').schema", None),
        ("ref(a)", None),
        ("prefix('a')", None),
        ("source('s')", None),
        ("", None),
    ],
)
def test_calls(text: str, expected: RefCall | SourceCall | None) -> None:
    assert read_call(text) == expected


def test_references_are_gathered_however_deep() -> None:
    scope = Scope(link_inputs({}), (), {})
    asked = Asked()
    value = [
        "ref('a')",
        {"k": ["source('s', 't')", 1, "ref('a')"]},
        "{{ ref('b') }} x",
        "plain (x)",
    ]
    gather(scope, value, "shop", SPAN, asked)
    assert [one.name for one in asked.refs] == ["a", "a", "b"]
    assert [one.table for one in asked.sources] == ["t"]


def test_what_cannot_be_rendered_is_a_problem_with_a_place() -> None:
    scope = Scope(link_inputs({}), (), {})
    gather(scope, "{{ ref('a' }}", "shop", SPAN, Asked())
    assert render_text(scope, "{{ nope( }}", "shop", SPAN) == "{{ nope( }}"
    assert len(scope.problems) == 2
    assert all(problem.span is not None for problem in scope.problems)


def test_text_without_templates_is_left_alone() -> None:
    scope = Scope(link_inputs({}), (), {})
    assert render_text(scope, "a > 1", "shop", SPAN) == "a > 1"
    assert render_text(scope, "{{ target.name }}", "shop", SPAN) == "dev"
