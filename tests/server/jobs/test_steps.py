"""The steps of a run (platform.md 6.3, JOB-02 to JOB-05)."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from upriver.server.jobs.steps import status_of, steps_of


def job(**values: Any) -> SimpleNamespace:
    return SimpleNamespace(
        **{
            "execute_steps": ["dbt build", "dbt run-operation tidy"],
            "run_generate_sources": False,
            "generate_docs": False,
            **values,
        }
    )


def test_three_are_built_in() -> None:
    steps = steps_of(job(), {}, "Warehouse")
    assert [step.name for step in steps] == [
        "Clone git repository",
        "Create profile from connection Warehouse",
        "Invoke dbt with `dbt deps`",
        "Invoke dbt with `dbt build`",
        "Invoke dbt with `dbt run-operation tidy`",
    ]
    assert [step.index for step in steps] == [1, 2, 3, 4, 5]


def test_the_boxes_do_not_fail_the_run() -> None:
    steps = steps_of(job(run_generate_sources=True, generate_docs=True), {}, "w")
    names = [step.name for step in steps]
    assert names[3] == "Invoke dbt with `dbt source freshness`"
    assert names[-1] == "Invoke dbt with `dbt docs generate`"
    ends = [(step, step.is_vital) for step in steps]
    assert status_of(ends)
    assert not status_of([(step, step.index != 5) for step in steps])


def test_overrides_are_for_one_run() -> None:
    overrides = {"steps_override": ["dbt parse"], "generate_docs_override": False}
    steps = steps_of(job(generate_docs=True), overrides, "w")
    assert [step.name for step in steps[3:]] == ["Invoke dbt with `dbt parse`"]
    assert not steps_of(job(), {"steps_override": None}, "w")[3].name.endswith("`dbt parse`")


def test_a_command_that_is_refused() -> None:
    with pytest.raises(ValueError, match="does not begin with"):
        steps_of(job(execute_steps=["ls; rm -rf /"]), {}, "w")
