"""`diff`: what differs between the project and a state, and why (defects D20, D21)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from upriver.graph.graph import Graph
from upriver.plan.methods import Material
from upriver.problems import Problem, ProblemsError
from upriver.project.execute import running
from upriver.project.lineage.asking import changes_by_column, reached_by_columns
from upriver.project.listing import selector_of
from upriver.project.opened import OpenedProject, with_project
from upriver.project.outcome import ExitCode, Outcome
from upriver.project.published_state import State, no_state
from upriver.project.reasons import Reasons
from upriver.project.requests import Diff
from upriver.project.selecting import select_for
from upriver.project.state_reading import asked_deferral, read_state
from upriver.state.why import Difference

if TYPE_CHECKING:
    # Loaded for who asks for columns.
    from upriver.state.lineage.impact import Change

_COMPARED = frozenset({"model", "seed", "snapshot", "test", "analysis", "source", "unit_test",
                       "exposure", "function"})  # fmt: skip
_MOST_NAMED = 5


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """One resource that differs."""

    unique_id: str
    name: str
    change: str
    """`new`, `modified`, `ancestor` (it only reads what differs) or `deleted`."""
    why: tuple[Difference, ...] = ()
    relation_name: str | None = None
    """Of deleted ones: what is left of it."""
    columns: tuple[str, ...] | None = None
    """With `--columns`: those that differ; `*` if all do."""


def _diff(opened: OpenedProject) -> Outcome:
    request = opened.request
    assert isinstance(request, Diff)  # noqa: S101 - the table of verbs
    opened.require(_data_only(request))
    loaded = opened.load()
    graph = loaded.graph
    deferring = asked_deferral(opened)
    state = read_state(opened, deferring, graph)
    if state.comparison is None:
        raise ProblemsError((no_state("`diff`"),))
    reasons = Reasons(opened, loaded, graph, state)
    material = Material(
        graph=graph,
        comparison=reasons,
        state_path=state.path,
        reached=reached_by_columns(opened, graph, state, running),
    )
    selected, problems = select_for("ls", request.selecting, opened.workspace, material)
    opened.require(problems)
    if selected is None:
        raise ProblemsError(tuple(opened.problems))
    is_chosen = bool(request.selecting.select or request.selecting.selector)
    if request.data:
        reasons.close()
        # Comparing data is loaded for who asks for it.
        from upriver.project.comparing.data_diff import diff_data

        return diff_data(opened, graph, state, selected.selection.ids, is_chosen=is_chosen)
    changed = _changed(selected.selection.ids, graph, reasons)
    if request.columns:
        changes = changes_by_column(opened, graph, state, running)
        changed = tuple(_with_columns(item, changes) for item in changed)
    if not is_chosen:
        changed = (*changed, *_deleted(state))
    data = [msgspec.to_builtins(item) for item in changed]
    lines: tuple[str, ...]
    if request.output == "json":
        lines = (msgspec.json.format(msgspec.json.encode(data), indent=2).decode(),)
    else:
        place = os.path.relpath(deferring.state or "", opened.workspace.root)
        shown = deferring.state if ":" in (deferring.state or "") else place
        alike = _alike(selected.selection.ids, graph, reasons)
        lines = (
            f"Compared with {shown}", *_lines(changed, alike, shows_ancestors=is_chosen),
        )  # fmt: skip
    reasons.close()
    is_failure = bool(request.fail_on_difference and changed)
    exit_code = ExitCode.FAILURE if is_failure else ExitCode.SUCCESS
    return opened.outcome(exit_code, graph=graph, lines=lines, data=data)


def _data_only(request: Diff) -> tuple[Problem, ...]:
    """Return what was given that means nothing unless rows are compared."""
    given = {
        "--key": request.key is not None,
        "--html": request.html is not None,
        "--output html": request.output == "html",
    }
    if request.data:
        return ()
    return tuple(
        Problem(
            code="diff-without-data",
            message=f"`{name}` is for comparing rows, and `--data` was not given",
            hint="`upriver diff --data -s MODEL` compares the rows of a model",
        )
        for name, is_given in given.items()
        if is_given
    )


def _changed(ids: frozenset[str], graph: Graph, reasons: Reasons) -> tuple[Changed, ...]:
    found: list[Changed] = []
    for unique_id in sorted(ids):
        entry = graph.entries[unique_id]
        if entry.kind not in _COMPARED:
            continue
        why = reasons.why(unique_id)
        if not why:
            continue
        kinds = {difference.kind for difference in why}
        change = "new" if "new" in kinds else "ancestor" if kinds == {"ancestor"} else "modified"
        found.append(Changed(unique_id=unique_id, name=selector_of(entry), change=change, why=why))
    return tuple(found)


def _alike(ids: frozenset[str], graph: Graph, reasons: Reasons) -> tuple[str, ...]:
    """Return what dbt's `state:modified` counts for its text, though it means the same."""
    return tuple(
        selector_of(graph.entries[unique_id])
        for unique_id in sorted(ids)
        if graph.entries[unique_id].kind in _COMPARED
        and reasons.is_modified(unique_id, "body")
        and not reasons.why(unique_id)
    )


