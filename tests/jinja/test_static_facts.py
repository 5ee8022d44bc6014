"""Reading a template without rendering it gives what rendering gives, or nothing."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2 import Environment, nodes
from tests.jinja.parse_worlds import parse_world

from upriver.jinja.capture import capture_facts
from upriver.jinja.errors import CompilationError
from upriver.jinja.static_facts import (
    WorldAsks,
    is_extractable,
    static_facts,
    unrendered_config,
)
from upriver.resources.calls import Facts, RefCall, SourceCall

MACROS = {
    "shop": """
        {% macro cents(column, digits=2) %}round({{ column }}, {{ digits }}){% endmacro %}
        {% macro columns() %}{{ return(['a', 'b']) }}{% endmacro %}
        {% macro grow(items) %}{% do items.append('grown') %}{% endmacro %}
        {% macro sneaky() %}{{ ref('sneaked') }}{% endmacro %}
        {% macro wrap() %}[{{ caller() }}]{% endmacro %}
    """,
    "tools": "{% macro key(columns) %}{{ columns | join('-') }}{% endmacro %}",
    "dbt": """
        {% macro is_incremental() %}{{ return(execute and true) }}{% endmacro %}
        {% macro statement(name=none, fetch_result=false) %}
            {%- if execute %}{{ caller() }}{% endif -%}
        {% endmacro %}
    """,
}
WORLD = parse_world(
    MACROS,
    {"name": "from_var", "list": ["a", "b"], "on": True, "text": "{{ 1 }}"},
)


class Asks(WorldAsks):
    """Takes a macro that renders its caller for harmless: the caller's text is read anyway."""

    def is_inert(self, name: str) -> bool:
        return name == "wrap" or super().is_inert(name)


ASKS = Asks(WORLD, "shop")


def capture(text: str) -> Facts:
    return capture_facts(text, WORLD, "shop", "model.shop.m", "m")


def refs(*names: str) -> tuple[RefCall, ...]:
    return tuple(RefCall(name=name) for name in names)


PLAIN = [
    ("select 1", Facts()),
    ("{{ ref('a') }}{{ref( \"b\" )}}{{- ref('a') -}}", Facts(refs=refs("a", "b", "a"))),
    ("{{ ref('pkg', 'a') }}", Facts(refs=(RefCall(name="a", package="pkg"),))),
    ("{{ ref('a', v=2) }}", Facts(refs=(RefCall(name="a", version=2),))),
    ("-- depends_on: {{ ref('a') }}", Facts(refs=refs("a"))),
    ("{{ source('s', 't') }}", Facts(sources=(SourceCall(source="s", table="t"),))),
    ("{# {{ ref('a') }} #}{% raw %}{{ ref('b') }}{% endraw %}{{ this }}", Facts()),
    (
        "{{ config(a='x', b=true, c=none, d=-5, e=['p', \"q\"], f=[],) }}{{ config({'g': 1}) }}",
        Facts(
            configs=(
                {"a": "x", "b": True, "c": None, "d": -5, "e": ["p", "q"], "f": []},
                {"g": 1},
            )
        ),
    ),
    ("{{ config(meta={'a': {'b': 1.5}}) }}", Facts(configs=({"meta": {"a": {"b": 1.5}}},))),
    (r"{{ config(a='it\'s', b='x' 'y') }}", Facts(configs=({"a": "it's", "b": "xy"},))),
]


@pytest.mark.parametrize(("text", "expected"), PLAIN)
def test_plain_calls_are_read_off_the_text(text: str, expected: Facts) -> None:
    assert static_facts(text, ASKS) == expected


