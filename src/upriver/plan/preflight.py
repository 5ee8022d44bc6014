"""Checks that need no SQL: what a plan is about to read, and would not find (D10, D11)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from upriver.graph.graph import Graph
from upriver.plan.catalog import Catalog
from upriver.plan.decide import exists
from upriver.plan.plan import Decision, Plan, Step
from upriver.problems import Problem, Span
from upriver.resources.nodes import Node
from upriver.state.rules.denial import Denials
from upriver.state.rules.written import WrittenName, fixed_names, written_hint
from upriver.workspace.upriver_file.rules import DenyRule

_STATES = frozenset({"baseline", "masked"})
_HOOKS = ("pre-hook", "post-hook")


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
    if decision.place not in ("baseline", "masked") or relation is None:
        return None
    kind = graph.entries[decision.target].kind
    is_listed = catalog.knows_functions if kind == "function" else catalog.knows
    if not is_listed(relation) or exists(catalog, kind, relation):
        return None
    if decision.place == "masked":
        return Problem(
            code="deferral-relation-missing",
            message=f"`{name}`, read by `{reader}`, is masked by the rule `{decision.rule}` with"
            f" {decision.relation_name}, which does not exist in the warehouse",
            hint="Build the masked relation, or correct `use:` of the rule in `upriver.yml`",
            unique_id=decision.target,
        )
    return Problem(
        code="deferral-relation-missing",
        message=f"`{name}`, read by `{reader}`, is deferred to {decision.relation_name}, which"
        f" does not exist in the warehouse, although the manifest names it ({baseline})",
        hint=f"Build it in production, or build it here: add `{name}` to the selection",
        unique_id=decision.target,
    )


def denied_reads(plan: Plan, graph: Graph, own: Mapping[str, Decision]) -> tuple[Problem, ...]:
    """Name everything a plan would read of another environment against a rule; each once.

    `own` is, of steps that look at their own resource, what that is.
    """
    readers: dict[str, list[str]] = {}
    denied: dict[str, Decision] = {}
    for step in (*plan.before, *plan.steps, *plan.after):
        for decision in reads_of(step, own):
            if decision.place == "denied":
                readers.setdefault(decision.target, []).append(step.unique_id)
                denied.setdefault(decision.target, decision)
    return tuple(_against(graph, denied[target], found) for target, found in readers.items())


def written_reads(plan: Plan, graph: Graph, denials: Denials) -> tuple[Problem, ...]:
    """Name every relation that a text of the plan writes out against a rule, with its place.

    Only what a text says however it is rendered is known before anything is sent; what rendering gives
    is looked at when it is sent (`state/rules/statements.py`).
    """
    found: dict[tuple[str, str, int], Problem] = {}
    seen: set[str] = set()
    for step in (*plan.before, *plan.steps, *plan.inlined, *plan.after):
        for node in _nodes(step, graph, seen):
            for name in _names(node):
                rule = denials.of_written(name.relation)
                if rule is not None and rule.written != "allow":
                    key = (node.original_file_path, name.text, name.line)
                    found.setdefault(key, _problem(node, name, rule))
    return tuple(found.values())


def _nodes(step: Step, graph: Graph, seen: set[str]) -> Iterator[Node]:
    """Yield the node of a step, and the ephemeral models that are inlined into it."""
    is_idle = step.reused is not None or step.action in ("clone", "seed")
    front = [] if is_idle else [step.unique_id, *step.unit_tests]
    front += [one.target for one in step.inputs if one.place == "inlined"]
    for unique_id in front:
        node = None if unique_id in seen else graph.resources.get(unique_id)
        seen.add(unique_id)
        if isinstance(node, Node):
            yield node


def _names(node: Node) -> Iterator[WrittenName]:
    if node.language == "sql":
        yield from fixed_names(node.raw_code)
    for moment in _HOOKS:
        for hook in node.config.get(moment) or ():
            text = hook.get("sql") if isinstance(hook, dict) else hook
            yield from fixed_names(text if isinstance(text, str) else "")


def _problem(node: Node, name: WrittenName, rule: DenyRule) -> Problem:
    reason = f": {rule.reason}" if rule.reason else ""
    return Problem(
        code="deferral-denied",
        severity="warning" if rule.written == "warn" else "error",
        message=f"`{node.name}` names {name.text} in its SQL, which the rule `{rule.name}`"
        f" denies{reason}",
        span=Span(file=node.original_file_path, line=node.line + name.line - 1),
        hint=written_hint(rule),
        unique_id=node.unique_id,
    )


def tests_elsewhere(plan: Plan, graph: Graph) -> tuple[Problem, ...]:
    """Name every test that says nothing of what is here: all that it reads is a state's (D5)."""
    problems: list[Problem] = []
    for step in plan.steps:
        read = [one for one in step.inputs if one.place not in ("source", "inlined")]
        if step.action != "test" or not read or any(one.place not in _STATES for one in read):
            continue
        names = ", ".join(dict.fromkeys(f"{one.relation_name}" for one in read))
        tested = graph.entries[read[0].target].name
        problems.append(
            Problem(
                code="test-of-state",
                message=f"`{graph.entries[step.unique_id].name}` would test {names}"
                f" ({plan.baseline}), and nothing that was built here",
                hint=f"Build it first: `upriver build -s {tested}`",
                unique_id=step.unique_id,
            )
        )
    return tuple(problems)


def reads_of(step: Step, own: Mapping[str, Decision]) -> tuple[Decision, ...]:
    """Return everything a step reads: references, what it is a copy of, its own resource."""
    more = (step.clone, own.get(step.unique_id))
    return tuple(dict.fromkeys((*step.inputs, *(one for one in more if one is not None))))


def _against(graph: Graph, decision: Decision, readers: list[str]) -> Problem:
    target = decision.target
    names = [f"`{graph.entries[reader].name}`" for reader in readers[:3]]
    more = f" and {len(readers) - len(names)} more" if len(readers) > len(names) else ""
    entry = graph.entries[target]
    verb = "cloned" if readers == [target] else f"read by {', '.join(names)}{more}"
    origin = f" of {decision.baseline}" if decision.baseline else ""
    is_source = entry.kind == "source"
    hint = "Read something else, or run with a target that the rule does not hold for"
    if not is_source:
        hint = (
            f"Build it here: add `{entry.name}` to the selection, or `--empty` for its columns"
            " alone"
        )
    return Problem(
        code="deferral-denied",
        message=f"`{entry.name}`, {verb}, would be read from {decision.relation_name}{origin},"
        f" which the rule `{decision.rule}` denies",
        hint=f"{hint}; or let the rule name a masked or sampled relation with `use:`",
        unique_id=target,
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
