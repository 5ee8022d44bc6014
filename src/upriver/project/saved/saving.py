"""What a run did not have to build, and a note of it for `stats`.

How long that would have taken is what it took the state: by the records of its builds, and by its
run results for the rest. A run without deferral is noted too, so that `stats` can compare.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from upriver.graph.graph import Graph
from upriver.plan.catalog import Catalog, schema_key
from upriver.plan.plan import BUILDING, Plan
from upriver.project.build_store import open_builds
from upriver.project.events import Said
from upriver.project.memory import Memory
from upriver.project.opened import OpenedProject
from upriver.project.published_state import State
from upriver.run.events import StepResult
from upriver.run.report import Report
from upriver.state.age import spell_seconds

_COUNTED = frozenset({"model", "seed", "snapshot"})
_NOTED = frozenset({"run", "build", "seed", "snapshot", "test", "clone"})
_FAILED = frozenset({"error", "runtime error", "skipped"})
_encode = msgspec.msgpack.Encoder().encode
_TIMES = msgspec.msgpack.Decoder(dict[str, float])


class Saving(msgspec.Struct, frozen=True, kw_only=True):
    """What was not built."""

    not_built: int = 0
    """Ancestors that a state has, and that the target lacks."""
    timed: int = 0
    """Of them, those of which it is known how long they took."""
    seconds: float = 0.0
    reused: int = 0
    reused_seconds: float = 0.0

    @property
    def is_something(self) -> bool:
        """Whether there is anything to tell."""
        return bool(self.not_built or self.reused)


class RunNote(msgspec.Struct, frozen=True, array_like=True):
    """One run, as `stats` knows it."""

    moment: float
    project: str
    target: str
    command: str
    policy: str | None
    built: int
    built_seconds: float
    saving: tuple[int, int, float, int, float]
    """The fields of `Saving`."""


class Ran(msgspec.Struct, frozen=True, kw_only=True):
    """A run that has ended."""

    plan: Plan
    graph: Graph
    catalog: Catalog
    state: State
    report: Report


def remember(opened: OpenedProject, ran: Ran) -> None:
    """Remember how long steps took, tell what was saved, and note the run."""
    memory = Memory(opened.store)
    own = memory.durations() if any(step.reused for step in ran.plan.steps) else {}
    results = ran.report.results
    memory.put_durations({r.unique_id: r.execution_time for r in results if _is_timed(r)})
    if ran.plan.command not in _NOTED:
        return
    is_deferring = ran.plan.policy is not None
    times = timings(opened, ran.state) if is_deferring else {}
    saving = saving_of(ran, times, own)
    if saving.is_something:
        data = msgspec.to_builtins(saving)
        opened.listener(Said(text=line_of(saving), data=data))
    _note(opened, ran, saving)


def _is_timed(result: StepResult) -> bool:
    """Whether a result tells how long its step takes; a failure or a skip does not."""
    is_work = result.action in {"run", "seed", "snapshot", "test", "unit-test"}
    return is_work and result.status not in {"error", "skipped"}


def saving_of(ran: Ran, times: Mapping[str, float], own: Mapping[str, float]) -> Saving:
    """Count what deferral and reuse left out; `own` says how long steps took here."""
    plan = ran.plan
    left_out = _not_built(ran) if plan.policy is not None else set()
    known = [seconds for seconds in map(times.get, left_out) if seconds is not None]
    reused = [step.unique_id for step in plan.steps if step.reused is not None]
    return Saving(
        not_built=len(left_out),
        timed=len(known),
        seconds=round(sum(known), 3),
        reused=len(reused),
        reused_seconds=round(sum(times.get(i) or own.get(i, 0.0) for i in reused), 3),
    )


def _not_built(ran: Ran) -> set[str]:
    """Return what is read from a state, and what that was made of, as far as it is not here.

    Under policy `exists` what lies in the target would not have been built either.
    """
    plan, graph = ran.plan, ran.graph
    if plan.command == "clone":
        return set()
    built = {step.unique_id for step in plan.steps if step.action != "clone"}
    failed = {r.unique_id for r in ran.report.results if r.status in _FAILED}
    front = {
        decision.target
        for step in plan.steps
        if step.unique_id not in failed
        for decision in step.inputs
        if decision.place == "baseline"
    } - built
    seen = set(front)
    waiting = list(front)
    while waiting:
        for parent in graph.parents.get(waiting.pop(), ()):
            if parent not in seen and parent not in built:
                seen.add(parent)
                waiting.append(parent)
    return set(_lacking(seen, ran))


def _lacking(ids: Iterable[str], ran: Ran) -> Iterator[str]:
    """Give those that the target would have had to build; thousands at a time."""
    looks = ran.plan.policy == "exists"
    listings: dict[tuple[str | None, str | None], Mapping[str, str]] = {}
    for unique_id in ids:
        entry = ran.graph.entries[unique_id]
        if entry.kind not in _COUNTED or entry.materialized == "ephemeral":
            continue
        name = entry.relation
        if looks and name is not None:
            schema = (name.database, name.schema)
            if schema not in listings:
                listings[schema] = ran.catalog.listings.get(schema_key(*schema), {})
            listing = listings[schema]
            if listing and (name.identifier or "").lower() in listing:
                continue
        yield unique_id


def timings(opened: OpenedProject, state: State) -> dict[str, float]:
    """Return how long the state's builds took, by unique_id."""
    found: dict[str, float] = {}
    for _, baseline in reversed(state.baselines()):
        found.update(_results(opened, baseline.origin.location))
        found.update(baseline.seconds)
    return found


