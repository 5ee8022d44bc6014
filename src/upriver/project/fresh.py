"""Policy `fresh` before planning: how everything that will be read stands, and what that takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from upriver.plan.catalog import Catalog
from upriver.plan.decide import Standing, needed_builds
from upriver.plan.make import hook_ids
from upriver.plan.preflight import refusal
from upriver.project.evidence import Evidence
from upriver.project.opened import OpenedProject
from upriver.state.defer import DEFERRABLE_KINDS
from upriver.workspace.inputs import option_from_env

_BUILDING = frozenset({"run", "build", "test", "seed", "snapshot"})
"""Commands that build what is missing."""
_ASKING = _BUILDING | {"show"}
"""Commands that read data, so that reading the wrong relation matters."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What the plan is for."""

    command: str
    ids: frozenset[str]
    is_dry: bool = False
    """Only to look at the plan, which is never refused."""


class FreshNeeds(msgspec.Struct, frozen=True, kw_only=True):
    """What policy `fresh` adds to a plan."""

    catalog: Catalog
    standings: Mapping[str, Standing]
    extra: frozenset[str]


def fresh_needs(
    opened: OpenedProject,
    evidence: Evidence,
    asked: Asked,
    list_schemas: Callable[[tuple[str, ...]], Catalog],
) -> FreshNeeds:
    """Find out what has to be built; raises ProblemsError where that is not allowed.

    Which schemas matter shows while looking, so they are listed in rounds: nearly always one.
    """
    graph = evidence.graph
    readers = asked.ids | set(hook_ids(graph))
    own = tuple(i for i in sorted(asked.ids) if graph.entries[i].kind in DEFERRABLE_KINDS)
    catalog = Catalog()
    listed: set[str] = set()
    while True:
        standings: dict[str, Standing] = {}

        def standing(
            unique_id: str, seen: dict[str, Standing] = standings, now: Catalog = catalog
        ) -> Standing:
            if unique_id not in seen:
                seen[unique_id] = evidence.standing(unique_id, now)
            return seen[unique_id]

        needed = needed_builds(graph, readers, standing)
        unlisted = tuple(i for i in (*needed.touched, *own) if i not in listed)
        if not unlisted:
            break
        listed.update(unlisted)
        more = list_schemas(unlisted)
        catalog = Catalog(
            listings={**catalog.listings, **more.listings},
            functions={**catalog.functions, **more.functions},
        )
    for unique_id in own:
        standing(unique_id)
    evidence.local().save()
    may_build = _may_build(opened)
    if needed.builds and asked.command in _ASKING:
        if asked.command not in _BUILDING or not may_build:
            names = (graph.entries[i].name for i in needed.builds)
            problem = refusal(names, "the selection", asked.command)
            if asked.is_dry:
                problem = msgspec.structs.replace(problem, severity="warning")
            opened.require((problem,))
            return FreshNeeds(catalog=catalog, standings=standings, extra=frozenset())
        return FreshNeeds(catalog=catalog, standings=standings, extra=frozenset(needed.builds))
    return FreshNeeds(catalog=catalog, standings=standings, extra=frozenset())


def _may_build(opened: OpenedProject) -> bool:
    """Whether ancestors may be built; the target's setting comes before the project's flag."""
    setting = opened.workspace.deferral.target.build_missing
    is_given = opened.request.options.build_missing is not None
    if setting is None or is_given or option_from_env(opened.caller.env, "BUILD_MISSING"):
        return opened.workspace.flags.build_missing
    return setting
