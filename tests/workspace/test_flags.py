"""Flags and where they come from (PROJ-259..264)."""

from __future__ import annotations

from typing import Any

import pytest

from upriver.workspace.flags import ProjectFlags, resolve_flags

_FILE = "dbt_project.yml"


@pytest.mark.parametrize(
    ("given", "env", "project", "value"),
    [
        ({}, {}, {}, False),
        ({}, {}, {"fail_fast": True}, True),
        ({}, {"DBT_FAIL_FAST": "no"}, {"fail_fast": True}, False),
        ({}, {"DBT_FAIL_FAST": "0", "DBT_ENGINE_FAIL_FAST": "1"}, {}, True),
        ({}, {"DBT_FAIL_FAST": ""}, {"fail_fast": True}, True),
        ({"fail_fast": False}, {"DBT_FAIL_FAST": "1"}, {"fail_fast": True}, False),
        ({"fail_fast": None}, {}, {"fail_fast": "yes"}, True),
    ],
)
def test_precedence(
    given: dict[str, Any], env: dict[str, str], project: dict[str, Any], *, value: bool
) -> None:
    flags, problems = resolve_flags(given, env, project, _FILE)
    assert problems == ()
    assert flags.fail_fast is value


def test_values_are_typed() -> None:
    flags, problems = resolve_flags(
        {},
        {
            "DBT_PRINTER_WIDTH": "100",
            "DBT_WARN_ERROR_OPTIONS": "{include: all, exclude: [NoNodesSelected]}",
        },
        {"indirect_selection": "Cautious", "mine": 1, "validate_macro_args": True},
        _FILE,
    )
    assert problems == ()
    assert flags.printer_width == 100
    assert flags.warn_error_options == {"error": "all", "warn": ["NoNodesSelected"]}
    assert flags.indirect_selection == "cautious"
    assert flags.validate_macro_args
    assert flags.extra == {"mine": 1}


def test_behaviour_flags_have_no_variable() -> None:
    flags, _ = resolve_flags({}, {"DBT_VALIDATE_MACRO_ARGS": "1"}, {}, _FILE)
    assert not flags.validate_macro_args


@pytest.mark.parametrize(
    "project",
    [
        {"fail_fast": "maybe"},
        {"printer_width": "wide"},
        {"indirect_selection": "zork"},
        {"warn_error_options": "all"},
        {"warn_error_options": {"zork": []}},
        {"warn_error_options": {"error": [1]}},
        {"warn_error_options": {"error": ["NoNodeSelected"]}},
        {"warn_error_options": {"error": [], "include": []}},
    ],
)
def test_a_wrong_value_is_a_problem_and_counts_as_not_given(project: dict[str, Any]) -> None:
    flags, problems = resolve_flags({}, {}, project, _FILE)
    assert flags == ProjectFlags()
    [problem] = problems
    assert problem.code == "flag-invalid"
    assert problem.span is not None
    assert problem.span.keys == ("flags", next(iter(project)))


def test_a_wrong_variable_is_named() -> None:
    _, [problem] = resolve_flags({}, {"DBT_DEBUG": "zork"}, {}, _FILE)
    assert problem.message.startswith("`DBT_DEBUG`")
    assert problem.span is None
