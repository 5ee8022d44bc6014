"""`clean --schema`: list and drop what builds left in the target's schemas, and nothing else.

Production is never touched. A schema is another environment's if a state names relations in it, or
if a recorded build read one there as such. Nothing is dropped unasked: somebody at the terminal
agrees, or `--yes` was given.
"""

from __future__ import annotations

from contextlib import closing
from typing import Any

import msgspec

from upriver.graph.graph import Graph
from upriver.problems import Problem, ProblemsError, WarehouseError
from upriver.project.build_store import BuildStore, open_builds
from upriver.project.events import Said
from upriver.project.execute import open_door
from upriver.project.opened import OpenedProject
from upriver.project.outcome import ExitCode, Outcome, Question
from upriver.project.published_state import State
from upriver.project.remains.dropping import drop_relations
from upriver.project.remains.sorting import (
    Elsewhere,
    Key,
    Remain,
    Remains,
    SchemaKey,
    is_in,
    key_of,
    key_of_rendered,
    look_elsewhere,
    published_schemas,
    read_schemas,
    readers_first,
    sort_out,
    written_schemas,
)
from upriver.project.requests import Clean
from upriver.project.state_reading import asked_deferral, read_state
from upriver.project.warehouse import Door
from upriver.resources.answers import ListedRelation
from upriver.resources.relation import RelationName
from upriver.state.builds import Built

_PRODUCTION = frozenset({"prod", "production"})
_SHOWN = 20
_YES = frozenset({"y", "yes"})


def clean_schema(opened: OpenedProject) -> Outcome:
    """Show what is left, and drop it if that is wanted."""
    request = opened.request
    assert isinstance(request, Clean)  # noqa: S101 - the caller's table
    opened.require(_production(opened))
    graph = opened.load().graph
    state = _state(opened, graph)
    store = open_builds(opened)
    door = open_door(opened)
    try:
        records = _records(store)
        schemas = _allowed(opened, graph, state, records)
        listed = _listed(door, schemas)
        remains = sort_out(graph, listed, records)
        wanted = tuple(one for one in remains.ours if one.is_orphan or not request.orphans)
        elsewhere = _elsewhere(opened, door, graph, state)
        for line in lines_of(remains, wanted, elsewhere):
            opened.listener(Said(text=line))
        dropped: tuple[Remain, ...] = ()
        if wanted and _is_agreed(opened, wanted, is_sure=bool(request.yes)):
            dropped = _drop(opened, graph, door, store, wanted)
    finally:
        door.close()
        store.close()
    return _outcome(opened, remains, wanted, dropped, elsewhere)


def _production(opened: OpenedProject) -> tuple[Problem, ...]:
    profile = opened.workspace.profile
    if profile is None or profile.target_name.lower() not in _PRODUCTION:
        return ()
    return (_refused(f"the target is called `{profile.target_name}`"),)


def _refused(reason: str) -> Problem:
    return Problem(
        code="clean-schema-refused",
        message=f"`clean --schema` drops nothing here: {reason}",
        hint="It is for schemas of development; choose one with `--target`",
    )


def _state(opened: OpenedProject, graph: Graph) -> State:
    """Read what the state options and settings name: its schemas are safe."""
    deferring = asked_deferral(opened)
    if deferring.policy is None and deferring.baseline is not None:
        deferring = msgspec.structs.replace(deferring, policy="exists")
    state = read_state(opened, deferring, graph)
    if state.is_given_up:
        reason = "the state of the linked server is not to be had, or is that of the target itself"
        raise ProblemsError((_refused(reason),))
    return state


def _records(store: BuildStore) -> dict[Key, Built]:
    return {key_of_rendered(built.relation_name): built for built in store.all_records()}


def _allowed(
    opened: OpenedProject, graph: Graph, state: State, records: dict[Key, Built]
) -> tuple[RelationName, ...]:
    """Return the schemas that may be cleaned; raises ProblemsError where there is none."""
    safe = read_schemas(records.values())
    for _, baseline in state.baselines():
        safe |= published_schemas(baseline)
    allowed: list[RelationName] = []
    kept: list[str] = []
    for name in written_schemas(graph):
        if is_in(key_of(name)[:2], safe):
            kept.append(f"`{name.schema}`")
        else:
            allowed.append(name)
    if kept and not allowed:
        reason = f"{', '.join(kept)} is where another environment lies that is deferred to"
        raise ProblemsError((_refused(reason),))
    if kept:
        opened.report((_left_alone(kept),))
    return tuple(allowed)


def _left_alone(schemas: list[str]) -> Problem:
    return Problem(
        code="clean-schema-refused",
        severity="warning",
        message=f"Nothing is dropped in {', '.join(schemas)}, where another environment lies that"
        " is deferred to",
    )


def _listed(door: Door, schemas: tuple[RelationName, ...]) -> list[ListedRelation]:
    found: list[ListedRelation] = []
    with closing(door.session("clean")) as session:
        for name in schemas:
            found += session.relations(name.database, name.schema or "")
    return found


