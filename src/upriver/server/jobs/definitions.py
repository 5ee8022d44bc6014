"""Jobs as they are written: made, changed and taken away, with everything checked (6.4, JOB-01).

Clients post whole objects back; what is not listed here is not written (S-34).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Row, select, update

from upriver.problems import Problem
from upriver.server.audit import Actor, record
from upriver.server.db.tables import environments, jobs
from upriver.server.environments import DEPLOYMENT, check_name
from upriver.server.jobs.commands import read_commands
from upriver.server.jobs.due import set_schedule
from upriver.server.jobs.schedule import cron_of
from upriver.server.moments import now
from upriver.server.refusals import UNPROCESSABLE, Refused, not_found

ACTIVE: Final = 1
DELETED: Final = 2
_KINDS: Final = frozenset(
    {"scheduled", "ci", "merge", "other", "adaptive", "exposure_sync", "hybrid"}
)
_MOST_STEPS: Final = 50
_LONGEST_DESCRIPTION: Final = 255
_LONGEST_SECONDS: Final = 7 * 24 * 3600
_MOST_THREADS: Final = 128
_ENDS: Final = frozenset({10, 20, 30})
_DEFAULT_COMMANDS: Final = {"ci": ("dbt build --select state:modified+",)}


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How invocations of a job are set."""

    threads: int | None = None
    target_name: str | None = None


class Execution(msgspec.Struct, frozen=True, kw_only=True):
    """How long a run may take."""

    timeout_seconds: int | None = None


class JobBody(msgspec.Struct, frozen=True, kw_only=True):
    """A job as clients send it; None is "not given", and stays as it is or gets its default."""

    name: str | None = None
    project_id: int | None = None
    environment_id: int | None = None
    description: str | None = None
    dbt_version: str | None = None
    deferring_environment_id: int | None = None
    deferring_job_definition_id: int | None = None
    execute_steps: tuple[str, ...] | None = None
    execution: Execution | None = None
    generate_docs: bool | None = None
    run_generate_sources: bool | None = None
    run_lint: bool | None = None
    errors_on_lint_failure: bool | None = None
    run_compare_changes: bool | None = None
    compare_changes_flags: str | None = None
    job_type: str | None = None
    settings: Settings | None = None
    state: int | None = None
    triggers_on_draft_pr: bool | None = None
    triggers: dict[str, Any] | None = None
    schedule: dict[str, Any] | None = None
    job_completion_trigger_condition: dict[str, Any] | None = None
    force_node_selection: bool | None = None


_PLAIN: Final = (
    "name", "description", "dbt_version", "deferring_environment_id",
    "deferring_job_definition_id", "generate_docs", "run_generate_sources", "run_lint",
    "errors_on_lint_failure", "run_compare_changes", "compare_changes_flags",
    "triggers_on_draft_pr", "force_node_selection",
)  # fmt: skip
_CLEARABLE: Final = ("deferring_environment_id", "deferring_job_definition_id", "description")
"""A full update without a value takes these away."""


def create_job(connection: Connection, actor: Actor, project: Row[Any], body: JobBody) -> int:
    """Make a job of a project and return its id; raises Refused with all that is wrong."""
    environment = _environment(connection, project, body.environment_id)
    values = _values(connection, project, body, before=None)
    moment = now()
    made = connection.execute(
        jobs.insert().values(
            account_id=project.account_id, project_id=project.id, environment_id=environment.id,
            created_at=moment, updated_at=moment, **values,
        )
    ).inserted_primary_key  # fmt: skip
    assert made is not None  # noqa: S101 - single inserts have one
    _put_on_schedule(connection, int(made[0]))
    record(
        connection, actor, "job_definition.added",
        on=("job", made[0]), detail={"name": values["name"], "project_id": project.id},
    )  # fmt: skip
    return int(made[0])