CERTAIN = [
    "{% if is_incremental() %}{{ ref('never') }}{% else %}{{ ref('a') }}{% endif %}",
    "{% if execute %}{{ ref('never') }}{% elif not execute %}{{ ref('a') }}{% endif %}",
    "{% if target.name == 'prod' %}{{ ref('p') }}{% else %}{{ ref('d') }}{% endif %}",
    "{% if target['name'] in ['dev', 'ci'] %}{{ ref('p') }}{% endif %}",
    "{% set names = ['a', 'b'] %}{% for n in names %}{{ ref('stg_' ~ n) }}{% endfor %}",
    "{% for k, v in {'a': 1, 'b': 2}.items() %}{{ ref(k) }}{{ v }}{% endfor %}",
    "{% for i in range(2) %}{{ ref('a' ~ i) }}{% if not loop.last %},{% endif %}{% endfor %}",
    "{% for n in var('list') if n != 'a' %}{{ ref(n) }}{% else %}{{ ref('none') }}{% endfor %}",
    "{% for n in [] %}{{ ref(n) }}{% else %}{{ ref('none') }}{% endfor %}",
    "{{ ref(var('name')) }}{{ ref(var('missing', 'fallback')) }}{{ var('missing') }}",
    "{{ config(materialized=var('m', 'view'), path=env_var('HOME')) }}",
    "{{ cents('amount') }}{{ cents(column='x', digits=4) }}{{ tools.key(['a', 'b']) }}",
    "{{ cents(tools.key(['a'])) }}",
    "{% set l = ['a'] %}{% do l.append('b') %}{% for n in l %}{{ ref(n) }}{% endfor %}",
    "{% set rel = ref('a') %}select {{ rel.identifier }} from {{ rel }}",
    "{% set q %}select * from {{ ref('a') }}{% endset %}{{ q }}",
    "{% call statement('x', fetch_result=true) %}{{ ref('never') }}{% endcall %}",
    "{% for c in columns() %}{{ c | upper }}{% if loop.first %}!{% endif %}{% endfor %}",
    "{{ columns() }}{% set c = columns() %}{% for x in c %}{{ x }}{% endfor %}",
    "{{ ref('a') if target.name == 'dev' else ref('b') }}{{ false and ref('c') }}",
    "{% set x = none %}{% if x is none %}{{ ref('a') }}{% endif %}",
    "{% set a, b = 'x', 'y' %}{{ ref(a) }}{{ ref(b) }}",
    "{% filter upper %}{{ ref('a') }}{% endfilter %}{{ 'a,b'.split(',') | length }}",
    "{% set d = {'x': ['m']} %}{% for n in d.x %}{{ ref(n) }}{% endfor %}{{ ref(d['x'][0]) }}",
    "{{ sneaky() if execute }}{{ config.get('x') }}",
    "{% if adapter.get_relation('a', 'b', 'c') is none %}{{ ref('x') }}{% endif %}",
    "{% for c in adapter.get_columns_in_relation(this) %}{% else %}{{ ref('x') }}{% endfor %}",
    "{{ function('f') }}(1){{ function('shop', 'g') }}{{ metric('m') }}",
    "{% set now = modules.datetime.datetime.now() %}{{ now.strftime('%Y') }}",
    "{% set r = api.Relation.create(schema='s', identifier='i') %}{{ r }}{{ flags.WHICH }}",
    "{% set ns = namespace(a=1) %}{% set ns.a = ref('a') %}{{ ns.a }}",
    "{{ source('s', target.schema) }}{{ 'x' | replace('x', 'y') }}",
    "{{ ref('A' | lower) }}{{ ref(['a', 'b'] | join('_')) }}{{ ref(('x', 'y')[0]) }}",
    "{% set rounds = 3 %}{% for i in range(1, rounds) %}{{ source('s', 't' ~ i) }}{% endfor %}",
]


@pytest.mark.parametrize("text", CERTAIN)
def test_what_is_certain_is_read_as_rendered(text: str) -> None:
    facts = static_facts(text, ASKS)
    assert facts is not None
    assert facts == capture(text)


UNCERTAIN = [
    "{{ sneaky() }}",
    "{{ unknown_macro() }}",
    "{{ ref(unknown) }}",
    "{{ ref('a', 'b', 'c') }}",
    "{{ ref(name='a') }}",
    "{% if this.schema == 'x' %}{{ ref('a') }}{% endif %}",
    "{{ ref('a') }}{% if this.schema == 'x' %}{{ ref('a') }}{% endif %}",
    "{% for c in columns() %}{{ ref(c) }}{% endfor %}",
    "{% for c in columns() %}{{ cents(c) }}{% endfor %}",
    "{% set l = ['a'] %}{{ grow(l) }}{% for n in l %}{{ ref(n) }}{% endfor %}",
    "{{ ref(var('text')) }}",
    "{{ env_var('MISSING') }}",
    "{{ env_var('DBT_ENV_SECRET_X', 'y') }}",
    "{{ config(a=this.schema) }}",
    "{{ config() }}",
    "{{ cents('a', 2, 3) }}",
    "{{ cents(nope=1) }}",
    "{{ ref }}",
    "{{ return('x') }}",
    "{{ log('x', info=true) }}",
    "{{ exceptions.raise_compiler_error('x') }}",
    "{{ adapter.dispatch('x')() }}",
    "{% macro m() %}{% endmacro %}",
    "{{ ref('a') ",
    "{% if true %}{{ ref('a') }}",
    "{% endif %}",
    "{# open",
    "{{ 'a' + 1 }}",
    "{{ ref('a') | nofilter }}",
    "{% call wrap() %}{{ ref('a') }}{% endcall %}",
    "{% include 'x' %}",
]


@pytest.mark.parametrize("text", UNCERTAIN)
def test_what_is_uncertain_is_left_to_rendering(text: str) -> None:
    assert static_facts(text, ASKS) is None


@pytest.mark.parametrize("name", ["ref", "source", "config", "this", "var"])
def test_a_macro_of_the_same_name_replaces_dbts_own(name: str) -> None:
    world = parse_world({"shop": f"{{% macro {name}() %}}{{% endmacro %}}"})
    text = "{{ ref('a') }}{{ source('a', 'b') }}{{ config(a=1) }}{{ this }}{{ var('x') }}"
    assert static_facts(text, WorldAsks(world, "shop")) is None


