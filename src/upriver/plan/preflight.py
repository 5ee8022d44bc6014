"""Checks that need no SQL: what a plan is about to read, and would not find (D10, D11)."""

from __future__ import annotations

from collections.abc import Iterable

from upriver.graph.graph import Graph
from upriver.plan.catalog import Catalog
from upriver.plan.decide import exists
from upriver.plan.plan import Decision, Plan, Step
from upriver.problems import Problem


def preflight(plan: Plan, graph: Graph, catalog: Catalog) -> tuple[Problem, ...]:
    """Name every reference that will not be found, with the remedy; each relation once.

    A deferred relation that production never built is an error: nothing this run builds can make
    the reader work. A reference that no side has is a warning, since dbt goes on there. Only
    schemas that could be listed are judged: an unreachable database is the warehouse's to report.
    """
    problems: dict[str, Problem] = {}
    for step in (*plan.before, *plan.steps, *plan.after):
        for decision in step.inputs:
            if decision.target in problems:
                continue
            problem = _check(decision, step, graph, catalog, plan.baseline)
            if problem is not None:
                problems[decision.target] = problem
    return tuple(problems.values())


def _check(
    decision: Decision, step: Step, graph: Graph, catalog: Catalog, baseline: str | None
) -> Problem | None:
    name = graph.entries[decision.target].name
    reader = graph.entries[step.unique_id].name
    if decision.place == "missing":
        return Problem(
            code="deferral-not-in-state",
            severity="warning",
            message=f"`{name}`, read by `{reader}`, exists neither in the target nor in the"
            f" production manifest ({baseline}); it is new, renamed or disabled there",
            hint=f"Build it too: add `+{reader}` or `{name}` to the selection",
            unique_id=decision.target,
        )
    relation = decision.relation
    if decision.place != "baseline" or relation is None:
        return None
    kind = graph.entries[decision.target].kind
    is_listed = catalog.knows_functions if kind == "function" else catalog.knows
    if not is_listed(relation) or exists(catalog, kind, relation):
        return None
    return Problem(
        code="deferral-relation-missing",
        message=f"`{name}`, read by `{reader}`, is deferred to {decision.relation_name}, which"
        f" does not exist in the warehouse, although the manifest names it ({baseline})",
        hint=f"Build it in production, or build it here: add `{name}` to the selection",
        unique_id=decision.target,
    )


def refusal(names: Iterable[str], readers: str, command: str) -> Problem:
    """Say what would have to be built first, and how, where building was not allowed."""
    listed = sorted(names)
    shown = ", ".join(f"`{name}`" for name in listed)
    what = "ancestor differs" if len(listed) == 1 else "ancestors differ"
    return Problem(
        code="fresh-needs-build",
        message=f"{len(listed)} {what} from production and have no copy built from the present"
        f" code: {shown}; {readers} would read something else",
        hint=f"Build first: `upriver build -s {' '.join(listed)} --defer-policy fresh`, or let"
        f" `{command}` build them with `--build-missing`",
    )
