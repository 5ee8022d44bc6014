"""One decision per reference of a step, from the table in `state/defer.py`.

This module gathers the facts the table asks for; it decides nothing itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import msgspec

from upriver.graph.graph import Entry, Graph
from upriver.plan.catalog import Catalog
from upriver.plan.plan import Decision
from upriver.resources.relation import RelationName
from upriver.state.baseline import Baseline, Published, is_deferrable
from upriver.state.defer import DEFERRABLE_KINDS, Facts, Policy, Verdict, decide
from upriver.state.layers import Layer, counterpart_in, first_built, layered
from upriver.state.rules.denial import Denials
from upriver.workspace.upriver_file.rules import DenyRule

BUILDABLE = frozenset({"model", "seed", "snapshot", "function"})
"""Kinds a plan can build."""


class Deferral(msgspec.Struct, frozen=True, kw_only=True):
    """What deferral is asked to do in this invocation."""

    policy: Policy
    baseline: Baseline
    name: str
    """How decisions name the baseline, e.g. its location."""
    layers: tuple[Layer, ...] = ()
    """Where there are several baselines, all of them, best first; `baseline` stands for them."""
    favoured: frozenset[str] = frozenset()
    """Policy `exists` only: of these the baseline is favoured (defect D3)."""

    def policy_for(self, unique_id: str) -> Policy:
        """Return the policy under which a reference to a resource is decided."""
        if self.policy == "exists" and unique_id in self.favoured:
            return "favor-state"
        return self.policy


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How a resource stands between the target and the baseline."""

    is_same: bool = False
    """Its code and ancestry are what the baseline's relation was built from."""
    is_copy_current: bool = False
    """The target's relation was built from its present code and ancestry."""
    has_copy: bool = False
    is_recorded: bool = False
    """It is known what the copy was built from."""
    doubt: str | None = None
    layer: int | None = None
    """Which of several baselines `is_same` is about."""


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What decisions look at beside the reference itself."""

    graph: Graph
    catalog: Catalog
    deferral: Deferral | None
    standings: Mapping[str, Standing] = {}
    """Policy `fresh` only: how what is read stands."""
    denials: Denials | None = None
    selected: frozenset[str]
    """The selected set as `state.defer.counted_as_selected` defines it."""


_UNKNOWN = Standing()


def references(graph: Graph, unique_id: str) -> tuple[str, ...]:
    """Return what a resource reads, looking through ephemeral models, which are inlined.

    Ephemeral models are named as well, before what they read themselves.
    """
    found: dict[str, None] = {}
    stack = list(reversed(graph.parents.get(unique_id, ())))
    while stack:
        target = stack.pop()
        if target in found or target not in graph.entries:
            continue
        found[target] = None
        if graph.entries[target].materialized == "ephemeral":
            stack.extend(reversed(graph.parents.get(target, ())))
    return tuple(found)


def decisions(
    surroundings: Surroundings, targets: tuple[str, ...], built_before: frozenset[str]
) -> tuple[Decision, ...]:
    """Decide every target; `built_before` are resources this plan builds before the reader."""
    entries = surroundings.graph.entries
    return tuple(
        _decision(surroundings, entries[target], is_built=target in built_before)
        for target in targets
        if entries[target].relation is not None or entries[target].materialized == "ephemeral"
    )


def exists(catalog: Catalog, kind: str, name: RelationName | None) -> bool:
    """Whether the target has what a resource names; functions have names of their own."""
    if name is None:
        return False
    return catalog.has_function(name) if kind == "function" else catalog.exists(name)


def counterpart(deferral: Deferral | None, unique_id: str) -> Published | None:
    """Return the published resource a reference may be deferred to, if there is one."""
    if deferral is None:
        return None
    published = deferral.baseline.published.get(unique_id)
    return published if published is not None and is_deferrable(published) else None


def counterparts(deferral: Deferral | None, unique_id: str) -> tuple[Published, ...]:
    """Return every published resource a reference might be deferred to, best first."""
    if deferral is None or not deferral.layers:
        found = counterpart(deferral, unique_id)
        return () if found is None else (found,)
    all_of_them = (counterpart_in(layer, unique_id) for layer in deferral.layers)
    return tuple(one for one in all_of_them if one is not None)


def settled(
    deferral: Deferral | None,
    ids: Iterable[str],
    catalog: Catalog,
    standings: Mapping[str, Standing],
) -> Deferral | None:
    """Choose a layer for each resource, now that it is known what exists.

    Under policy `fresh` the layer that holds what the present code gives comes before others.
    """
    if deferral is None or not deferral.layers:
        return deferral
    chosen: dict[str, int] = {}
    for unique_id in ids:
        at = standings.get(unique_id, _UNKNOWN).layer
        if at is None:
            at = first_built(deferral.layers, unique_id, lambda one: is_there(catalog, one))
        if at is not None:
            chosen[unique_id] = at
    return msgspec.structs.replace(deferral, baseline=layered(deferral.layers, chosen))


def is_there(catalog: Catalog, published: Published) -> bool | None:
    """Whether a published relation exists; None where its schema was not listed."""
    name = published_name(published)
    is_function = published.kind == "function"
    if not (catalog.knows_functions if is_function else catalog.knows)(name):
        return None
    return exists(catalog, published.kind, name)


def published_name(published: Published) -> RelationName:
    """Return the name parts of a published resource."""
    return RelationName(
        database=published.database, schema=published.schema, identifier=published.alias
    )


def _decision(surroundings: Surroundings, entry: Entry, *, is_built: bool) -> Decision:
    deferral = surroundings.deferral
    published = counterpart(deferral, entry.unique_id)
    standing = surroundings.standings.get(entry.unique_id, _UNKNOWN)
    rule = _rule(surroundings.denials, entry, published)
    verdict = decide(
        Facts(
            kind=entry.kind,
            is_ephemeral=entry.materialized == "ephemeral",
            is_selected=entry.unique_id in surroundings.selected,
            is_built_by_this_plan=is_built,
            exists_here=exists(surroundings.catalog, entry.kind, entry.relation),
            in_baseline=published is not None,
            policy=None if deferral is None else deferral.policy_for(entry.unique_id),
            is_same=standing.is_same,
            is_copy_current=standing.is_copy_current,
            is_denied=rule is not None,
            has_mask=rule is not None and rule.use is not None,
        )
    )
    if rule is not None and verdict.place in ("masked", "denied"):
        return _denied(surroundings, (entry, published), verdict, rule)
    if verdict.place == "baseline" and published is not None and deferral is not None:
        return Decision(
            target=entry.unique_id,
            place="baseline",
            reason=verdict.reason,
            relation=published_name(published),
            relation_name=published.relation_name,
            baseline=published.layer or deferral.name,
        )
    is_inlined = verdict.place == "inlined"
    return Decision(
        target=entry.unique_id,
        place=verdict.place,
        reason=verdict.reason,
        relation=None if is_inlined else entry.relation,
        relation_name=None if is_inlined else entry.relation_name,
    )


def _rule(denials: Denials | None, entry: Entry, published: Published | None) -> DenyRule | None:
    """Return the rule against reading a resource's other relation, or a source."""
    if denials is None:
        return None
    if entry.kind == "source":
        return denials.of_source(entry.unique_id)
    return None if published is None else denials.of_published(published)


