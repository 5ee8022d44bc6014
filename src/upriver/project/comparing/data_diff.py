"""`diff --data`: how the rows of relations differ from the baseline's."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import closing

import msgspec

from upriver.graph.graph import Entry, Graph
from upriver.plan.catalog import Catalog
from upriver.plan.decide import published_name
from upriver.plan.plan import Decision
from upriver.problems import Problem, WarehouseError, has_errors
from upriver.project.comparing.compared import EXPLAINED, Compared, as_data
from upriver.project.comparing.table import table, trouble_texts
from upriver.project.deferring.audit import read_row, record_reads
from upriver.project.deferring.rules import denials_of, readable
from upriver.project.events import ArtifactWritten
from upriver.project.execute import open_door
from upriver.project.opened import OpenedProject
from upriver.project.outcome import ExitCode, Outcome
from upriver.project.published_state import State
from upriver.project.requests import Diff
from upriver.project.warehouse import Door, SchemaName
from upriver.resources.catalog import catalog_key
from upriver.resources.dialect import render_name
from upriver.resources.nearest import nearest_hint
from upriver.run.compare.compare import KeyNotFound, Limits, Subjects, compare_relations
from upriver.run.compare.keys import Key, keys_of
from upriver.state.baseline import Published, is_deferrable
from upriver.state.publish import write_atomically

_STORED = frozenset({"model", "seed", "snapshot"})


class _Pair(msgspec.Struct, frozen=True, kw_only=True):
    """A resource and its counterpart."""

    entry: Entry
    published: Published | None


def diff_data(
    opened: OpenedProject, graph: Graph, state: State, ids: frozenset[str], *, is_chosen: bool
) -> Outcome:
    """Compare the relations of resources; without a choice, of those that are on both sides."""
    request = opened.request
    assert isinstance(request, Diff)  # noqa: S101 - whoever calls this has looked
    pairs = _allowed(opened, graph, state, _pairs(graph, state, ids), is_chosen=is_chosen)
    with closing(open_door(opened)) as door:
        catalog, problems = door.catalog(_schemas(pairs), opened.threads)
        opened.require(problems)
        opened.report(_recorded(opened, state, catalog, pairs))
        compared = _compared(opened, graph, door, catalog, pairs, is_chosen=is_chosen)
    if not compared:
        opened.report((_nothing(),))
    data = [as_data(one) for one in compared]
    lines = _lines(request, compared)
    if request.html is not None:
        _write_page(opened, request.html, compared)
    return opened.outcome(_exit_code(request, compared), graph=graph, lines=lines, data=data)


def _exit_code(request: Diff, compared: Iterable[Compared]) -> ExitCode:
    has_failed = any(one.status == "failed" for one in compared)
    is_different = any(one.is_different for one in compared)
    if has_failed or (request.fail_on_difference and is_different):
        return ExitCode.FAILURE
    return ExitCode.SUCCESS


def _pairs(graph: Graph, state: State, ids: frozenset[str]) -> list[_Pair]:
    baseline = state.compared or state.baseline
    published = {} if baseline is None else baseline.published
    pairs: list[_Pair] = []
    for unique_id in sorted(ids):
        entry = graph.entries[unique_id]
        if entry.kind not in _STORED or entry.relation is None:
            continue
        if entry.materialized == "ephemeral":
            continue
        found = published.get(unique_id)
        is_there = found is not None and is_deferrable(found)
        pairs.append(_Pair(entry=entry, published=found if is_there else None))
    return pairs


def _allowed(
    opened: OpenedProject, graph: Graph, state: State, pairs: list[_Pair], *, is_chosen: bool
) -> list[_Pair]:
    """Compare with masked relations where a rule says so.

    What a rule denies is an error where it was chosen, and passed over with a warning otherwise.
    Raises ProblemsError.
    """
    denials = denials_of(opened, graph, state)
    allowed: list[_Pair] = []
    problems: list[Problem] = []
    for pair in pairs:
        found = None if pair.published is None else readable(denials, pair.published)
        if isinstance(found, Problem):
            severity = found.severity if is_chosen else "warning"
            problems.append(msgspec.structs.replace(found, severity=severity))
        else:
            allowed.append(_Pair(entry=pair.entry, published=found))
    if has_errors(tuple(problems)):
        opened.report(record_reads(opened, {"state": state.path}, "refused", []))
    opened.require(tuple(problems))
    return allowed


def _recorded(
    opened: OpenedProject, state: State, catalog: Catalog, pairs: Iterable[_Pair]
) -> tuple[Problem, ...]:
    """Record what is read of the other environment."""
    found = [_situation(opened, catalog, pair) for pair in pairs]
    reads = [
        Decision(
            target=one.unique_id,
            place="baseline",
            reason="compared",
            relation=None,
            relation_name=one.baseline_relation,
            baseline=state.path,
        )
        for one in found
        if one.status == "compared"
    ]
    rows = [read_row(decision) for decision in reads]
    return record_reads(opened, {"state": state.path}, "begins", rows)


def _schemas(pairs: Iterable[_Pair]) -> dict[SchemaName, bool]:
    """Return the schemas to list, and which are only the baseline's."""
    own: dict[SchemaName, bool] = {}
    others: dict[SchemaName, bool] = {}
    for pair in pairs:
        if pair.entry.relation is not None:
            own[pair.entry.relation.database, pair.entry.relation.schema or ""] = False
        if pair.published is not None:
            others[pair.published.database, pair.published.schema or ""] = True
    return {**others, **own}


