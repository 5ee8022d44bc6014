"""Artifacts a verb leaves in the target directory: `manifest.json`, `run_results.json`."""

from __future__ import annotations

import datetime
import os
from collections.abc import Mapping
from typing import Any

from upriver import __version__
from upriver.jinja.world import Invocation
from upriver.run.events import StepResult
from upriver.run.report import Report
from upriver.state.publish import write_atomically
from upriver.state.wire.manifest import BUILDS_KEY, Metadata
from upriver.state.wire.run_results import (
    ResultDecision,
    ResultRow,
    ResultTiming,
    encode_run_results,
)


def timestamp(moment: datetime.datetime) -> str:
    """Spell a UTC moment as artifacts do: microseconds and `Z`."""
    return moment.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def metadata_of(invocation: Invocation, builds: str | None = None) -> Metadata:
    """Return what manifests say of the invocation that wrote them, and of earlier `builds`."""
    now = datetime.datetime.now(tz=datetime.UTC)
    return Metadata(
        dbt_version=invocation.dbt_version,
        upriver_version=__version__,
        generated_at=timestamp(now),
        invocation_id=invocation.invocation_id,
        invocation_started_at=timestamp(invocation.started_at),
        run_started_at=invocation.started_at.isoformat(),
        env=invocation.metadata_envs if builds is None else _with_builds(invocation, builds),
        git_commit=invocation.git_commit,
        target_name=invocation.target_name,
    )


def _with_builds(invocation: Invocation, builds: str) -> dict[str, str]:
    return {**invocation.metadata_envs, BUILDS_KEY: builds}


def artifact_metadata(invocation: Invocation) -> dict[str, Any]:
    """Return the metadata that artifacts other than the manifest have; writers add the schema."""
    return {
        "dbt_version": invocation.dbt_version,
        "generated_at": timestamp(datetime.datetime.now(tz=datetime.UTC)),
        "invocation_id": invocation.invocation_id,
        "invocation_started_at": timestamp(invocation.started_at),
        "env": dict(invocation.metadata_envs),
    }


def write_run_results(
    target_path: str, report: Report, invocation: Invocation, args: Mapping[str, Any]
) -> str:
    """Write `run_results.json` whole or not at all, and return its path."""
    path = os.path.join(target_path, "run_results.json")
    data = encode_run_results(
        [row_of(result) for result in report.results],
        metadata=artifact_metadata(invocation),
        args=args,
        elapsed_time=report.elapsed,
    )
    write_atomically(path, data)
    return path


def result_timing(result: StepResult) -> tuple[ResultTiming, ...]:
    """Return a result's timing as artifacts spell it."""
    return tuple(
        ResultTiming(name=t.name, started_at=t.started_at, completed_at=t.completed_at)
        for t in result.timing
    )


def row_of(result: StepResult) -> ResultRow:
    """Turn a step's result into a row of the artifact."""
    return ResultRow(
        unique_id=result.unique_id,
        status=result.status,
        message=result.message,
        failures=result.failures,
        response=result.response,
        timing=result_timing(result),
        thread_id=result.thread_id,
        execution_time=result.execution_time,
        compiled=result.compiled,
        compiled_code=result.compiled_code,
        relation_name=result.relation_name,
        succeeded_batches=result.succeeded_batches,
        failed_batches=result.failed_batches,
        decisions=tuple(
            ResultDecision(
                target=d.target,
                place=d.place,
                reason=d.reason,
                relation_name=d.relation_name,
                state=d.baseline,
            )
            for d in result.decisions
        ),
    )
