"""What verbs report while they work, beside the events of a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from upriver.graph.graph import Graph
from upriver.plan.explain import Summary
from upriver.plan.plan import Plan
from upriver.problems import Problem
from upriver.run.events import Event
from upriver.workspace.flags import ProjectFlags


class Opened(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A workspace was opened; nothing was parsed yet."""

    command: str
    dbt_version: str
    adapter_type: str | None
    target_name: str | None
    project_name: str
    log_path: str
    invocation_id: str
    flags: ProjectFlags
    """How the project wants messages shown, options and environment included."""


class ProjectLoaded(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The project was parsed and linked."""

    counts: Mapping[str, int]
    """Resources by kind, in dbt's order of telling (CLI-84)."""
    way: str
    seconds: float


class ProblemFound(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A warning or an error, as it is known."""

    problem: Problem


class Planned(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A plan was made; `summary_line` tells of deferral (defect D1), None when it is off."""

    plan: Plan
    graph: Graph
    summary: Summary
    summary_line: str | None


class NothingToDo(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The selection is empty (CLI-98)."""


class ArtifactWritten(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """An artifact is in place."""

    path: str


class BuildingCatalog(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The warehouse is about to be asked for its catalog."""


class CatalogWritten(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """`catalog.json` is in place."""

    path: str


class Said(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A line of progress of a verb that does not run a plan (`debug`, `clean`, `init`, `deps`)."""

    text: str
    event: str = "Note"
    """dbt's name for it, where it has one."""
    data: Mapping[str, Any] | None = None
    """What dbt's event carries; None: the text."""


ProjectEvent = (
    Opened | ProjectLoaded | ProblemFound | Planned | NothingToDo | ArtifactWritten | Said
    | BuildingCatalog | CatalogWritten
)  # fmt: skip
Listener = Callable[[ProjectEvent | Event], None]
"""Where a verb reports to: called in the thread that called the verb."""
