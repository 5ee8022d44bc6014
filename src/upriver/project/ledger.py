"""Writing down what each build of a run was made from, as the run goes on.

What a relation holds follows from what was really read: a stale input makes a stale output, also
when the code is new. So a record is worked out from the decisions the step carried and the records
of the relations they name.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec

from upriver.plan.plan import BUILDING, Decision, Plan, Step
from upriver.problems import Problem
from upriver.project.build_store import BuildStore
from upriver.project.fingerprints import LocalPrints
from upriver.run.events import StepFinished, StepResult, StepStarted
from upriver.state.builds import (
    CLONED,
    Built,
    BuiltInput,
    Holdings,
    InputPlace,
    after_build,
    data_of_input,
    held_by,
)
from upriver.state.fingerprint.prints import combine
from upriver.state.published import PublishedPrints

PLACES: dict[str, InputPlace] = {
    "built-here": "here", "exists-here": "here", "here": "here", "unbuilt": "here",
    "baseline": "baseline", "source": "source", "inlined": "inlined", "missing": "missing",
    # What a masked relation holds is nobody's fingerprint.
    "masked": "missing", "denied": "missing",
}  # fmt: skip
"""How records call the places of decisions."""


PublishedOf = Callable[[str, str | None], PublishedPrints | None]
"""Gives the fingerprints of the baseline that a resource's relation of this name belongs to."""


class LedgerSetting(msgspec.Struct, frozen=True, kw_only=True):
    """What a ledger is opened with."""

    plan: Plan
    relation_names: Callable[[str], str | None]
    """Rendered name by unique_id."""
    materialized: Callable[[str], str]
    store: BuildStore
    prints: Callable[[], LocalPrints]
    published: PublishedOf
    source_data: Callable[[str], str | None] = lambda _: None
    is_partial: bool = False
    """Every relation of this run gets some of its rows only (`--empty`, `--sample`)."""
    is_clone_partial: bool = False
    """Copies of this run hold some of the rows only (`--limit`, `--where`)."""
    invocation_id: str = ""
    git_commit: str | None = None