_WITH_COLUMNS = frozenset({"model", "snapshot", "seed", "source"})


def _with_columns(item: Changed, changes: Mapping[str, Change]) -> Changed:
    if item.unique_id.partition(".")[0] not in _WITH_COLUMNS:
        return item
    change = changes.get(item.unique_id)
    columns: tuple[str, ...] = ()
    if change is not None:
        columns = ("*",) if change.is_whole else tuple(sorted(change.columns))
    return msgspec.structs.replace(item, columns=columns)


def _columns_text(columns: tuple[str, ...] | None) -> str:
    if columns is None:
        return ""
    if columns == ("*",):
        return "; all columns"
    noun = "column" if len(columns) == 1 else "columns"
    return f"; {noun} {', '.join(columns)}" if columns else "; no column"


def _deleted(state: State) -> tuple[Changed, ...]:
    comparison = state.comparison
    compared = state.compared
    if comparison is None or compared is None:
        return ()
    return tuple(
        Changed(
            unique_id=unique_id,
            name=unique_id,
            change="deleted",
            why=(Difference(kind="deleted"),),
            relation_name=found.relation_name
            if (found := compared.published.get(unique_id)) is not None
            else None,
        )
        for unique_id in sorted(comparison.removed())
        if unique_id.partition(".")[0] in _COMPARED
    )


def _lines(
    changed: tuple[Changed, ...], alike: tuple[str, ...], *, shows_ancestors: bool
) -> tuple[str, ...]:
    lines: list[str] = []
    for change in ("modified", "new", "ancestor", "deleted"):
        items = [item for item in changed if item.change == change]
        if not items:
            continue
        if change == "ancestor" and not shows_ancestors:
            noun = "differs" if len(items) == 1 else "differ"
            lines += ["", f"{len(items)} more {noun} only by what they read"]
            continue
        title = "only by what they read" if change == "ancestor" else change
        lines += ["", f"{title}:"]
        width = max(len(item.name) for item in items)
        for item in items:
            said = ", ".join(map(str, item.why)) if change in ("modified", "ancestor") else ""
            said = item.relation_name or said + _columns_text(item.columns)
            lines.append(f"  {item.name:<{width}}  {said}".rstrip())
    if not lines:
        lines = ["", "Nothing differs"]
    if alike:
        verbs = (
            "differs in text only, and means"
            if len(alike) == 1
            else ("differ in text only, and mean")
        )
        lines += ["", f"{len(alike)} {verbs} the same: {_some(alike)}"]
    return tuple(lines)


def _some(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:_MOST_NAMED])
    more = len(names) - _MOST_NAMED
    return f"{shown} and {more} more" if more > 0 else shown


diff = with_project("diff", _diff)
