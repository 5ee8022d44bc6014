"""`state:modified.columns`: what the columns that differ from a state reach."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

import msgspec

from upriver.graph.graph import Graph
from upriver.problems import Problem
from upriver.project.lineage.lineages import READ, Lineages, asked_of
from upriver.project.lineage.rendering import Running
from upriver.project.loading import Loaded
from upriver.project.opened import OpenedProject
from upriver.project.published import manifest_path
from upriver.project.published_state import State
from upriver.project.reasons import Reasons
from upriver.resources.nearest import nearest_hint
from upriver.resources.nodes import Node
from upriver.state.lineage.columns import Lineage
from upriver.state.lineage.impact import WHOLE, Change, affected, changed_columns
from upriver.state.lineage.published import PublishedCode, published_code

_CHANGING = frozenset({"model", "snapshot", "seed", "source"})


def reached_changes(
    opened: OpenedProject,
    loaded: Loaded,
    graph: Graph,
    state: State,
    names: tuple[str, ...] | None,
    running: Running,
) -> tuple[dict[str, Change], tuple[Problem, ...]]:
    """Return the modified resources whose columns differ, and all that reads one of those, each
    with what differs of it.

    With `names`, columns of these names in any modified resource count as differing, and no others.
    """
    reasons = Reasons(opened, loaded, graph, state)
    lineages = Lineages(opened, loaded, graph, running, reasons.evidence.local())
    try:
        modified = [one for one in _resources(graph) if _is_modified(reasons, one)]
        problems: tuple[Problem, ...] = ()
        if names is None:
            changes = _changes(reasons, lineages, graph, state, modified)
        else:
            changes = {one: _named(lineages, one, names) for one in modified}
            problems = _unknown(lineages, modified, changes, names)
        order = downstream(graph, (one for one, change in changes.items() if change))
        found = affected(changes, order, lineages.of, graph.parents)
    finally:
        lineages.close()
        reasons.close()
    return found, problems


def _resources(graph: Graph) -> Iterator[str]:
    return (one for one, entry in graph.entries.items() if entry.kind in _CHANGING)


def _is_modified(reasons: Reasons, unique_id: str) -> bool:
    return reasons.is_new(unique_id) or reasons.is_modified(unique_id, "semantic")


def _named(lineages: Lineages, unique_id: str, names: Iterable[str]) -> Change:
    columns = lineages.columns(unique_id)
    known = {name.lower() for name in columns.names}
    wanted = frozenset(names)
    return Change(wanted & known if columns.is_complete else wanted)


def _unknown(
    lineages: Lineages,
    modified: Iterable[str],
    changes: Mapping[str, Change],
    names: Iterable[str],
) -> tuple[Problem, ...]:
    found: frozenset[str] = frozenset().union(*(change.columns for change in changes.values()))
    known = {name.lower() for one in modified for name in lineages.columns(one).names}
    return tuple(
        Problem(
            code="column-unknown",
            severity="warning",
            message=f"No modified resource has a column `{name}`",
            hint=nearest_hint(name, known),
        )
        for name in names
        if name not in found
    )


def _changes(
    reasons: Reasons, lineages: Lineages, graph: Graph, state: State, modified: Iterable[str]
) -> dict[str, Change]:
    """Return which columns of each modified resource differ."""
    changes: dict[str, Change] = {}
    rewritten: dict[str, frozenset[str]] = {}
    published = reasons.evidence.published()
    for unique_id in modified:
        kinds = frozenset(difference.kind for difference in reasons.own(unique_id))
        theirs = None if published is None else published.meanings.get(unique_id)
        is_read = graph.entries[unique_id].kind in READ and not asked_of(theirs)
        if is_read and kinds <= _IN_THE_TEXT and not reasons.is_new(unique_id):
            rewritten[unique_id] = kinds
        else:
            changes[unique_id] = WHOLE
    before = _published(state, rewritten)
    for unique_id, kinds in rewritten.items():
        node, code = graph.resources[unique_id], before.get(unique_id)
        old = None
        if code is not None and isinstance(node, Node):
            identity = None if published is None else published.identity(unique_id)
            body = identity if kinds == {"body"} else None
            old = _old(lineages, node, code, graph, body)
        changes[unique_id] = WHOLE if old is None else changed_columns(old, lineages.of(unique_id))
    return changes


_IN_THE_TEXT = frozenset({"body", "macro", "var", "env", "target", "this", "unknown"})
"""Differences that a rendered text shows."""


def _old(
    lineages: Lineages, node: Node, code: PublishedCode, graph: Graph, body: str | None
) -> Lineage | None:
    """Return the lineage of the published text over the inputs as they are now.

    What changed in the inputs is a change of theirs, and reaches this resource by itself. If only
    the body differs, it is rendered as the present one is, and remembered under `body`, what the
    published resource says; else the text that was sent to the warehouse is read, if the manifest
    has it.
    """
    after = lineages.of(node.unique_id)
    if after.doubt is not None:
        return None
    readable = [
        one
        for one in code.parents
        if one in graph.entries and graph.entries[one].kind != "function"
    ]
    if body is not None:
        written = msgspec.structs.replace(node, raw_code=code.raw_code)
        return lineages.kept(body, readable, lambda: lineages.read(written, readable))
    if code.compiled_code is None or not all(map(code.inputs.get, readable)):
        return None
    names = {**code.inputs, node.unique_id: code.relation}
    return lineages.read_text(node, code.compiled_code, names)


def _published(state: State, ids: Collection[str]) -> dict[str, PublishedCode]:
    if not ids or state.compared is None:
        return {}
    with open(manifest_path(state.compared.origin.location), "rb") as file:
        return published_code(file.read(), ids)


def downstream(graph: Graph, changed: Iterable[str]) -> list[str]:
    """Return the changed resources and all that reads them, each behind what it reads."""
    reached: dict[str, None] = {}
    waiting = list(changed)
    while waiting:
        current = waiting.pop()
        if current in reached:
            continue
        reached[current] = None
        children = graph.children.get(current, ())
        waiting.extend(one for one in children if graph.entries[one].kind in READ)
    return list(_ordered(graph, reached))


def _ordered(graph: Graph, ids: Mapping[str, None]) -> Iterator[str]:
    missing = {
        one: sum(parent in ids for parent in set(graph.parents.get(one, ()))) for one in ids
    }
    ready = [one for one, count in missing.items() if not count]
    while ready:
        current = ready.pop()
        yield current
        for child in dict.fromkeys(graph.children.get(current, ())):
            if child in missing:
                missing[child] -= 1
                if not missing[child]:
                    ready.append(child)
