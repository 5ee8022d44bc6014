"""Everything a worker is told about a run, read at once (platform.md 2.2, 6.4)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Row, and_, desc, or_, select

from upriver.server.db.job_tables import connections, repositories, variables
from upriver.server.db.tables import environments, jobs, projects, run_steps, runs
from upriver.server.jobs.commands import Command
from upriver.server.jobs.lookups import RETRYABLE
from upriver.server.jobs.steps import Step, steps_of
from upriver.server.jobs.variables import RunFacts, Variable, platform_variables, resolved
from upriver.server.runs import Status
from upriver.server.sealing import SealBroken, Sealer
from upriver.server.worker.checkout import Source
from upriver.server.worker.profile import Connection as Profile

_REASONS: Final = {"scheduled": "scheduled", "ci": "github_pull_request"}
_OF_PROVIDERS: Final = {
    "gitlab_merge_request_id": "gitlab_merge_request",
    "azure_pull_request_id": "azure_pull_request",
}


CI_TARGET: Final = "ci"
"""Name of the target of runs that check pull requests, unless the job names one."""


class CannotBegin(Exception):  # noqa: N818 - what is the matter with the run
    """A run that cannot be carried out as it is set up; the message says what to change."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """A run as its worker sees it."""

    run_id: int
    account_id: int
    environment_id: int
    steps: tuple[Step, ...]
    source: Source
    git_username: str | None
    git_password: str | None
    profile: Profile
    schema: str | None
    threads: int | None
    seconds: int
    """Of the whole run; zero is without limit."""
    variables: Mapping[str, str]
    defers_to: int | None
    """The run whose artifacts are the state."""
    retries: tuple[int, int] | None
    """The run and the step of it that failed, when this is a retry."""


def read_order(connection: Connection, sealer: Sealer, run_id: int) -> Order:
    """Read what a run needs; raises CannotBegin."""
    run = connection.execute(select(runs).where(runs.c.id == run_id)).one()
    job = connection.execute(select(jobs).where(jobs.c.id == run.job_id)).one()
    environment = connection.execute(
        select(environments).where(environments.c.id == run.environment_id)
    ).one()
    project = connection.execute(select(projects).where(projects.c.id == run.project_id)).one()
    overrides: Mapping[str, Any] = run.trigger or {}
    profile = _profile(connection, sealer, environment, job, overrides, is_ci=run.is_ci)
    username, password = _git_words(connection, sealer, project.id)
    retries = _failed_step(connection, run.retrying_run_id)
    try:
        steps = steps_of(job, overrides, profile.name)
    except ValueError as error:
        raise CannotBegin(str(error)) from error
    if retries is not None:
        steps = _retrying(steps, retries[1])
    branch = run.git_branch or environment.custom_branch
    threads = overrides.get("threads_override") or (job.settings or {}).get("threads")
    seconds = overrides.get("timeout_seconds_override")
    return Order(
        run_id=run_id,
        account_id=run.account_id,
        environment_id=environment.id,
        steps=steps,
        source=_source(project, branch, run.git_sha),
        git_username=username,
        git_password=password,
        profile=profile,
        schema=_schema(run, job, overrides),
        threads=int(threads) if threads else None,
        seconds=int(job.timeout_seconds if seconds is None else seconds),
        variables=_variables(connection, sealer, run, job, environment),
        defers_to=_deferred_run(connection, job),
        retries=retries,
    )


def _source(project: Row[Any], branch: str | None, commit: str | None) -> Source:
    if not project.repository_url:
        raise CannotBegin(
            f"Project `{project.name}` has no repository: set its address, or upload artifacts"
            " that were made elsewhere"
        )
    return Source(
        url=project.repository_url, branch=branch, commit=commit,
        subdirectory=project.subdirectory or "",
    )  # fmt: skip


def _profile(
    connection: Connection,
    sealer: Sealer,
    environment: Row[Any],
    job: Row[Any],
    overrides: Mapping[str, Any],
    *,
    is_ci: bool,
) -> Profile:
    row = connection.execute(
        select(connections).where(connections.c.environment_id == environment.id)
    ).one_or_none()
    if row is None:
        raise CannotBegin(
            f"Environment `{environment.name}` has no connection: say how its runs reach the"
            " warehouse"
        )
    # Macros that name schemas by the target must not take a check for production.
    usual = CI_TARGET if is_ci else row.target
    wanted = overrides.get("target_name_override") or (job.settings or {}).get("target_name")
    return Profile(
        name=row.name, profile=row.profile,
        target=usual if wanted in (None, "", "default") else wanted,
        output=json.loads(_opened(sealer, row.sealed)),
    )  # fmt: skip


def _git_words(
    connection: Connection, sealer: Sealer, project_id: int
) -> tuple[str | None, str | None]:
    row = connection.execute(
        select(repositories).where(repositories.c.project_id == project_id)
    ).one_or_none()
    return (None, None) if row is None else (row.username, _opened(sealer, row.sealed))


def _variables(
    connection: Connection, sealer: Sealer, run: Row[Any], job: Row[Any], environment: Row[Any]
) -> Mapping[str, str]:
    scopes = {"project": run.project_id, "environment": run.environment_id, "job": job.id}
    rows = connection.execute(
        select(variables).where(
            variables.c.account_id == run.account_id,
            or_(
                *(
                    and_(variables.c.level == level, variables.c.scope_id == scope_id)
                    for level, scope_id in scopes.items()
                )
            ),
        )
    )
    own = resolved(
        Variable(name=row.name, level=row.level, value=_opened(sealer, row.sealed)) for row in rows
    )
    request_id = run.pull_request_id
    facts = RunFacts(
        account_id=run.account_id, project_id=run.project_id, environment_id=environment.id,
        environment_name=environment.name, deployment_type=environment.deployment_type,
        job_id=job.id, run_id=run.id, reason=run.cause,
        reason_category=_reason(run),
        git_sha=run.git_sha, git_branch=run.git_branch,
        pull_request_id=int(request_id) if request_id and request_id.isdecimal() else None,
    )  # fmt: skip
    return {**own, **platform_variables(facts)}


def _reason(run: Row[Any]) -> str:
    if not run.is_ci:
        return _REASONS.get(run.cause_category, "other")
    given = run.trigger or {}
    return next((name for field, name in _OF_PROVIDERS.items() if field in given), _REASONS["ci"])


def _opened(sealer: Sealer, sealed: str) -> str:
    try:
        return sealer.open(sealed)
    except SealBroken as error:
        raise CannotBegin(
            "A secret cannot be read: it was sealed with a key that this worker does not have"
        ) from error


def _schema(run: Row[Any], job: Row[Any], overrides: Mapping[str, Any]) -> str | None:
    """Return the schema a run is sent to: a pull request has one of its own (CI-01)."""
    wanted = overrides.get("schema_override")
    if wanted:
        return str(wanted)
    if run.is_ci and run.pull_request_id:
        return f"dbt_cloud_pr_{job.id}_{run.pull_request_id}"
    return None


def _deferred_run(connection: Connection, job: Row[Any]) -> int | None:
    """Return the run that is the state: of an environment, or a job's last success (DEF-08)."""
    if job.deferring_environment_id is not None:
        found = connection.scalar(
            select(environments.c.current_state_run_id).where(
                environments.c.id == job.deferring_environment_id,
                environments.c.account_id == job.account_id,
            )
        )
    elif job.deferring_job_definition_id is not None:
        found = connection.scalar(
            select(runs.c.id)
            .where(
                runs.c.job_id == job.deferring_job_definition_id,
                runs.c.account_id == job.account_id,
                runs.c.is_usable,
            )
            .order_by(desc(runs.c.finished_at), desc(runs.c.id))
            .limit(1)
        )
    else:
        return None
    if found is None:
        raise CannotBegin(
            "The job defers to an environment or a job that has no successful run yet"
        )
    return int(found)


def _failed_step(connection: Connection, run_id: int | None) -> tuple[int, int] | None:
    if run_id is None:
        return None
    index = connection.scalar(
        select(run_steps.c.index)
        .where(run_steps.c.run_id == run_id, run_steps.c.status == Status.ERROR)
        .order_by(run_steps.c.index)
        .limit(1)
    )
    return None if index is None else (run_id, int(index))


def _retrying(steps: tuple[Step, ...], failed: int) -> tuple[Step, ...]:
    """Leave out what succeeded, and narrow the failed command to what it did not do (RUN-07)."""
    built_in = 3
    kept: list[Step] = list(steps[:built_in])
    for step in steps[built_in:]:
        if step.index < failed or step.command is None:
            continue
        index = len(kept) + 1
        if step.index == failed and step.command.verb in RETRYABLE:
            again = Command(text="dbt retry", verb="retry", words=("retry",))
            kept.append(
                msgspec.structs.replace(
                    step, index=index, name="Invoke dbt with `dbt retry`", command=again
                )
            )
        else:
            kept.append(msgspec.structs.replace(step, index=index))
    return tuple(kept)
