"""Which relations are copied from the state, and which copies are made again (D14, D15).

A copy is replaced only if it is known to be one: what was built here is somebody's work.
"""

from __future__ import annotations

import datetime
import os
from collections.abc import Callable, Collection

from upriver.graph.graph import Graph
from upriver.plan.decide import counterpart, exists, published_name
from upriver.plan.make import Cloning, PlanRequest
from upriver.project.build_store import record_name
from upriver.project.loading import Loaded
from upriver.project.opened import OpenedProject
from upriver.project.published_state import State
from upriver.state.baseline import Origin, Published
from upriver.state.builds import CLONED, Built
from upriver.state.run_results import load_run_results

_ADDED_TO = frozenset({"incremental", "snapshot"})
_BUILDING = frozenset({"run", "build", "snapshot"})
_NEVER = ("FULL_REFRESH", "EMPTY", "SAMPLE", "EVENT_TIME_START", "EVENT_TIME_END")


def copied(
    opened: OpenedProject, graph: Graph, ids: frozenset[str], command: str
) -> tuple[str, ...]:
    """Return what a command may copy: everything it is given, or what its builds add to."""
    entries = graph.entries
    if command == "clone":
        return tuple(i for i in sorted(ids) if entries[i].relation is not None)
    if command not in _BUILDING or not _is_asked(opened):
        return ()
    return tuple(i for i in sorted(ids) if _form(graph, i) in _ADDED_TO)


def _is_asked(opened: OpenedProject) -> bool:
    given: bool | None = getattr(opened.request, "clone_incrementals", None)
    if given is None:
        given = opened.workspace.deferral.target.clone_incrementals
    return opened.workspace.flags.clone_incrementals if given is None else given


def _form(graph: Graph, unique_id: str) -> str | None:
    entry = graph.entries[unique_id]
    return "snapshot" if entry.kind == "snapshot" else entry.materialized


def cloning_of(
    opened: OpenedProject,
    loaded: Loaded,
    state: State,
    request: PlanRequest,
    ids: tuple[str, ...],
) -> Cloning:
    """Return what is copied, or copied again, of `ids`."""
    flags = loaded.settings.flags
    if request.command != "clone":
        if any(flags.get(name) for name in _NEVER):
            return Cloning()
        return Cloning(first=frozenset(i for i in ids if _is_copied_first(request, i)))
    replaces_all = bool(flags.get("FULL_REFRESH"))
    if replaces_all or not getattr(opened.request, "refresh_stale", None):
        return Cloning(replaces_all=replaces_all)
    return _stale(opened, loaded, state, request, ids)


def _is_copied_first(request: PlanRequest, unique_id: str) -> bool:
    """Whether the target lacks it and the state has it, in a form that can be added to.

    Under policy `fresh` rows of other code are never wanted, so what differs is built whole.
    """
    entry = request.graph.entries[unique_id]
    published = counterpart(request.deferral, unique_id)
    if published is None or exists(request.catalog, entry.kind, entry.relation):
        return False
    if _published_form(published) not in _ADDED_TO:
        return False
    if request.catalog.type_of(published_name(published)) != "table":
        return False
    standing = request.standings.get(unique_id)
    return standing is None or standing.is_same


def _published_form(published: Published) -> str | None:
    return "snapshot" if published.kind == "snapshot" else published.materialized


def _stale(
    opened: OpenedProject,
    loaded: Loaded,
    state: State,
    request: PlanRequest,
    ids: tuple[str, ...],
) -> Cloning:
    # Fingerprints are loaded for who asks for them.
    from upriver.project.evidence import Evidence

    graph = request.graph
    evidence = Evidence(opened, loaded, graph, state)
    built_at = _times(state)
    wants_all = not any(getattr(opened.request, name, None) for name in ("limit", "where"))
    stale: dict[str, str] = {}
    kept: dict[str, str] = {}
    for unique_id in ids:
        entry = graph.entries[unique_id]
        published = counterpart(request.deferral, unique_id)
        if published is None or not exists(request.catalog, entry.kind, entry.relation):
            continue
        record = evidence.builds.record(record_name(entry) or "", unique_id)
        if record is None or record.materialized != CLONED:
            kept[unique_id] = (
                "it is not known to be a copy" if record is None else "it was built here"
            )
            continue
        prints = evidence.published_of(unique_id, published.relation_name)
        data = None if prints is None else prints.data(unique_id, published.relation_name)
        why = _why_stale(record, published, data, built_at(published), wants_all=wants_all)
        if why is None:
            kept[unique_id] = "it is what the state has"
        else:
            stale[unique_id] = why
    evidence.close()
    return Cloning(stale=stale, kept=kept)


def _why_stale(
    record: Built,
    published: Published,
    data: str | None,
    built_at: float | None,
    *,
    wants_all: bool,
) -> str | None:
    """Return why a copy is not what the state has now."""
    source = record.inputs[0].relation_name if record.inputs else None
    if source is not None and source != published.relation_name:
        return "the state has another relation now"
    if not record.is_stored:
        return None
    if record.doubt == "partial" and wants_all:
        return "it holds some of the rows only"
    if data is not None:
        return None if data == record.data else "it was built in the state after it was copied"
    if built_at is not None and built_at > record.built_at:
        return "the state is younger than the copy"
    return None


def _times(state: State) -> Callable[[Published], float | None]:
    """Return when the state last built a resource, as far as it says so."""
    baselines = {layer.name: layer.baseline for layer in state.layers}
    if state.baseline is not None:
        baselines[""] = state.baseline
    known: dict[str, tuple[float | None, float | None, Collection[str]]] = {}

    def time_of(published: Published) -> float | None:
        layer = published.layer
        if layer not in baselines:
            return None
        if layer not in known:
            known[layer] = _times_of(baselines[layer].origin)
        at_all, ended, results = known[layer]
        return ended if published.unique_id in results else at_all

    return time_of


def _times_of(origin: Origin) -> tuple[float | None, float | None, Collection[str]]:
    """Return when a manifest was made, when its run results were, and of what these are."""
    location = origin.location
    run, _ = load_run_results(location if os.path.isdir(location) else os.path.dirname(location))
    if run is None:
        return _seconds(origin.generated_at), None, ()
    return _seconds(origin.generated_at), _seconds(run.generated_at), run.results.keys()


def _seconds(text: str | None) -> float | None:
    try:
        found = datetime.datetime.fromisoformat(text or "")
    except ValueError:
        return None
    if found.tzinfo is None:
        found = found.replace(tzinfo=datetime.UTC)
    return found.timestamp()