def _results(opened: OpenedProject, location: str) -> Mapping[str, float]:
    """Return the timings of run results, which are read once."""
    folder = location if os.path.isdir(location) else os.path.dirname(location)
    path = os.path.join(folder, "run_results.json")
    try:
        stat = os.stat(path)
    except OSError:
        return {}
    key = f"timings:{path}:{stat.st_size}:{stat.st_mtime_ns}"
    data = opened.store.get("baseline", key)
    if data is not None:
        return _TIMES.decode(data)
    # Only where the file was not seen before.
    from upriver.state.run_results import load_run_results

    run, _ = load_run_results(folder)
    rows = () if run is None else run.results.values()
    found = {row.unique_id: row.execution_time for row in rows if row.status == "success"}
    opened.store.put([("baseline", key, _encode(found))])
    return found


def line_of(saving: Saving) -> str:
    """Say what was saved, in one line."""
    parts: list[str] = []
    if saving.not_built:
        noun = "ancestor" if saving.not_built == 1 else "ancestors"
        part = f"{saving.not_built:,} {noun} not built here"
        if saving.timed:
            part += f": {spell_seconds(saving.seconds)} of the state's warehouse time"
        if 0 < saving.timed < saving.not_built:
            part += f" ({saving.timed:,} of them timed)"
        parts.append(part)
    if saving.reused:
        part = f"{saving.reused:,} reused"
        if saving.reused_seconds:
            part += f": {spell_seconds(saving.reused_seconds)}"
        parts.append(part)
    return f"Saved: {'; '.join(parts)}"


def _note(opened: OpenedProject, ran: Ran, saving: Saving) -> None:
    profile = opened.workspace.profile
    built = [r for r in ran.report.results if r.action in BUILDING and r.status == "success"]
    if profile is None or not (built or saving.is_something):
        return
    note = RunNote(
        moment=time.time(),
        project=opened.workspace.name,
        target=profile.target_name,
        command=ran.plan.command,
        policy=ran.plan.policy,
        built=len(built),
        built_seconds=round(sum(result.execution_time for result in built), 3),
        saving=(
            saving.not_built, saving.timed, saving.seconds, saving.reused, saving.reused_seconds,
        ),
    )  # fmt: skip
    store = open_builds(opened)
    store.add_note(note.moment, _encode(note))
    store.close()


def decode_notes(notes: Iterable[bytes]) -> list[RunNote]:
    """Read notes; one that cannot be read is none."""
    decode = msgspec.msgpack.Decoder(RunNote).decode
    found: list[RunNote] = []
    for data in notes:
        try:
            found.append(decode(data))
        except msgspec.MsgspecError:
            continue
    return found