def _elsewhere(opened: OpenedProject, door: Door, graph: Graph, state: State) -> Elsewhere:
    """Look at the state's schemas; what cannot be listed is left out."""
    baselines = [baseline for _, baseline in state.baselines()]
    schemas: dict[SchemaKey, RelationName] = {}
    for baseline in baselines:
        for one in baseline.published.values():
            name = RelationName(database=one.database, schema=one.schema, identifier=None)
            schemas.setdefault(key_of(name)[:2], name)
    listed: list[ListedRelation] = []
    for name in schemas.values():
        try:
            listed += _listed(door, (name,))
        except WarehouseError as error:
            opened.report((_unlisted(name, error),))
    return look_elsewhere(graph, baselines, listed)


def _unlisted(name: RelationName, error: WarehouseError) -> Problem:
    return Problem(
        code="deferral-schema-unlisted",
        severity="warning",
        message=f"The state's schema `{name.schema}` could not be listed, so what is left in it is"
        f" not known: {error}",
    )


def lines_of(remains: Remains, wanted: tuple[Remain, ...], elsewhere: Elsewhere) -> list[str]:
    """Return what is shown before anything is dropped."""
    lines: list[str] = []
    if wanted:
        lines.append(f"To be dropped ({len(wanted)}):")
        lines += [f"  {one.type} {_shown(one.name)}: {one.why}" for one in wanted]
    else:
        lines.append("Nothing to be dropped")
    if remains.others:
        lines.append(f"Not the project's, and left alone ({len(remains.others)}):")
        lines += _some([_shown(name) for name in remains.others])
    if elsewhere.gone:
        lines.append(f"In the state, and not in the project any more ({len(elsewhere.gone)}):")
        lines += _some([f"{name}: {unique_id}" for unique_id, name in elsewhere.gone])
    if elsewhere.unnamed:
        lines.append(f"In the state's schemas, and not in the state ({len(elsewhere.unnamed)}):")
        lines += _some([_shown(name) for name in elsewhere.unnamed])
    return lines


def _some(lines: list[str]) -> list[str]:
    more = len(lines) - _SHOWN
    shown = [f"  {line}" for line in lines[:_SHOWN]]
    return [*shown, f"  and {more} more"] if more > 0 else shown


def _shown(name: RelationName) -> str:
    return ".".join(part for part in (name.database, name.schema, name.identifier) if part)


def _is_agreed(opened: OpenedProject, wanted: tuple[Remain, ...], *, is_sure: bool) -> bool:
    if is_sure:
        return True
    ask = opened.caller.ask
    if ask is None:
        opened.require(
            (
                Problem(
                    code="clean-schema-unconfirmed",
                    message=f"{len(wanted)} relations would be dropped, and nobody is there to"
                    " agree",
                    hint="Look at the list, and pass `--yes`",
                ),
            )
        )
        return False
    noun = "this relation" if len(wanted) == 1 else f"these {len(wanted)} relations"
    answer = ask(Question(text=f"Drop {noun}? (yes or no)", default="no"))
    return answer.lower() in _YES


def _drop(
    opened: OpenedProject,
    graph: Graph,
    door: Door,
    store: BuildStore,
    wanted: tuple[Remain, ...],
) -> tuple[Remain, ...]:
    by_key = {key_of(one.name): one for one in wanted}
    recorded = {key_of_rendered(built.relation_name): built for built in store.all_records()}
    listed = [ListedRelation(name=one.name, type=one.type) for one in readers_first(wanted, graph)]
    dropped: list[Remain] = []
    with closing(door.session("clean")) as session:
        for one, failure in drop_relations(listed, door.adapter.dialect, session):
            key = key_of(one.name)
            if failure is not None:
                opened.report((_not_dropped(one.name, failure),))
                continue
            if key in recorded:
                store.forget(recorded[key].relation_name)
            opened.listener(Said(text=f"Dropped {one.type} {_shown(one.name)}"))
            dropped.append(by_key[key])
    return tuple(dropped)


def _not_dropped(name: RelationName, failure: str) -> Problem:
    return Problem(
        code="clean-schema-failed", message=f"`{_shown(name)}` could not be dropped: {failure}"
    )


def _outcome(
    opened: OpenedProject,
    remains: Remains,
    wanted: tuple[Remain, ...],
    dropped: tuple[Remain, ...],
    elsewhere: Elsewhere,
) -> Outcome:
    has_failed = any(problem.code == "clean-schema-failed" for problem in opened.problems)
    if wanted and not dropped and not has_failed:
        opened.listener(Said(text="Nothing was dropped"))
    data: dict[str, Any] = {
        "dropped": [_shown(one.name) for one in dropped],
        "ours": [msgspec.to_builtins(one) for one in remains.ours],
        "others": [_shown(name) for name in remains.others],
        "state": {
            "gone": dict(elsewhere.gone),
            "unnamed": [_shown(name) for name in elsewhere.unnamed],
        },
    }
    return opened.outcome(ExitCode.FAILURE if has_failed else ExitCode.SUCCESS, data=data)