def change_job(
    connection: Connection, actor: Actor, project: Row[Any], job: Row[Any], body: JobBody
) -> None:
    """Write a job anew; what the body leaves out stays, but for what it can only take away so."""
    values = _values(connection, project, body, before=job)
    if body.environment_id is not None:
        values["environment_id"] = _environment(connection, project, body.environment_id).id
    if body.state == DELETED:
        values["state"] = DELETED
    connection.execute(update(jobs).where(jobs.c.id == job.id).values(updated_at=now(), **values))
    _put_on_schedule(connection, job.id)
    event = "job_definition.removed" if body.state == DELETED else "job_definition.changed"
    before = {name: getattr(job, name) for name in ("name", "execute_steps")}
    record(connection, actor, event, on=("job", job.id), detail={"before": before})


def delete_job(connection: Connection, actor: Actor, job: Row[Any]) -> None:
    """Take a job away; its runs stay readable (JOB-08)."""
    connection.execute(
        update(jobs)
        .where(jobs.c.id == job.id)
        .values(state=DELETED, next_run_at=None, updated_at=now())
    )
    record(
        connection, actor, "job_definition.removed",
        on=("job", job.id), detail={"name": job.name},
    )  # fmt: skip


def job_row(connection: Connection, account_id: int, job_id: int) -> Row[Any]:
    """Return a job that was not taken away; raises Refused."""
    row = connection.execute(
        select(jobs).where(
            jobs.c.id == job_id, jobs.c.account_id == account_id, jobs.c.state == ACTIVE
        )
    ).one_or_none()
    if row is None:
        raise not_found(f"Job {job_id}")
    return row


def _environment(
    connection: Connection, project: Row[Any], environment_id: int | None
) -> Row[Any]:
    row = connection.execute(
        select(environments).where(
            environments.c.id == environment_id, environments.c.project_id == project.id
        )
    ).one_or_none()
    if row is None or row.type != DEPLOYMENT:
        raise Refused(
            UNPROCESSABLE, "`environment_id` has to be a deployment environment of the project."
        )
    return row


def _values(
    connection: Connection, project: Row[Any], body: JobBody, *, before: Row[Any] | None
) -> dict[str, Any]:
    values = {
        name: getattr(body, name)
        for name in _PLAIN
        if getattr(body, name) is not None or (before is not None and name in _CLEARABLE)
    }
    wrong: list[str] = []
    triggers = dict(body.triggers or (before.triggers if before is not None else {}))
    kind = body.job_type or (before.job_type if before is not None else _kind_of(triggers))
    if kind not in _KINDS:
        wrong.append(f"`job_type` is none of {', '.join(sorted(_KINDS))}")
    values |= {"job_type": kind, "triggers": triggers}
    values |= _commands(body, before, kind, wrong)
    values |= _numbers(body, before, wrong)
    values |= _schedule(body, before, wrong)
    _check_words(body, wrong)
    _check_references(connection, project, body, wrong)
    if body.job_completion_trigger_condition is not None:
        values["completion_trigger"] = _completion(body, before, wrong)
    if before is None and not body.name:
        wrong.append("`name` is missing")
    if wrong:
        raise Refused(UNPROCESSABLE, f"The job cannot be written: {'; '.join(wrong)}.")
    if body.name is not None:
        check_name(body.name)
    return values


def _kind_of(triggers: Mapping[str, Any]) -> str:
    if triggers.get("github_webhook") or triggers.get("git_provider_webhook"):
        return "ci"
    if triggers.get("on_merge"):
        return "merge"
    return "scheduled" if triggers.get("schedule") else "other"


def _commands(
    body: JobBody, before: Row[Any] | None, kind: str, wrong: list[str]
) -> dict[str, Any]:
    if body.execute_steps is None and before is not None:
        return {}
    given = body.execute_steps or _DEFAULT_COMMANDS.get(kind, ("dbt build",))
    if len(given) > _MOST_STEPS:
        wrong.append(f"`execute_steps` has more than {_MOST_STEPS} commands")
    wrong.extend(problem.message for problem in read_commands(given[:_MOST_STEPS])[1])
    return {"execute_steps": list(given)}


