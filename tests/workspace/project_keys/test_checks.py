"""Keys of `dbt_project.yml` (PROJ-2..31)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upriver.problems import Problem
from upriver.workspace.project_keys.checks import TREES, build_settings
from upriver.workspace.settings import Dispatch, ProjectSettings, QueryComment


def _build(body: dict[str, Any]) -> tuple[ProjectSettings, tuple[Problem, ...]]:
    whole = {"name": "shop", **body}
    settings, problems = build_settings(whole, whole, "dbt_project.yml")
    assert settings is not None
    return settings, problems


@pytest.mark.parametrize(
    ("body", "field", "value"),
    [
        ({"version": 1.5}, "version", 1.5),
        ({"model-paths": ["a", "./b/", "a"]}, "model_paths", ("a", "b")),
        ({"model-paths": ["."]}, "model_paths", ("",)),
        ({"model-paths": ["m"], "test-paths": []}, "docs_paths",
         ("m", "seeds", "snapshots", "analyses", "macros")),
        ({"docs-paths": ["d"]}, "docs_paths", ("d",)),
        ({"on-run-start": "select 1"}, "on_run_start", ("select 1",)),
        ({"on-run-end": ["a", "b"]}, "on_run_end", ("a", "b")),
        ({"require-dbt-version": ">=1.0.0, <2.0.0"}, "require_dbt_version",
         (">=1.0.0", "<2.0.0")),
        ({"quoting": {"schema": False, "identifier": None}}, "quoting", {"schema": False}),
        ({"dispatch": [{"macro_namespace": "a", "search_order": ["b", "a"]}]}, "dispatch",
         (Dispatch(macro_namespace="a", search_order=("b", "a")),)),
        ({"query-comment": "{{ x }}"}, "query_comment", QueryComment(comment="{{ x }}")),
        ({"query-comment": ""}, "query_comment", QueryComment(comment=None, is_off=True)),
        ({"query-comment": {"append": True}}, "query_comment",
         QueryComment(comment=None, append=True)),
        ({"restrict-access": True}, "restrict_access", True),
        ({"tests": {"+severity": "warn"}}, "configs", {"data_tests": {"+severity": "warn"}}),
        ({"models": None, "vars": None, "seeds": {}}, "configs", {}),
        ({"packages": [], "project-root": "x", "config-version": 2}, "configs", {}),
    ],
)  # fmt: skip
def test_values(body: dict[str, Any], field: str, value: Any) -> None:
    settings, problems = _build(body)
    assert problems == ()
    assert getattr(settings, field) == value


@pytest.mark.parametrize(
    ("body", "code", "hint"),
    [
        ({"model_paths": ["a"]}, "project-key-unknown", "It is spelled `model-paths`"),
        ({"unit-tests": {}}, "project-key-unknown", "It is spelled `unit_tests`"),
        ({"modles": {}}, "project-key-unknown", "Did you mean `models`?"),
        ({"config-version": 1}, "project-key-type", "Remove the key or write `2`"),
        ({"model-paths": "models"}, "project-key-type", "Write `[models]`"),
        ({"model-paths": ["/abs"]}, "project-key-type", "Write it relative to the project"),
        ({"model-paths": [1]}, "project-key-type", None),
        ({"quoting": {"column": True}}, "project-key-type", None),
        ({"quoting": {"schema": "true"}}, "project-key-type", None),
        ({"on-run-start": {"sql": "x"}}, "project-key-type", None),
        ({"require-dbt-version": ">=2.0"}, "project-key-type", None),
        ({"require-dbt-version": [1.0]}, "project-key-type", None),
        ({"dispatch": [{"macro_namespace": "a"}]}, "project-key-type", None),
        ({"query-comment": {"zork": 1}}, "project-key-type", None),
        ({"vars": ["a"]}, "project-key-type", None),
        ({"models": "x"}, "project-key-type", None),
        ({"dbt-cloud": 1}, "project-key-type", None),
        ({"restrict-access": "yes"}, "project-key-type", None),
        ({"tests": {"a": 1}, "data_tests": {"b": 1}}, "project-keys-conflict", None),
        ({"source-paths": ["a"], "model-paths": ["b"]}, "project-keys-conflict", None),
        ({"source-paths": ["a"]}, "project-key-renamed", None),
        ({"target-path": "out"}, "project-path-deprecated", None),
        ({"log-path": "out"}, "project-path-deprecated", None),
    ],
)
def test_mistakes(body: dict[str, Any], code: str, hint: str | None) -> None:
    _, problems = _build(body)
    assert [problem.code for problem in problems] == [code]
    if hint is not None:
        assert problems[0].hint == hint


def test_old_names_of_paths_still_work() -> None:
    settings, problems = _build({"source-paths": ["a"], "data-paths": ["b"]})
    assert (settings.model_paths, settings.seed_paths) == (("a",), ("b",))
    assert {problem.severity for problem in problems} == {"warning"}


@pytest.mark.parametrize(
    ("name", "code"),
    [
        (None, "project-name-missing"),
        ("1shop", "project-name-invalid"),
        ("my-shop", "project-name-invalid"),
        ("model", "project-name-reserved"),
        (5, "project-key-type"),
    ],
)
def test_a_project_needs_a_name(name: Any, code: str) -> None:
    settings, problems = build_settings({"name": name}, {"name": name}, "dbt_project.yml")
    assert settings is None
    assert [problem.code for problem in problems] == [code]


_keys = st.sampled_from(
    [*TREES, "name", "flags", "dispatch", "quoting", "query-comment", "require-dbt-version",
     "on-run-start", "model-paths", "zork"]
)  # fmt: skip
_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


@given(st.dictionaries(_keys, _values))
def test_nothing_raises(body: dict[str, Any]) -> None:
    _, problems = build_settings(body, body, "dbt_project.yml")
    assert all(problem.message for problem in problems)


def test_the_project_id_is_a_digest_of_the_name() -> None:
    assert _build({})[0].project_id == "fb54f3c5992b96d001bb16e8e92d968d"
