"""What is checked of a deferring plan before anything of it runs, and the record of what it reads."""

from __future__ import annotations

import os
from collections.abc import Mapping

import msgspec

from upriver.graph.graph import Graph
from upriver.plan.catalog import Catalog
from upriver.plan.decide import Deferral
from upriver.plan.guard import overwritten
from upriver.plan.make import PlanRequest
from upriver.plan.plan import Decision, Plan, Step
from upriver.plan.preflight import denied_reads, preflight, tests_elsewhere, written_reads
from upriver.problems import Problem, has_errors
from upriver.project.deferring.audit import Ending, audit
from upriver.project.opened import OpenedProject
from upriver.state.baseline import Published
from upriver.state.rules.denial import Denials, Guarded
from upriver.workspace.profile import Profile, open_profile

_TARGET_VARIABLES = ("DBT_TARGET", "DBT_ENGINE_TARGET")
_SQL_COMMANDS = frozenset({"run", "build", "test", "seed", "snapshot", "show", "run-operation"})
"""Commands that read the deferred relations, so that missing ones matter."""


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """A plan, and what it reads of other environments."""

    plan: Plan
    graph: Graph
    catalog: Catalog
    deferral: Deferral | None
    denials: Denials | None


def reading_of(plan: Plan, request: PlanRequest) -> Reading:
    """Return a plan with what it was made from."""
    return Reading(
        plan=plan,
        graph=request.graph,
        catalog=request.catalog,
        deferral=request.deferral,
        denials=request.denials,
    )


def what_deferral_misses(
    opened: OpenedProject, reading: Reading, *, is_dry: bool
) -> tuple[Problem, ...]:
    """Return what would go wrong with a deferring plan, before anything of it has run.

    Only to look at a plan is never refused, and the project may have dbt's way instead.
    """
    plan, graph = reading.plan, reading.graph
    denied = denied_reads(plan, graph, _own(reading))
    if reading.denials is not None:
        denied = (*denied, *written_reads(plan, graph, reading.denials))
    if is_dry:
        denied = _as_warnings(denied)
    elif has_errors(denied):
        denied = (*denied, *audited(opened, reading, "refused"))
    deferral = reading.deferral
    if plan.command not in _SQL_COMMANDS or deferral is None:
        return denied
    flags = opened.workspace.flags
    denied = (*denied, *_tests(opened, reading, is_dry=is_dry))
    unread = preflight(plan, graph, reading.catalog)
    if is_dry or not flags.check_deferred_relations:
        unread = _as_warnings(unread)
    if not flags.protect_deferred_relations:
        return (*denied, *unread)
    profile = opened.workspace.profile
    over = overwritten(plan, graph, deferral, None if profile is None else profile.target_name)
    usual = _usual_name(opened, profile) if over and profile is not None else None
    if usual is not None:
        over = overwritten(plan, graph, deferral, usual)
    return (*denied, *unread, *(_as_warnings(over) if is_dry else over))


def _usual_name(opened: OpenedProject, profile: Profile) -> str | None:
    """Return the name of the profile's default target, where the chosen one, with more threads or
    other settings, is the same place under another name.

    What runs without `--target` is one's own. Any other target at the same place may be production,
    to which this one points by mistake.
    """
    given = opened.workspace.inputs
    inputs = msgspec.structs.replace(
        given,
        target=None,
        env={key: value for key, value in given.env.items() if key not in _TARGET_VARIABLES},
        profile=profile.name,
        profiles_dir=os.path.dirname(profile.profiles_path),
    )
    found, _ = open_profile(inputs, opened.workspace.root, profile.name)
    is_same = found is not None and _place(found.profile) == _place(profile)
    return found.profile.target_name if found is not None and is_same else None


def _place(profile: Profile) -> tuple[str | None, ...]:
    own = profile.credentials
    port = str(own.shown.get("port") or "")
    return (own.type, own.unique_field, port, own.database, own.schema)


def _tests(opened: OpenedProject, reading: Reading, *, is_dry: bool) -> tuple[Problem, ...]:
    """Return tests of nothing but a state's relations, where the target minds them."""
    wanted = opened.workspace.deferral.target.deferred_tests
    if wanted == "allow":
        return ()
    found = tests_elsewhere(reading.plan, reading.graph)
    return _as_warnings(found) if is_dry or wanted == "warn" else found


def audited(opened: OpenedProject, reading: Reading, outcome: Ending) -> tuple[Problem, ...]:
    """Record what the plan reads elsewhere."""
    return audit(opened, reading.plan, outcome, _own(reading))


def readable_counterparts(reading: Reading) -> Mapping[str, Published]:
    """Return the counterparts that clones and macros may read, masked where a rule says so."""
    if reading.deferral is None:
        return {}
    published = reading.deferral.baseline.published
    return published if reading.denials is None else Guarded(published, reading.denials)


def _own(reading: Reading) -> Mapping[str, Decision]:
    """Return, of steps that look at the rows of a source, what a rule says of it."""
    found = {step.unique_id: _own_read(reading, step) for step in reading.plan.steps}
    return {unique_id: decision for unique_id, decision in found.items() if decision is not None}


def _own_read(reading: Reading, step: Step) -> Decision | None:
    denials = reading.denials
    if step.action != "freshness" or denials is None:
        return None
    rule = denials.of_source(step.unique_id)
    entry = reading.graph.entries[step.unique_id]
    if rule is None:
        return None
    return Decision(
        target=step.unique_id,
        place="denied",
        reason="denied",
        relation=entry.relation,
        relation_name=entry.relation_name,
        rule=rule.name,
    )


def _as_warnings(problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    return tuple(msgspec.structs.replace(p, severity="warning") for p in problems)