def _numbers(body: JobBody, before: Row[Any] | None, wrong: list[str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    seconds = None if body.execution is None else body.execution.timeout_seconds
    if seconds is not None:
        if not 0 <= seconds <= _LONGEST_SECONDS:
            wrong.append(f"`execution.timeout_seconds` is not from 0 to {_LONGEST_SECONDS}")
        values["timeout_seconds"] = seconds
    if body.settings is not None or before is None:
        settings = body.settings or Settings()
        threads = settings.threads if settings.threads is not None else 4
        if not 1 <= threads <= _MOST_THREADS:
            wrong.append(f"`settings.threads` is not from 1 to {_MOST_THREADS}")
        target = settings.target_name or "default"
        values["settings"] = {"threads": threads, "target_name": target[:255]}
    return values


def _schedule(body: JobBody, before: Row[Any] | None, wrong: list[str]) -> dict[str, Any]:
    if body.schedule is None:
        if before is not None:
            return {}
        return {"schedule": {"cron": "0 * * * *", "date": {"type": "every_day"},
                             "time": {"type": "every_hour", "interval": 1}}}  # fmt: skip
    line = cron_of(body.schedule)
    if isinstance(line, Problem):
        wrong.append(f"{line.message[0].lower()}{line.message[1:]}")
        return {}
    kept = {key: body.schedule[key] for key in ("date", "time") if key in body.schedule}
    return {"schedule": {"cron": line, **kept}}


def _check_words(body: JobBody, wrong: list[str]) -> None:
    if body.description is not None and len(body.description) > _LONGEST_DESCRIPTION:
        wrong.append(f"`description` has more than {_LONGEST_DESCRIPTION} characters")
    if body.deferring_environment_id and body.deferring_job_definition_id:
        wrong.append("a job defers to an environment or to a job, not to both")
    if body.dbt_version is not None and len(body.dbt_version) > 64:  # noqa: PLR2004 - the column
        wrong.append("`dbt_version` is too long")


def _check_references(
    connection: Connection, project: Row[Any], body: JobBody, wrong: list[str]
) -> None:
    """See that what the job names is the account's own."""
    if body.deferring_environment_id is not None:
        found = connection.scalar(
            select(environments.c.id).where(
                environments.c.id == body.deferring_environment_id,
                environments.c.project_id == project.id,
                environments.c.type == DEPLOYMENT,
            )
        )
        if found is None:
            wrong.append("`deferring_environment_id` is no deployment environment of the project")
    if body.deferring_job_definition_id is not None:
        found = connection.scalar(
            select(jobs.c.id).where(
                jobs.c.id == body.deferring_job_definition_id, jobs.c.project_id == project.id
            )
        )
        if found is None:
            wrong.append("`deferring_job_definition_id` is no job of the project")


def _completion(body: JobBody, before: Row[Any] | None, wrong: list[str]) -> dict[str, Any] | None:
    condition = (body.job_completion_trigger_condition or {}).get("condition")
    if not condition:
        return None
    job_id, statuses = condition.get("job_id"), condition.get("statuses")
    is_fit = isinstance(job_id, int) and isinstance(statuses, list) and _ENDS.issuperset(statuses)
    if not is_fit or (before is not None and job_id == before.id):
        wrong.append(
            "`job_completion_trigger_condition` needs the `job_id` of another job and `statuses`"
            " among 10, 20 and 30"
        )
        return None
    return {"condition": {"job_id": job_id, "project_id": condition.get("project_id"),
                          "statuses": statuses}}  # fmt: skip


def _put_on_schedule(connection: Connection, job_id: int) -> None:
    job = connection.execute(select(jobs).where(jobs.c.id == job_id)).one()
    is_on = bool(job.triggers.get("schedule")) and job.state == ACTIVE
    set_schedule(connection, job_id, job.schedule["cron"] if is_on else None, now())
