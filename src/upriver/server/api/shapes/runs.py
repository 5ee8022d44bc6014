"""Runs and their steps (platform.md 6.6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from upriver.server.api.shapes.times import ago, between, clock, humanized
from upriver.server.moments import spell_moment
from upriver.server.runs import TERMINAL, Status

NAMES: Final = {
    Status.QUEUED: "Queued", Status.STARTING: "Starting", Status.RUNNING: "Running",
    Status.SUCCESS: "Success", Status.ERROR: "Error", Status.CANCELLED: "Cancelled",
}  # fmt: skip
SKIPPED: Final = "Skipped"
_COLOURS: Final = {Status.SUCCESS: "green", Status.ERROR: "red", Status.CANCELLED: "gray"}
_DEBUG_LINES: Final = 1_000


def run_shape(
    run: Any, base_url: str, *, can_retry: str | None = None, related: Mapping[str, Any] = {}
) -> dict[str, Any]:
    """Return a run; `can_retry` is the reason why it cannot be retried, `related` what was asked."""
    status = Status(run.status)
    return {
        "id": run.id,
        "trigger_id": run.id,
        "account_id": run.account_id,
        "project_id": run.project_id,
        "environment_id": run.environment_id,
        "job_definition_id": run.job_id,
        "job_id": run.job_id,
        "status": int(status),
        "status_humanized": NAMES[status],
        "status_message": run.status_message,
        "dbt_version": run.dbt_version,
        "git_branch": run.git_branch,
        "git_sha": run.git_sha,
        "owner_thread_id": None,
        "executed_by_thread_id": run.worker,
        "deferring_run_id": run.deferring_run_id,
        "artifacts_saved": run.manifest_sha256 is not None,
        "artifact_s3_path": None,
        "has_docs_generated": False,
        "has_sources_generated": False,
        "notifications_sent": status in TERMINAL,
        "blocked_by": [],
        **_times(run),
        "in_progress": status not in TERMINAL,
        "is_complete": status in TERMINAL,
        "is_success": status is Status.SUCCESS,
        "is_error": status is Status.ERROR,
        "is_cancelled": status is Status.CANCELLED,
        "is_running": status is Status.RUNNING,
        "retrying_run_id": run.retrying_run_id,
        "can_retry": can_retry is None and status is Status.ERROR,
        "retry_not_supported_reason": can_retry,
        "href": f"{base_url}/runs/{run.id}",
        "used_repo_cache": False,
        "audit": None,
        "trigger": None,
        "job": None,
        "environment": None,
        "repository": None,
        "run_steps": [],
        "run_retries": [],
        **related,
    }


def _times(run: Any) -> dict[str, Any]:
    """Return when a run was what, and how long."""
    queued = between(run.created_at, run.started_at or run.finished_at)
    ran = between(run.started_at, run.finished_at)
    whole = between(run.created_at, run.finished_at)
    return {
        "created_at": spell_moment(run.created_at),
        "updated_at": spell_moment(run.updated_at),
        "dequeued_at": spell_moment(run.dequeued_at),
        "started_at": spell_moment(run.started_at),
        "finished_at": spell_moment(run.finished_at),
        "last_checked_at": spell_moment(run.heartbeat_at),
        "last_heartbeat_at": spell_moment(run.heartbeat_at),
        "should_start_at": spell_moment(run.should_start_at),
        "duration": clock(whole),
        "queued_duration": clock(queued),
        "run_duration": clock(ran),
        "duration_humanized": humanized(whole),
        "queued_duration_humanized": humanized(queued),
        "run_duration_humanized": humanized(ran),
        "created_at_humanized": ago(run.created_at),
        "finished_at_humanized": ago(run.finished_at),
    }


def trigger_shape(run: Any) -> dict[str, Any]:
    """Return why a run began."""
    overrides = dict(run.trigger or {})
    names = (
        "schema_override", "dbt_version_override", "threads_override", "target_name_override",
        "generate_docs_override", "timeout_seconds_override", "steps_override",
        "azure_pull_request_id", "github_pull_request_id", "gitlab_merge_request_id",
        "non_native_pull_request_id",
    )  # fmt: skip
    return {
        "id": run.id,
        "cause": run.cause,
        "cause_category": run.cause_category,
        "job_definition_id": run.job_id,
        "git_branch": run.git_branch,
        "git_sha": run.git_sha,
        "created_at": spell_moment(run.created_at),
        **{name: overrides.get(name) for name in names},
    }


def step_shape(step: Any, live: str | None, *, with_debug: bool) -> dict[str, Any]:
    """Return a step; `live` is what it has printed so far, while it runs."""
    status = Status(step.status)
    is_skipped = status is Status.CANCELLED and step.started_at is None
    span = between(step.started_at, step.finished_at)
    debug = step.debug_logs or ""
    short = "\n".join(debug.splitlines()[-_DEBUG_LINES:])
    # Some clients ask again and again for a step that succeeded and said nothing.
    logs = live or step.logs or ("(no output)" if status in TERMINAL else "")
    return {
        "id": step.id,
        "run_id": step.run_id,
        "account_id": step.account_id,
        "index": step.index,
        "name": step.name,
        "status": int(status),
        "status_humanized": SKIPPED if is_skipped else NAMES[status],
        "status_color": _COLOURS.get(status, "blue"),
        "status_message": step.status_message,
        "logs": logs,
        "debug_logs": debug if with_debug else short,
        "truncated_debug_logs": short,
        "log_path": None,
        "debug_log_path": None,
        "started_at": spell_moment(step.started_at),
        "finished_at": spell_moment(step.finished_at),
        "created_at": spell_moment(step.created_at),
        "updated_at": spell_moment(step.updated_at),
        "duration": clock(span),
        "duration_humanized": humanized(span),
        "run_step_command": step.command,
        "run_step_invocation": None,
    }