def _denied(
    surroundings: Surroundings,
    pair: tuple[Entry, Published | None],
    verdict: Verdict,
    rule: DenyRule,
) -> Decision:
    entry, published = pair
    name = entry.relation if published is None else published_name(published)
    rendered = entry.relation_name if published is None else published.relation_name
    masked = None
    if surroundings.denials is not None and name is not None:
        masked = surroundings.denials.masked(rule, name)
    if masked is not None:
        name, rendered = masked
    deferral = surroundings.deferral
    return Decision(
        target=entry.unique_id,
        place=verdict.place,
        reason=verdict.reason,
        relation=name,
        relation_name=rendered,
        baseline=None
        if published is None or deferral is None
        else published.layer or deferral.name,
        rule=rule.name,
    )


def clone_source(
    deferral: Deferral | None, unique_id: str, denials: Denials | None = None
) -> Decision | None:
    """Return the published relation that a copy of a resource is made of, if there is one."""
    published = counterpart(deferral, unique_id)
    if published is None or deferral is None:
        return None
    rule = None if denials is None else denials.of_published(published)
    decision = Decision(
        target=unique_id,
        place="baseline",
        reason="cloned",
        relation=published_name(published),
        relation_name=published.relation_name,
        baseline=published.layer or deferral.name,
    )
    if rule is None or denials is None:
        return decision
    masked = denials.masked(rule, published_name(published))
    denied = msgspec.structs.replace(decision, place="denied", reason="denied", rule=rule.name)
    if masked is None:
        return denied
    return msgspec.structs.replace(
        denied, place="masked", reason="masked", relation=masked[0], relation_name=masked[1]
    )


def schemas_to_list(
    graph: Graph,
    targets: tuple[str, ...],
    deferral: Deferral | None,
    *,
    denials: Denials | None = None,
    are_functions: bool = False,
) -> Mapping[tuple[str | None, str], bool]:
    """Return the schemas decisions need listed: (database, schema) to "is the baseline's".

    `are_functions` asks for those whose functions are needed instead of their relations.
    Only schemas of references that have a counterpart matter for the existence test; the
    baseline's own schemas are listed for the pre-flight check (defect D10).
    """
    wanted: dict[tuple[str | None, str], bool] = {}
    if deferral is None:
        return wanted
    for target in targets:
        entry = graph.entries.get(target)
        if entry is None or entry.relation is None or entry.kind == "source":
            continue
        if (entry.kind == "function") != are_functions:
            continue
        wanted[entry.relation.database, entry.relation.schema or ""] = False
        for published in counterparts(deferral, target):
            wanted.setdefault((published.database, published.schema or ""), True)
            rule = None if denials is None else denials.of_published(published)
            masked = denials.masked(rule, published_name(published)) if denials and rule else None
            if masked is not None:
                wanted.setdefault((masked[0].database, masked[0].schema or ""), True)
    return wanted


class Needed(msgspec.Struct, frozen=True, kw_only=True):
    """What a plan has to build beside what was asked for."""

    builds: tuple[str, ...]
    """In the order in which they were found."""
    touched: tuple[str, ...]
    """Everything whose standing was asked for."""


def needed_builds(graph: Graph, ids: Iterable[str], standing: Callable[[str], Standing]) -> Needed:
    """Return what must be built so that the steps of `ids` read what the present code gives.

    Policy `fresh`: a resource that stands as production's is read there; one that differs is read
    here if its copy was built from just this code and ancestry. Where neither holds there is
    nothing right to read, so it is built before its reader, and its own references are asked about
    in the same way. Nothing is chosen, so no shorter set exists.
    """
    built = set(ids)
    found: dict[str, None] = {}
    touched: dict[str, None] = {}
    waiting = sorted(built)
    while waiting:
        for target in references(graph, waiting.pop()):
            entry = graph.entries[target]
            if target in touched or target in built or entry.kind not in DEFERRABLE_KINDS:
                continue
            if entry.materialized == "ephemeral":
                continue
            touched[target] = None
            stands = standing(target)
            if stands.is_same or stands.is_copy_current or entry.kind not in BUILDABLE:
                continue
            found[target] = None
            waiting.append(target)
    return Needed(builds=tuple(found), touched=tuple(touched))