def _compared(
    opened: OpenedProject,
    graph: Graph,
    door: Door,
    catalog: Catalog,
    pairs: Iterable[_Pair],
    *,
    is_chosen: bool,
) -> list[Compared]:
    found: list[Compared] = []
    for pair in pairs:
        one = _situation(opened, catalog, pair)
        if one.status != "compared":
            if is_chosen:
                opened.report((_not_compared(one),))
                found.append(one)
            continue
        found.append(_compare(opened, graph, door, one))
    return found


def _situation(opened: OpenedProject, catalog: Catalog, pair: _Pair) -> Compared:
    """Return what there is to compare; `compared` where both relations exist."""
    entry, published = pair.entry, pair.published
    one = Compared(
        unique_id=entry.unique_id,
        name=entry.name,
        status="not-in-state",
        relation=entry.relation_name,
    )
    if published is None or entry.relation is None:
        return one
    name = published_name(published)
    rendered = published.relation_name or render_name(opened.dialect, name, opened.dialect.quoting)
    one = msgspec.structs.replace(one, baseline_relation=rendered, status="compared")
    if catalog_key(name) == catalog_key(entry.relation):
        return msgspec.structs.replace(one, status="same-relation")
    if not catalog.exists(entry.relation):
        return msgspec.structs.replace(one, status="missing-here")
    if catalog.knows(name) and not catalog.exists(name):
        return msgspec.structs.replace(one, status="missing-in-baseline")
    return one


def _compare(opened: OpenedProject, graph: Graph, door: Door, one: Compared) -> Compared:
    request = opened.request
    assert isinstance(request, Diff)  # noqa: S101 - the caller has looked
    keys = _keys(request, graph, one.unique_id)
    subjects = Subjects(
        baseline=one.baseline_relation or "",
        here=one.relation or "",
        keys=tuple(key.columns for key in keys),
        must_have_key=request.key is not None,
    )
    limits = Limits(examples=max(request.limit_examples, 0))
    with closing(door.session(one.unique_id)) as session:
        try:
            differing = compare_relations(session, opened.dialect, subjects, limits)
        except WarehouseError as error:
            opened.report((_failed(one, error),))
            return msgspec.structs.replace(one, status="failed")
        except KeyNotFound as error:
            opened.report((_no_such_key(one, request.key or "", error.names),))
            return msgspec.structs.replace(one, status="failed")
    used = {name.lower() for name in differing.key}
    origin = next(
        (key.origin for key in keys if {name.lower() for name in key.columns} == used), None
    )
    found = msgspec.structs.replace(one, differing=differing, key_origin=origin)
    opened.report(tuple(_key_trouble(found, text) for text in trouble_texts(differing)))
    return found


def _keys(request: Diff, graph: Graph, unique_id: str) -> tuple[Key, ...]:
    if request.key is None:
        return keys_of(graph, unique_id)
    columns = tuple(name.strip() for name in request.key.split(",") if name.strip())
    return (Key(columns=columns, origin="--key"),)


def _lines(request: Diff, compared: list[Compared]) -> tuple[str, ...]:
    match request.output:
        case "json":
            data = [as_data(one) for one in compared]
            return (msgspec.json.format(msgspec.json.encode(data), indent=2).decode(),)
        case "html":
            return (_page(compared),)
        case _:
            return table(compared)


def _page(compared: list[Compared]) -> str:
    # The page is loaded for who wants one.
    from upriver.project.comparing.page import page

    return page(compared)


def _write_page(opened: OpenedProject, file: str, compared: list[Compared]) -> None:
    path = os.path.join(opened.caller.cwd, file)
    write_atomically(path, _page(compared).encode())
    opened.listener(ArtifactWritten(path=path))


def _nothing() -> Problem:
    return Problem(
        code="diff-nothing-to-compare",
        severity="warning",
        message="Nothing that is selected is built both in the target and in the state",
        hint="Build a model first; `-s MODEL` says of each model why it cannot be compared",
    )


_REMEDIES = {
    "not-in-state": "It is new, or the state is of another project",
    "missing-here": "`upriver run -s {name}` builds it",
    "missing-in-baseline": "The state is older than the relation's removal, or of another place",
    "same-relation": "Choose another target, or a state that another target published",
}


def _not_compared(one: Compared) -> Problem:
    return Problem(
        code="diff-relation-missing",
        severity="warning",
        message=f"`{one.name}` is not compared: {EXPLAINED[one.status]}",
        unique_id=one.unique_id,
        hint=_REMEDIES[one.status].format(name=one.name),
    )


def _failed(one: Compared, error: WarehouseError) -> Problem:
    return Problem(
        code="diff-failed",
        message=f"`{one.name}` could not be compared with {one.baseline_relation}: {error}",
        unique_id=one.unique_id,
    )


def _no_such_key(one: Compared, key: str, names: tuple[str, ...]) -> Problem:
    missing = [name.strip() for name in key.split(",")]
    folded = {name.lower() for name in names}
    missing = [name for name in missing if name.lower() not in folded] or missing
    shown = ", ".join(f"`{name}`" for name in missing)
    return Problem(
        code="diff-key-unknown",
        message=f"`{one.name}` does not have {shown} on both sides, which `--key` names",
        unique_id=one.unique_id,
        hint=nearest_hint(missing[0], names),
    )


def _key_trouble(one: Compared, text: str) -> Problem:
    return Problem(
        code="diff-key-not-unique",
        severity="warning",
        message=f"The key of `{one.name}` does not tell its rows apart: {text}",
        unique_id=one.unique_id,
        hint="Those rows are compared as whole rows; `--key` names other columns",
    )
