"""From a selection to a plan: list what matters, and ask fingerprints where they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from upriver.plan.catalog import Catalog
from upriver.plan.decide import settled
from upriver.plan.make import Cloning, PlanRequest, make_plan, referenced
from upriver.plan.plan import Plan
from upriver.project.copying.choice import cloning_of, copied
from upriver.project.loading import Loaded
from upriver.project.opened import OpenedProject
from upriver.project.published_state import State
from upriver.project.warehouse import SchemaName

_REUSING = frozenset({"run", "build"})


class Planning(msgspec.Struct, frozen=True, kw_only=True):
    """What planning needs beside the request."""

    opened: OpenedProject
    loaded: Loaded
    state: State
    is_dry: bool
    list_targets: Callable[[PlanRequest, tuple[str, ...]], Catalog]
    """Lists the schemas that matter for reading these resources."""
    list_schemas: Callable[[Mapping[SchemaName, bool]], Catalog]


def plan_of(planning: Planning, request: PlanRequest) -> tuple[Plan, PlanRequest]:
    """Return the plan, and the request with what was found out for it."""
    request = _looked_up(planning, request)
    request = msgspec.structs.replace(request, cloning=_cloning(planning, request))
    plan = make_plan(request)
    if request.command not in _REUSING or not is_reuse_wanted(planning.opened):
        return plan, request
    return _reusing(planning, request, plan), request


def is_reuse_wanted(opened: OpenedProject) -> bool:
    """Whether what would give what is there is left out."""
    given: bool | None = getattr(opened.request, "reuse", None)
    return bool(opened.workspace.deferral.target.reuse if given is None else given)


def _looked_up(planning: Planning, request: PlanRequest) -> PlanRequest:
    """List schemas; under policy `fresh`, find out what has to be built."""
    ids = request.selection.ids
    own = copied(planning.opened, request.graph, _acted_on(request), request.command)
    read = (*(() if request.command == "clone" else referenced(request.graph, ids)), *own)
    if request.deferral is not None and request.deferral.layers:
        # Which layer has built a resource is asked of what is built or cloned itself, too.
        read = tuple(dict.fromkeys((*read, *sorted(ids))))
    if not is_fresh(request) or request.command == "clone":
        catalog = planning.list_targets(request, read)
        deferral = settled(request.deferral, read, catalog, {})
        return msgspec.structs.replace(request, catalog=catalog, deferral=deferral)
    # Fingerprints are loaded for who asks for them.
    from upriver.project.evidence import Evidence
    from upriver.project.fresh import Asked, fresh_needs

    found = fresh_needs(
        planning.opened,
        Evidence(planning.opened, planning.loaded, request.graph, planning.state),
        Asked(
            command=request.command,
            ids=_acted_on(request),
            is_dry=planning.is_dry,
        ),
        lambda targets: planning.list_targets(request, targets),
    )
    read = tuple(dict.fromkeys((*read, *referenced(request.graph, found.extra))))
    return msgspec.structs.replace(
        request,
        catalog=found.catalog,
        standings=found.standings,
        extra=found.extra,
        deferral=settled(request.deferral, read, found.catalog, found.standings),
    )


def is_fresh(request: PlanRequest) -> bool:
    """Whether what is read has to be what the present code gives."""
    return request.deferral is not None and request.deferral.policy == "fresh"


def _acted_on(request: PlanRequest) -> frozenset[str]:
    ids = request.selection.ids
    return ids if request.only is None else ids & request.only


def _cloning(planning: Planning, request: PlanRequest) -> Cloning:
    own = copied(planning.opened, request.graph, _acted_on(request), request.command)
    if not own or request.deferral is None:
        return Cloning()
    return cloning_of(planning.opened, planning.loaded, planning.state, request, own)


def _reusing(planning: Planning, request: PlanRequest, plan: Plan) -> Plan:
    """Leave out what would give what is there already."""
    # Fingerprints are loaded for who asks for them.
    from upriver.project.evidence import Evidence
    from upriver.project.reuse import ReuseRules, Seen, find_reused, own_schemas

    catalog = request.catalog
    copies = None if is_fresh(request) else request.deferral
    more = own_schemas(plan, request.graph, catalog, copies)
    if more:
        listed = planning.list_schemas(more)
        catalog = Catalog(
            listings={**listed.listings, **catalog.listings}, functions=catalog.functions
        )
    rules = ReuseRules(
        is_volatile_reused=planning.opened.workspace.flags.reuse_volatile,
        flags=planning.loaded.settings.flags,
    )
    state = planning.state
    if request.deferral is not None:
        state = msgspec.structs.replace(state, baseline=request.deferral.baseline)
    evidence = Evidence(planning.opened, planning.loaded, request.graph, state)
    seen = Seen(
        catalog=catalog,
        standings=request.standings,
        deferral=request.deferral,
        denials=request.denials,
    )
    found = find_reused(plan, request.graph, evidence, seen, rules)
    evidence.close()
    cloning = msgspec.structs.replace(request.cloning, instead=found.copied)
    return make_plan(msgspec.structs.replace(request, reused=found.reused, cloning=cloning))
