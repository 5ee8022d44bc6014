"""Jobs (platform.md 6.4): exactly these fields, since some clients know no others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from upriver.server.api.shapes.times import humanized
from upriver.server.moments import now, spell_moment

RELATED: Final = ("account", "project", "environment", "most_recent_run",
                  "most_recent_completed_run")  # fmt: skip


def job_shape(job: Any, *, is_deferrable: bool, related: Mapping[str, Any] = {}) -> dict[str, Any]:
    """Return a job."""
    return {
        "id": job.id,
        "account_id": job.account_id,
        "project_id": job.project_id,
        "environment_id": job.environment_id,
        "name": job.name,
        "description": job.description or "",
        "dbt_version": job.dbt_version,
        "raw_dbt_version": job.dbt_version,
        "deferring_environment_id": job.deferring_environment_id,
        "deferring_job_definition_id": job.deferring_job_definition_id,
        "execute_steps": list(job.execute_steps),
        "execution": {"timeout_seconds": job.timeout_seconds},
        "generate_docs": job.generate_docs,
        "run_generate_sources": job.run_generate_sources,
        "generate_sources": job.run_generate_sources,
        "run_lint": job.run_lint,
        "errors_on_lint_failure": job.errors_on_lint_failure,
        "run_compare_changes": job.run_compare_changes,
        "compare_changes_flags": job.compare_changes_flags or "--select state:modified",
        "job_type": job.job_type,
        "is_deferrable": is_deferrable,
        "is_system": False,
        "lifecycle_webhooks": False,
        "lifecycle_webhooks_url": None,
        **_course(job),
        **dict.fromkeys(RELATED),
        **related,
    }


def _course(job: Any) -> dict[str, Any]:
    """Return when and how a job is run."""
    schedule = dict(job.schedule or {})
    triggers = dict(job.triggers or {})
    condition = (job.completion_trigger or {}).get("condition")
    due = job.next_run_at
    return {
        "run_failure_count": job.run_failure_count,
        "deactivated": job.is_deactivated,
        "deactivation_reason": job.deactivation_reason,
        "settings": {
            "threads": (job.settings or {}).get("threads") or 4,
            "target_name": (job.settings or {}).get("target_name") or "default",
        },
        "state": job.state,
        "triggers_on_draft_pr": job.triggers_on_draft_pr,
        "triggers": {
            name: bool(triggers.get(name))
            for name in ("github_webhook", "git_provider_webhook", "schedule", "on_merge")
        },
        "schedule": {
            "cron": schedule.get("cron"),
            "date": _date(schedule),
            "time": {"type": "every_hour", "interval": 1, **(schedule.get("time") or {})},
        },
        "cron_humanized": f"At `{schedule.get('cron')}` (UTC)",
        "next_run": spell_moment(due),
        "next_run_humanized": None if due is None else f"in {humanized(due - now())}",
        "job_completion_trigger_condition": None
        if condition is None
        else {"condition": condition},
        "cost_optimization_features": [],
        "force_node_selection": job.force_node_selection,
        "created_at": spell_moment(job.created_at),
        "updated_at": spell_moment(job.updated_at),
    }


def _date(schedule: Mapping[str, Any]) -> dict[str, Any]:
    date = {"type": "every_day", **(schedule.get("date") or {})}
    if date["type"] in ("custom_cron", "interval_cron"):
        date.setdefault("cron", schedule.get("cron"))
    return date
