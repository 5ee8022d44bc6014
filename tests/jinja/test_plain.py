"""The plain renderer says what the template engine says, or nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.jinja.contexts import world as make_world

from upriver.jinja.config import RunConfig
from upriver.jinja.context import build_context, render_node
from upriver.jinja.errors import CompilationError, Origin, problem_of
from upriver.jinja.native import render_native
from upriver.jinja.plain import render_plain
from upriver.jinja.scope import Context
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


SUBJECT = Subject(
    package="shop",
    resolver=Named(),
    config=RunConfig({}),
    this="<this>",
    extra={"given": {"name": "g", "times": 7}},
)
PIECES = [
    "select 1", " ", "\n", "{{ ref('a') }}", '{{ref("b")}}', "{{ ref('p', 'c') }}", "{{ this }}",
    "{{ source('s', \"t\") }}", "{{ config(materialized='table', tags=['a', \"}}\"]) }}",
    "{# a comment #}", "{# - - #}", "{#- trimmed -#}", "{{- ref('a') -}}", "{{ ref('a', v=2) }}",
    "{{ config(a=var('x', 1)) }}", "{% if true %}x{% endif %}", "{{ ref( 'a' ) ~ 'x' }}", "{", "}}",
    "{ {", "'{{ ref('a') }}'", "-- {{ ref('a') }}", "{{ this.schema }}", "\n\n",
    "{{ twice('a') }}", '{{twice("b", times=3)}}', "{{ twice(times=-1, name='c',) }}",
    "{{ twice(none, true) }}", "{{ shop.twice('}}') }}", "{{ twice(ref('a')) }}", "{{ var('x', 1) }}",
    "{{ twice(\n'a') }}", "{{ twice('a' 'b') }}", "{{ twice('a') | upper }}", "{{ unknown('a') }}",
    "{% if twice('') %}", "{%- if not nothing() -%}", "{% if var('absent', false) %}", "{% endif %}",
    "{%- endif -%}", " {%- endif %} ", "{% else %}", "{% if not twice %}", "{% if nothing() %}",
    "{{ config(meta={'a': {'b': ['}}']}}, tags=[\n'x']) }}", "{{ config(a={'b': f()}) }}",
    "{% if shop.nothing() %}", "{{ tell('a') }}",
    "{{ dbt.type_string() }}", "{{ twice }}", "{{ log('a', info=true) }}",
    "{{ twice(**given) }}", "{{ twice(**unknown) }}", "{{ twice(**this) }}",
]  # fmt: skip
MACROS = """
{% macro twice(name, times=2) %}{{ name }}*{{ times }}{% endmacro %}
{% macro nothing() %}{% do return(none) %}{% endmacro %}
{% macro empty(name) %}{% do return(name.absent) %}{% endmacro %}
{% macro marked(name) %}{% do return(["1" | as_number]) %}{% endmacro %}
{% macro tell(name) %}{% do return([name]) %}{% endmacro %}
{% macro refused(name) %}
{{ exceptions.raise_compiler_error('no ' ~ name) }}
{% endmacro %}
{% macro broken(name) %}{{ name.missing.more }}{% endmacro %}
"""


HERE = Origin(file="models/a.sql", line=3)


def plain_of(text: str, world: Any) -> str | None:
    return render_plain(text, build_context(world, SUBJECT), HERE)


@given(pieces=st.lists(st.sampled_from(PIECES), max_size=8))
def test_plain_equals_rendered(pieces: list[str]) -> None:
    text = "".join(pieces)
    world = make_world(own=MACROS)
    plain = plain_of(text, world)
    if plain is not None:
        assert plain == render_node(world, SUBJECT, text)


@pytest.mark.parametrize(
    "call",
    ["refused('it')", "shop.refused('it')", "broken('it')", "var('absent')", "twice('a', 1, 2)"],
)
def test_an_error_of_a_call_is_the_one_of_the_engine(call: str) -> None:
    text = f"select 1,\n  {{{{ twice('a') }}}},\n  {{{{ {call} }}}}\n"
    found = []
    for render in (render_plain, _rendered):
        with pytest.raises(CompilationError) as caught:
            render(text, build_context(make_world(own=MACROS), SUBJECT), HERE)
        found.append(problem_of(caught.value))
    assert found[0] == found[1]


def _rendered(text: str, context: Context, origin: Origin) -> str:
    return context.render(text, origin)


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
        ("{{ twice(name) }}", None),
        ("{{ return('x') }}", None),
        ("{% set x = 1 %}", None),
        ("{{ config(meta={'owner': 'a'}) }}a", "a"),
        ("a {%- if nothing() %}b{{ ref('missing') }}{% endif %} c", "a c"),
        ("{% if not nothing() -%} b {% endif %}\n", "b "),
        ("{% if nothing() %}a{% else %}b{% endif %}", None),
        ("{% if nothing() %}a", None),
        ("{{ twice(**given) }}{{ config(alias='a') }}", "g*7"),
        ("{{ twice('a', **given) }}", None),
    ],
)
def test_what_is_plain(text: str, expected: str | None) -> None:
    assert plain_of(text, make_world(own=MACROS)) == expected


ARGUMENTS = [
    "{{ ref('a') }}", '{{ref("p", "b")}}', "{{ ref('a', version='2') }}", "{{ source('s', 't') }}",
    "{{ twice(ref('a')) }}", "{{ tell( ref('p', 'b', v='1') ) }}", "{{ nothing() }}",
    "{{ empty(ref('a')) }}", "{{ refused(source('s', 't')) }}", "{{ broken(ref('a')) }}",
    "{{ twice(ref('missing')) }}", "{{ ref('missing') }}", "{{ source('s') }}", "{{ ref() }}",
    "{{ source('s', version='1') }}", "{{ unknown(ref('a')) }}", "{{ (ref('a')) }}",
    "{{ twice(ref('a') }}", "{{ ref('a')) }}", "{{ log(ref('a')) }}", "{{ ref('a') }} ",
    "{{ marked(ref('a')) }}", "{{ nothing(ref('a')) }}",
]  # fmt: skip


@pytest.mark.parametrize("text", ARGUMENTS)
@pytest.mark.parametrize(
    "more", ["", "{% macro ref(name) %}own{% endmacro %}", "{% macro log(x) %}!{% endmacro %}"]
)
def test_an_argument_of_a_test_is_what_the_engine_makes_of_it(text: str, more: str) -> None:
    found = []
    # Parentheses are no shape that is known without the engine.
    for written in (text, text.replace("{{", "{{ (").replace("}}", ") }}")):
        names = build_context(make_world(own=MACROS + more), SUBJECT).names
        try:
            found.append(repr(render_native(written, names)))
        except CompilationError as error:
            problem = problem_of(error)
            found.append(repr(replace(problem, message=problem.message.replace(written, ""))))
    assert found[0] == found[1] or "syntax" in found[0]


def test_a_reference_without_answer_is_an_error() -> None:
    with pytest.raises(CompilationError):
        plain_of("{{ ref('missing') }}", make_world())


def test_an_overriding_macro_needs_the_engine() -> None:
    world = make_world(own="{% macro ref(name) %}x{% endmacro %}")
    assert plain_of("{{ ref('a') }}", world) is None
