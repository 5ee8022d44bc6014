"""`parse`: read the project and write its manifest (CLI-51)."""

from __future__ import annotations

from upriver.project.events import ArtifactWritten
from upriver.project.manifest_file import write_manifest
from upriver.project.memory import Memory
from upriver.project.opened import OpenedProject, with_project
from upriver.project.outcome import Outcome


def _parse(opened: OpenedProject) -> Outcome:
    graph = opened.load().graph
    if opened.workspace.flags.write_json:
        path = write_manifest(
            opened.target_path, graph, opened.invocation, {}, Memory(opened.store)
        )
        opened.listener(ArtifactWritten(path=path))
    return opened.outcome(graph=graph)


parse = with_project("parse", _parse)