@pytest.mark.parametrize(
    "call",
    [
        "a='x'",
        'a="it\'s", b=[\'x\', "y"], c=true, d=none, e=[]',
        "a=1, b=-2",
        "a=var('name'), b=[1, env_var( 'HOME' )], c={'d': x if y else none}",
        "pre_hook='{{ this }}', post_hook=after_commit('x')",
    ],
)
def test_unrendered_config_is_shown_as_jinja_shows_it(call: str) -> None:
    """PROJ-77: whether the call is written out or not."""
    text = f"{{# config(no=1) #}} select 1 {{{{ config({call}) }}}}{{{{ config(z=1) }}}}"
    found, *_ = Environment().parse(text).find_all(nodes.Call)  # noqa: S701 - nothing is rendered
    assert unrendered_config(text) == {keyword.key: repr(keyword) for keyword in found.kwargs}


@pytest.mark.parametrize(
    "text", ["config", "{{ config.get('x') }}", "{{ config({'a': 1}) }}", "{{"]
)
def test_there_may_be_no_unrendered_config(text: str) -> None:
    assert unrendered_config(text) == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ config(a='x', b=['y', {'z': True}],) }} select {{ ref('m') }} {# {% if %} #}", True),
        ("{{ref('p', \"m\")}} {{ source('s', 't') }} {{ 'text' }} {{ [1] }} '}}'", True),
        ("{{ config(a=1) }}", False),
        ("{{ config(a=true) }}", False),
        ("{{ config(a='x', b=var('y')) }}", False),
        ("{{- ref('m') }}", False),
        ("{{ this }}", False),
        ("{{ ref('m', v=1) }}", False),
        ("{% if true %}{% endif %}", False),
    ],
)
def test_what_dbt_extracts_without_rendering(text: str, expected: bool) -> None:  # noqa: FBT001
    """As observed (PROJ-77)."""
    assert is_extractable(text) is expected


# The law: whatever static reading gives, rendering gives the same.

NAMES = st.sampled_from(["'a'", "'b'", "x", "n", "var('name')", "'s_' ~ x", "l[0]", "n | upper"])
CONDITIONS = st.sampled_from([
    "execute", "not execute", "true", "false", "is_incremental()", "target.name == 'dev'",
    "this.schema == 'main'", "x == 'a'", "columns()", "l | length > 1", "n is none",
    "var('on')", "x in l", "loop.first", "x is defined", "'b' in columns()",
])  # fmt: skip
LISTS = st.sampled_from(["['a', 'b']", "l", "columns()", "[]", "var('list')", "range(2)", "[x]"])
LEAVES = st.one_of(
    st.builds("{{{{ ref({}) }}}}".format, NAMES),
    st.builds("{{{{ source('s', {}) }}}}".format, NAMES),
    st.builds("{{{{ config(k={}) }}}}".format, NAMES),
    st.builds("{{{{ cents({}) }}}}".format, NAMES),
    st.builds("{{{{ ref({}) if {} else ref({}) }}}}".format, NAMES, CONDITIONS, NAMES),
    st.builds("{{{{ {} and ref({}) }}}}".format, CONDITIONS, NAMES),
    st.builds("{{{{ ref({}) is none or {} }}}}".format, NAMES, CONDITIONS),
    st.builds("{{% set x = {} %}}".format, NAMES),
    st.builds("{{% set n = {} %}}".format, NAMES),
    st.builds("{{% set l = {} %}}".format, LISTS),
    st.builds("{{% do l.append({}) %}}".format, NAMES),
    st.sampled_from(
        ["{{ grow(l) }}", "{{ sneaky() }}", "{{ this }}", "text", "{# {{ #}", "{{ l }}"]
    ),
    st.sampled_from(["{% set m = l %}", "{% do m.append('z') %}", "{% set l = m %}"]),
)


def nest(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    body = st.lists(inner, max_size=4).map("".join)
    return st.one_of(
        st.builds("{{% if {} %}}{}{{% endif %}}".format, CONDITIONS, body),
        st.builds("{{% if {} %}}{}{{% else %}}{}{{% endif %}}".format, CONDITIONS, body, body),
        st.builds("{{% for x in {} %}}{}{{% endfor %}}".format, LISTS, body),
        st.builds("{{% for n in {} if {} %}}{}{{% endfor %}}".format, LISTS, CONDITIONS, body),
        st.builds("{{% set q %}}{}{{% endset %}}".format, body),
        st.builds("{{% call wrap() %}}{}{{% endcall %}}".format, body),
        st.builds("{{% call statement('q') %}}{}{{% endcall %}}".format, body),
        st.builds("{{% filter upper %}}{}{{% endfilter %}}".format, body),
    )


TEMPLATES = st.lists(st.recursive(LEAVES, nest, max_leaves=12), max_size=6).map(
    lambda parts: (
        "{% set x = 'a' %}{% set n = 'b' %}{% set l = ['a'] %}{% set m = ['c'] %}"
        + "\n".join(parts)
    )
)


@settings(max_examples=400, deadline=None)
@given(TEMPLATES)
def test_reading_never_differs_from_rendering(text: str) -> None:
    facts = static_facts(text, ASKS)
    if facts is None:
        return
    try:
        rendered = capture(text)
    except CompilationError:
        return  # a mistake inside a macro is found when the model is compiled
    else:
        assert facts == rendered
