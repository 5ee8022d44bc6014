from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from upriver.project.option_groups import GlobalOptions, Selecting
from upriver.project.requests import Run
from upriver.project.resolve import deferring_of, from_environment, inputs_of, truth


def resolve(options: dict[str, Any], env: dict[str, str], root: str = "/project") -> Any:
    return deferring_of(GlobalOptions(**options), env=env, root=root)


@pytest.mark.parametrize(
    ("options", "env", "policy"),
    [
        # deferral.md section 2: deprecated trio > command line > DBT_ENGINE_X > DBT_X > default
        ({}, {}, None),
        ({"defer": True}, {}, "exists"),
        ({"defer": True, "favor_state": True}, {}, "favor-state"),
        ({"favor_state": True}, {}, None),
        ({}, {"DBT_DEFER": "1"}, "exists"),
        ({"defer": False}, {"DBT_DEFER": "1"}, None),
        ({}, {"DBT_ENGINE_DEFER": "0", "DBT_DEFER": "1"}, None),
        ({}, {"DBT_ENGINE_DEFER": "yes", "DBT_FAVOR_STATE": "on"}, "favor-state"),
        ({"defer": False}, {"DBT_DEFER_TO_STATE": "1"}, "exists"),
        ({"defer": True}, {"DBT_FAVOR_STATE_MODE": "1"}, "favor-state"),
        ({}, {"DBT_DEFER": ""}, None),
    ],
)
def test_policy(options: dict[str, Any], env: dict[str, str], policy: str | None) -> None:
    assert resolve(options, env)[0].policy == policy


@pytest.mark.parametrize(
    ("options", "env", "state", "baseline"),
    [
        ({"state": "s"}, {}, "/project/s", "/project/s"),
        ({"state": "s", "defer_state": "d"}, {}, "/project/s", "/project/d"),
        ({"defer_state": "d"}, {}, None, "/project/d"),
        ({}, {"DBT_STATE": "s"}, "/project/s", "/project/s"),
        ({}, {"DBT_STATE": ""}, None, None),
        ({}, {"DBT_ENGINE_STATE": "e", "DBT_STATE": "s"}, "/project/e", "/project/e"),
        ({}, {"DBT_STATE": "s", "DBT_DEFER_STATE": "d"}, "/project/s", "/project/d"),
        # D7: dbt lets the variable win over an explicit --state.
        ({"state": "s"}, {"DBT_DEFER_STATE": "d"}, "/project/s", "/project/s"),
        ({"state": "s"}, {"DBT_ARTIFACT_STATE_PATH": "a"}, "/project/a", "/project/a"),
        ({"state": "/abs/s"}, {}, "/abs/s", "/abs/s"),
    ],
)
def test_paths(
    options: dict[str, Any], env: dict[str, str], state: str | None, baseline: str | None
) -> None:
    resolved, _ = resolve(options, env)
    assert (resolved.state, resolved.baseline) == (state, baseline)


def test_a_boolean_that_is_none_is_a_problem() -> None:
    _, problems = resolve({}, {"DBT_DEFER": "perhaps"})
    assert [p.code for p in problems] == ["option-value"]
    assert "DBT_DEFER" in problems[0].message


def test_retired_variables_warn_with_their_successor() -> None:
    _, problems = resolve({}, {"DBT_DEFER_TO_STATE": "1"})
    assert [(p.severity, p.code) for p in problems] == [
        ("warning", "environment-variable-retired")
    ]
    assert "DBT_ENGINE_DEFER" in (problems[0].hint or "")


@pytest.mark.parametrize(("name", "codes"), [("notes.txt", ["option-value"]), ("state.zip", [])])
def test_state_may_be_an_artifact_or_an_archive_and_no_other_file(
    tmp_path: Path, name: str, codes: list[str]
) -> None:
    (tmp_path / name).write_text("{}")
    _, problems = resolve({"state": name}, {}, root=os.fspath(tmp_path))
    assert [p.code for p in problems] == codes


def test_what_was_given_wins_over_the_environment() -> None:
    env = {"DBT_FULL_REFRESH": "1", "DBT_EMPTY": "0"}
    filled, problems = from_environment(Run(full_refresh=False), env)
    assert (filled.full_refresh, filled.empty, problems) == (False, False, ())
    selecting, _ = from_environment(Selecting(), {"DBT_RESOURCE_TYPES": "model seed"})
    assert selecting.resource_types == ("model", "seed")


def test_global_options_become_inputs_and_flags() -> None:
    options = GlobalOptions(target="prod", vars={"a": 1}, fail_fast=True, single_threaded=True)
    inputs = inputs_of(options, env={"HOME": "/home/ada"}, cwd="/w")
    assert (inputs.target, inputs.vars, inputs.threads, inputs.home) == (
        "prod",
        {"a": 1},
        1,
        "/home/ada",
    )
    assert inputs.flags["fail_fast"] is True
    assert "target" not in inputs.flags


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1", True), ("TRUE", True), ("off", False), ("", False), ("maybe", None)],
)
def test_truth(text: str, expected: object) -> None:
    assert truth(text) is expected
