"""Environment variables of a run: four levels, and those the platform sets (ENV-08 to ENV-10)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import msgspec

from upriver.problems import Problem

LEVELS = ("project", "environment", "job")
"""From low to high. Below all is the default in the code's own `env_var` call."""

SECRET_PREFIX = "DBT_ENV_SECRET"  # noqa: S105 - the beginning of a name
NAME_PREFIX = "DBT_"
_NAME = re.compile(r"DBT_[A-Z0-9_]+\Z")
_RESERVED = ("DBT_CLOUD_", "DBT_ENV_CUSTOM_ENV_DBT_CLOUD_")
_KINDS = {"production": "prod", "staging": "staging"}


class Variable(msgspec.Struct, frozen=True, kw_only=True):
    """A variable at one level."""

    name: str
    level: str
    value: str


class RunFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a run tells its invocations about itself."""

    account_id: int
    project_id: int
    environment_id: int
    environment_name: str
    deployment_type: str | None
    job_id: int
    run_id: int
    reason: str
    reason_category: str = "other"
    git_sha: str | None = None
    git_branch: str | None = None
    pull_request_id: int | None = None


def is_secret(name: str) -> bool:
    """Say whether a variable's value may never be shown."""
    return name.startswith(SECRET_PREFIX)


def name_problem(name: str) -> Problem | None:
    """Return why a variable may not have this name."""
    if not _NAME.match(name):
        why = f"A variable's name is `{NAME_PREFIX}` and then capitals, digits and `_`"
    elif name.startswith(_RESERVED):
        why = f"The platform itself sets what begins with `{_RESERVED[0]}`"
    else:
        return None
    return Problem(code="variable-name-refused", message=f"{why}: `{name}`")


def resolved(variables: Iterable[Variable]) -> dict[str, str]:
    """Return each name's value at the highest level that has one."""
    ordered = sorted(variables, key=lambda one: LEVELS.index(one.level))
    return {one.name: one.value for one in ordered}


def platform_variables(facts: RunFacts) -> dict[str, str]:
    """Return what a run is told, twice: the second names reach `metadata.env` of artifacts."""
    kind = _KINDS.get(facts.deployment_type or "", "")
    is_ci = facts.pull_request_id is not None
    told: Mapping[str, str] = {
        "PROJECT_ID": str(facts.project_id),
        "ENVIRONMENT_ID": str(facts.environment_id),
        "ACCOUNT_ID": str(facts.account_id),
        "JOB_ID": str(facts.job_id),
        "RUN_ID": str(facts.run_id),
        "RUN_REASON_CATEGORY": facts.reason_category,
        "RUN_REASON": facts.reason,
        "ENVIRONMENT_NAME": facts.environment_name,
        "ENVIRONMENT_TYPE": kind,
        "INVOCATION_CONTEXT": "ci" if is_ci else kind or "prod",
        **({"PR_ID": str(facts.pull_request_id)} if is_ci else {}),
        **({"GIT_SHA": facts.git_sha} if facts.git_sha else {}),
        **({"GIT_BRANCH": facts.git_branch} if facts.git_branch else {}),
    }
    plain = {f"DBT_CLOUD_{name}": value for name, value in told.items()}
    return {
        **plain,
        **{f"DBT_ENV_CUSTOM_ENV_{name}": value for name, value in plain.items()},
        "DBT_ENV": "prod",
    }
