"""`source freshness`: how old sources are, and `sources.json`, which selection compares later."""

from __future__ import annotations

import datetime
import os

from upriver.graph.graph import Graph
from upriver.project.artifacts import artifact_metadata, result_timing
from upriver.project.events import ArtifactWritten
from upriver.project.execute import Wanted, execute_verb
from upriver.project.manifest_file import write_manifest
from upriver.project.memory import Memory
from upriver.project.opened import OpenedProject, with_project
from upriver.project.outcome import Outcome
from upriver.project.requests import SourceFreshness
from upriver.resources.nodes import Source
from upriver.run.events import StepResult
from upriver.run.report import Report
from upriver.state.publish import write_atomically
from upriver.state.wire.sources import FreshnessRow, encode_sources


def _freshness(opened: OpenedProject) -> Outcome:
    request = opened.request
    assert isinstance(request, SourceFreshness)  # noqa: S101 - the table of verbs
    wanted = Wanted(
        command="freshness",
        selecting=request.selecting,
        has_hooks=opened.workspace.flags.source_freshness_run_project_hooks,
    )
    outcome = execute_verb(opened, wanted, write=_publish)
    if outcome.report is None:
        # What is asked later about sources that were fresher must not see the answer before last.
        opened.make_target_path()
        _publish(opened, opened.load().graph, Report())
    return outcome


def _publish(opened: OpenedProject, graph: Graph, report: Report) -> None:
    """Write the manifest and the ages."""
    if not opened.workspace.flags.write_json:
        return
    memory = Memory(opened.store)
    path = write_manifest(opened.target_path, graph, opened.invocation, {}, memory)
    opened.listener(ArtifactWritten(path=path))
    rows = [row for result in report.results if (row := _row(result, graph)) is not None]
    data = encode_sources(
        rows,
        metadata=artifact_metadata(opened.invocation),
        elapsed_time=report.elapsed,
    )
    path = _place(opened)
    write_atomically(path, data)
    opened.listener(ArtifactWritten(path=path))


def _place(opened: OpenedProject) -> str:
    request = opened.request
    assert isinstance(request, SourceFreshness)  # noqa: S101 - the table of verbs
    if request.output is None:
        return os.path.join(opened.target_path, "sources.json")
    return os.path.join(opened.caller.cwd, request.output)


def _row(result: StepResult, graph: Graph) -> FreshnessRow | None:
    source, found = graph.resources[result.unique_id], result.freshness
    if found is None or not isinstance(source, Source):
        return None
    return FreshnessRow(
        unique_id=result.unique_id,
        status=result.status,
        max_loaded_at=found.max_loaded_at,
        snapshotted_at=found.snapshotted_at.astimezone(datetime.UTC),
        age=found.age,
        criteria=source.freshness,
        response=result.response,
        timing=result_timing(result),
        thread_id=result.thread_id,
        execution_time=result.execution_time,
    )


source_freshness = with_project("freshness", _freshness)