class Ledger:
    """Records of one run; told of its events in the thread that reads them."""

    def __init__(self, setting: LedgerSetting) -> None:
        self._setting = setting
        self._store = setting.store
        self._steps = {step.unique_id: step for step in setting.plan.steps}
        self._previous: dict[str, Built | None] = {}
        self._is_used = False

    def holdings(self) -> Holdings:
        """Return where inputs' records are looked up."""
        return holdings_of(
            self._store, self._setting.published, source_data=self._setting.source_data
        )

    def hear(self, event: object) -> None:
        """Take notice of a step that starts or has ended."""
        match event:
            case StepStarted(unique_id=unique_id, action=action) if action in BUILDING:
                name = self._setting.relation_names(unique_id)
                if name is not None and not self._steps[unique_id].is_kept:
                    self._previous[unique_id] = self._store.record(name, unique_id)
                    self._store.forget(name)
            case StepFinished(result=result) if result.action in BUILDING:
                self._record(result)
            case _:
                pass

    def close(self) -> tuple[Problem, ...]:
        """Close the store, and report that nothing could be written."""
        if self._is_used:
            self._setting.prints().save()
        self._store.save()
        is_broken = self._store.is_broken
        self._store.close()
        return (_unrecorded(),) if self._is_used and is_broken else ()

    def _record(self, result: StepResult) -> None:
        if result.status != "success" or result.relation_type is None:
            return
        self._is_used = True
        step = self._steps[result.unique_id]
        if result.action == "clone":
            built = self._cloned(result, is_partial=self._setting.is_clone_partial)
        else:
            built = self._built(result, step)
            previous = self._previous.get(result.unique_id)
            if result.cloned_from is not None:
                previous = self._cloned(result)
            built = after_build(
                built,
                previous,
                is_whole=not result.is_added_to,
                is_partial=self._setting.is_partial,
            )
        if built is not None:
            self._store.put(built)

    def _built(self, result: StepResult, step: Step) -> Built:
        unique_id = result.unique_id
        prints = self._setting.prints()
        inputs = self._inputs(step)
        by_id = {item.unique_id: item for item in inputs}
        parents = prints.parents(unique_id)
        identity = prints.identity(unique_id)
        values = {p: by_id[p].fingerprint if p in by_id else None for p in parents}
        return Built(
            unique_id=unique_id,
            relation_name=self._setting.relation_names(unique_id) or "",
            materialized=self._setting.materialized(unique_id),
            identity=identity,
            form=prints.form(unique_id),
            fingerprint=combine(identity, values),
            is_stored=result.relation_type != "view",
            parents=parents,
            inputs=inputs,
            answers=prints.answers(unique_id),
            data=f"{self._setting.invocation_id}:{unique_id}",
            built_at=time.time(),
            invocation_id=self._setting.invocation_id,
            git_commit=self._setting.git_commit,
            seconds=result.execution_time,
        )

    def _inputs(self, step: Step) -> tuple[BuiltInput, ...]:
        # Records change while the run goes on, so what views hold is found out each time.
        holdings = self.holdings()
        prints = self._setting.prints()
        decided = {decision.target: decision for decision in step.inputs}
        found: dict[str, BuiltInput] = {}

        def read(unique_id: str) -> BuiltInput:
            if unique_id not in found:
                found[unique_id] = make(decided.get(unique_id), unique_id)
            return found[unique_id]

        def make(decision: Decision | None, unique_id: str) -> BuiltInput:
            if decision is None:
                return BuiltInput(unique_id=unique_id, place="missing")
            place = PLACES[decision.place]
            if place == "inlined":
                identity = prints.identity(unique_id)
                parents = prints.parents(unique_id)
                values = {p: read(p).fingerprint for p in parents}
                return BuiltInput(
                    unique_id=unique_id,
                    place=place,
                    fingerprint=combine(identity, values),
                    identity=identity,
                    parents=parents,
                )
            name = decision.relation_name
            if name is None and place == "here":
                name = self._setting.relation_names(unique_id)
            item = BuiltInput(unique_id=unique_id, place=place, relation_name=name)
            return msgspec.structs.replace(
                item, fingerprint=self._held(item, holdings), data=data_of_input(item, holdings)
            )

        for target in decided:
            read(target)
        return tuple(found.values())

    def _held(self, item: BuiltInput, holdings: Holdings) -> str | None:
        match item.place:
            case "source":
                return self._setting.prints().fingerprint(item.unique_id)
            case "baseline":
                published = self._setting.published(item.unique_id, item.relation_name)
                if published is None:
                    return None
                return published.holds(item.unique_id, item.relation_name)
            case "here":
                record = self._store.record(item.relation_name or "", item.unique_id)
                return None if record is None else held_by(record, holdings)
            case _:
                return None

    def _cloned(self, result: StepResult, *, is_partial: bool = False) -> Built | None:
        """A clone holds what was published; as a view, what is published."""
        name = self._setting.relation_names(result.unique_id)
        unique_id = result.unique_id
        source = None if result.cloned_from is None else result.cloned_from.relation_name
        published = self._setting.published(unique_id, source)
        if name is None or published is None:
            return None
        fingerprint = None if is_partial else published.holds(unique_id, source)
        doubt = "partial" if is_partial else "inputs"
        # A view shows this relation, whatever state is named later.
        taken = BuiltInput(
            unique_id=unique_id, place="baseline", relation_name=source, fingerprint=fingerprint
        )
        return Built(
            unique_id=unique_id,
            relation_name=name,
            materialized=CLONED,
            identity=None,
            form=None,
            fingerprint=fingerprint,
            is_stored=result.relation_type != "view",
            doubt=None if fingerprint is not None else doubt,
            parents=(unique_id,),
            inputs=(taken,),
            data=published.data(unique_id) or f"{self._setting.invocation_id}:{unique_id}",
            built_at=time.time(),
            invocation_id=self._setting.invocation_id,
            git_commit=self._setting.git_commit,
        )


def holdings_of(
    store: BuildStore,
    published: PublishedOf,
    *,
    source_data: Callable[[str], str | None] = lambda _: None,
) -> Holdings:
    """Return look-ups over a store and a baseline."""

    def held(unique_id: str, relation_name: str | None) -> str | None:
        found = published(unique_id, relation_name)
        return None if found is None else found.holds(unique_id, relation_name)

    def data(unique_id: str, relation_name: str | None) -> str | None:
        found = published(unique_id, relation_name)
        return None if found is None else found.data(unique_id, relation_name)

    return Holdings(
        record=store.record, published=held, published_data=data, source_data=source_data
    )


def _unrecorded() -> Problem:
    return Problem(
        code="builds-not-recorded",
        severity="warning",
        message="What was built could not be recorded, so later runs do not know what these"
        " relations hold",
        hint="Records are kept in `$XDG_STATE_HOME/upriver`, or `~/.local/state/upriver`; the"
        " directory must be writable",
    )
