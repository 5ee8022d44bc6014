"""Variables of a run (ENV-08 to ENV-10)."""

from __future__ import annotations

import pytest

from upriver.server.jobs.variables import (
    RunFacts,
    Variable,
    is_secret,
    name_problem,
    platform_variables,
    resolved,
)


def test_the_highest_level_wins() -> None:
    given = [
        Variable(name="DBT_A", level="job", value="3"),
        Variable(name="DBT_A", level="project", value="1"),
        Variable(name="DBT_A", level="environment", value="2"),
        Variable(name="DBT_B", level="project", value="1"),
        Variable(name="DBT_B", level="environment", value=""),
    ]
    assert resolved(given) == {"DBT_A": "3", "DBT_B": ""}


@pytest.mark.parametrize("name", ["PATH", "DBT_CLOUD_RUN_ID", "DBT_a", "DBT_A-B", "DBT_Ä", "DBT_"])
def test_names_that_are_refused(name: str) -> None:
    assert name_problem(name) is not None


def test_names_that_are_fine() -> None:
    assert name_problem("DBT_ENV_SECRET_TOKEN_2") is None


def test_secrets_are_known_by_name() -> None:
    assert is_secret("DBT_ENV_SECRET_GIT")
    assert not is_secret("DBT_SECRET")


def test_what_the_platform_says() -> None:
    facts = RunFacts(
        account_id=1, project_id=2, environment_id=3, environment_name="Production",
        deployment_type="production", job_id=4, run_id=5, reason="Scheduled",
        reason_category="scheduled",
    )  # fmt: skip
    told = platform_variables(facts)
    assert told["DBT_CLOUD_RUN_ID"] == told["DBT_ENV_CUSTOM_ENV_DBT_CLOUD_RUN_ID"] == "5"
    assert told["DBT_CLOUD_ENVIRONMENT_TYPE"] == told["DBT_CLOUD_INVOCATION_CONTEXT"] == "prod"
    assert "DBT_CLOUD_PR_ID" not in told
