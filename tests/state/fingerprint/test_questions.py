"""Questions are read off the tags, whether or not they are reached."""

from __future__ import annotations

import pytest

from upriver.state.fingerprint.questions import read_python, read_text
from upriver.state.fingerprint.words import is_secret


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("select {{ var('a') }}, '{{ var(\"b\", 1) }}'", ("var:a", "var:b")),
        ("{{ var(name) }}", ("vars",)),
        ("{% if var.has_var('a') %}1{% endif %}", ("var:a",)),
        ("{{ env_var('HOME', 'x') }}", ("env:HOME",)),
        ("{{ target.name }} {{ target['schema'] }} {{ target.get('user') }}",
         ("target:name", "target:schema", "target:user")),
        ("{{ target.type }}", ()),
        ("{{ f(target) }}", ("target",)),
        ("{{ this }} {{ this.schema }} {{ model.alias }}", ("this:schema", "this:alias")),
        ("{{ config.get('meta').x }}", ("meta",)),
        ("select var('a'), target.name", ()),
        ("{# {{ var('a') }} #} select 1", ()),
        ("{{ builtins.var('a') }}", ("var:a",)),
    ],
)  # fmt: skip
def test_questions_of_a_text(text: str, asks: tuple[str, ...]) -> None:
    assert read_text(text).asks == asks


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("select now(), CURRENT_DATE, known from uuid", ("now", "current_date")),
        ("select gen_random_uuid(), rand (1)", ("gen_random_uuid", "rand")),
        ("{% set x = run_query('select 1') %}", ("run_query",)),
        ("{{ adapter.get_relation(a, b, c) }}", ("adapter.get_relation",)),
        ("{{ adapter.dispatch('x')() }} {{ adapter.quote('a') }}", ()),
        ("{{ graph.nodes }} {{ invocation_id }} {{ env_var(x) }}",
         ("graph", "invocation_id", "env_var")),
        ("select 'now()' as a", ("now",)),
    ],
)  # fmt: skip
def test_what_has_no_lasting_answer_is_named(text: str, words: tuple[str, ...]) -> None:
    assert read_text(text).volatile == words


def test_names_that_may_be_macros() -> None:
    text = "{{ config(materialized='table') }} {{ cents(x) }} {{ utils.star(ref('m')) }}"
    assert read_text(text).names == ("cents", "x", "utils.star")


def test_python_counts_by_its_syntax() -> None:
    one = read_python("def model(dbt, session):\n    # a comment\n    return dbt.ref('a')\n")
    other = read_python('def model(dbt,session):\n\n    return dbt.ref( "a" )\n')
    assert one.digest == other.digest
    assert read_python("def (").digest != one.digest


@pytest.mark.parametrize("name", ["DBT_ENV_SECRET_X", "SNOWFLAKE_PASSWORD", "API_KEY", "gh_token"])
def test_secrets_are_known_by_their_names(name: str) -> None:
    assert is_secret(name)
    assert not is_secret("START_DATE")
