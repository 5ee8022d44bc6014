"""The plain renderer says what the template engine says, or nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.jinja.contexts import world as make_world

from upriver.jinja.config import RunConfig
from upriver.jinja.context import render_node
from upriver.jinja.errors import CompilationError
from upriver.jinja.plain import render_plain
from upriver.jinja.subject import Subject
from upriver.resources.calls import RefCall, SourceCall


class Named:
    """Answers every call with its name."""

    def ref(self, call: RefCall) -> Any:
        if call.name == "missing":
            raise CompilationError("no such model")
        return f"<{call.package}.{call.name}>"

    def source(self, call: SourceCall) -> Any:
        return f"<{call.source}.{call.table}>"

    def metric(self, call: RefCall) -> Any:
        return call.name

    def function(self, call: RefCall) -> Any:
        return call.name


SUBJECT = Subject(package="shop", resolver=Named(), config=RunConfig({}), this="<this>")
PIECES = [
    "select 1", " ", "\n", "{{ ref('a') }}", '{{ref("b")}}', "{{ ref('p', 'c') }}", "{{ this }}",
    "{{ source('s', \"t\") }}", "{{ config(materialized='table', tags=['a', \"}}\"]) }}",
    "{# a comment #}", "{# - - #}", "{#- trimmed -#}", "{{- ref('a') -}}", "{{ ref('a', v=2) }}",
    "{{ config(a=var('x', 1)) }}", "{% if true %}x{% endif %}", "{{ ref( 'a' ) ~ 'x' }}", "{", "}}",
    "{ {", "'{{ ref('a') }}'", "-- {{ ref('a') }}", "{{ this.schema }}", "\n\n",
]  # fmt: skip


@given(pieces=st.lists(st.sampled_from(PIECES), max_size=8))
def test_plain_equals_rendered(pieces: list[str]) -> None:
    text = "".join(pieces)
    world = make_world()
    plain = render_plain(text, world, SUBJECT)
    if plain is not None:
        assert plain == render_node(world, SUBJECT, text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "{{ config(materialized='view') }}\nselect * from {{ ref('a') }}\n",
            "\nselect * from <None.a>",
        ),
        ("{# x #}select * from {{ source('s', 't') }}", "select * from <s.t>"),
        ("{{ ref('a') | upper }}", None),
        ("{{ ref(name) }}", None),
        ("{% set x = 1 %}", None),
    ],
)
def test_what_is_plain(text: str, expected: str | None) -> None:
    assert render_plain(text, make_world(), SUBJECT) == expected


def test_a_reference_without_answer_is_an_error() -> None:
    with pytest.raises(CompilationError):
        render_plain("{{ ref('missing') }}", make_world(), SUBJECT)


def test_an_overriding_macro_needs_the_engine() -> None:
    world = make_world(own="{% macro ref(name) %}x{% endmacro %}")
    assert render_plain("{{ ref('a') }}", world, SUBJECT) is None
