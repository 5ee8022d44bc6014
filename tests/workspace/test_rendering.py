"""The names that settings files see, and rendering them as trees (PROJ-32)."""

from __future__ import annotations

from typing import Any

import pytest

from upriver.workspace.inputs import Inputs
from upriver.workspace.rendering import EnvVar, render_tree, settings_names


def _render(value: Any, **inputs: Any) -> tuple[Any, list[str]]:
    given = Inputs(cwd="/", **inputs)
    names = settings_names(given, EnvVar(given.env.get, allows_secrets=False), {"name": "dev"})
    rendered, problems = render_tree(value, names, file="f.yml")
    return rendered, [problem.code for problem in problems]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{{ target.name }}", "dev"),
        ("{{ var('n') }}", 3),
        ("{{ var('nope', 5) }}", 5),
        ("{{ var('nope', none) is none }}", True),
        ("{{ var.has_var('n') }}", True),
        ("{{ env_var('E') }}", "5"),
        ("{{ env_var('E') | as_number }}", 5),
        ("{{ env_var('NOPE', 7) }}", 7),
        ("{{ flags.FULL_REFRESH }}", True),
        ("{{ flags.ZORK }}", ""),
        ("{{ tojson([1]) }}", "[1]"),
        ("{{ modules.datetime.date(2026, 1, 31) }}x", "2026-01-31x"),
        ("{{ log('x') }}", ""),
        ("{{ run_started_at.tzname() }}", "UTC"),
        ("{{ dbt_version }}", "1.11.16"),
        ("{{ zork }}", ""),
        ("{{ project_name }}", ""),
        ("no template", "no template"),
    ],
)
def test_names(text: str, value: Any) -> None:
    given = {"vars": {"n": 3}, "env": {"E": "5"}, "flags": {"full_refresh": True}}
    rendered, problems = _render({"a": [text, 1, None]}, **given)
    assert problems == []
    assert rendered == {"a": [value, 1, None]}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{{ var('nope') }}", "var-not-found"),
        ("{{ env_var('NOPE') }}", "env-var-not-found"),
        ("{{ env_var('DBT_ENV_SECRET_A') }}", "secret-env-var"),
        ("{{ zork.x }}", "jinja-undefined"),
    ],
)
def test_what_cannot_be_rendered_stays_and_is_a_problem(text: str, code: str) -> None:
    assert _render({"a": text}) == ({"a": text}, [code])
