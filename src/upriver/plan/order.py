"""The order of steps: who waits for whom (CLI-66, SEL-38, SEL-40).

Ancestors are kept as bits of whole numbers, so that "every parent of this test is above that
model" is one operation even in a project of ten thousand models.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from graphlib import TopologicalSorter

from upriver.graph.graph import Graph
from upriver.plan.traverse import nearest_selected

TESTS = frozenset({"test", "unit_test"})


def waits(
    graph: Graph,
    selected: frozenset[str],
    *,
    do_tests_gate: bool,
    inlined: frozenset[str] = frozenset(),
) -> dict[str, set[str]]:
    """For each selected id, the selected ids whose steps must have ended before.

    With `do_tests_gate` (only `build`), a resource also waits for the tests of what lies above it.
    Selected ephemeral models, `inlined`, have no step: who waits for one waits for what it would
    have waited for, tests included.
    """
    nearest = nearest_selected(set(selected | inlined), graph.parents)
    waiting = {unique_id: set(found) for unique_id, found in nearest.items()}
    if do_tests_gate:
        _add_gates(graph, selected | inlined, waiting)
        _add_unit_tests_of_inlined(graph, inlined, waiting)
    if inlined:
        _leave_out(inlined, waiting)
    return waiting


def _add_unit_tests_of_inlined(
    graph: Graph, inlined: frozenset[str], waiting: dict[str, set[str]]
) -> None:
    """A unit test of an ephemeral model comes before what inlines it; others run in a step."""
    for test in [i for i in waiting if graph.entries[i].kind == "unit_test"]:
        for model in graph.parents.get(test, ())[:1]:
            if model in inlined:
                waiting[test] = (waiting[test] - {model}) | waiting[model]
                waiting[model].add(test)


def _leave_out(inlined: frozenset[str], waiting: dict[str, set[str]]) -> None:
    for model in topological({one: waiting[one] & inlined for one in inlined}):
        for above in waiting[model] & inlined:
            waiting[model] |= waiting[above]
        waiting[model] -= inlined
    for unique_id in waiting.keys() - inlined:
        for above in waiting[unique_id] & inlined:
            waiting[unique_id] |= waiting[above]
        waiting[unique_id] -= inlined
    for model in inlined:
        del waiting[model]


def _add_gates(graph: Graph, selected: frozenset[str], waiting: dict[str, set[str]]) -> None:
    entries = graph.entries
    tests = [i for i in selected if entries[i].kind == "test"]
    nodes = [i for i in selected if entries[i].kind not in TESTS]
    gates_of: dict[str, set[str]] = {}
    shared: list[tuple[str, tuple[str, ...]]] = []
    for test in tests:
        parents = tuple(dict.fromkeys(p for p in graph.parents.get(test, ()) if p in entries))
        if len(parents) == 1 and parents[0] in selected:
            gates_of.setdefault(parents[0], set()).add(test)
        elif parents:
            shared.append((test, parents))
    for node in nodes:
        for above in tuple(waiting[node]):
            waiting[node] |= gates_of.get(above, set())
    if shared:
        _add_shared_gates(graph, nodes, shared, waiting)


def _add_shared_gates(
    graph: Graph,
    nodes: list[str],
    shared: list[tuple[str, tuple[str, ...]]],
    waiting: dict[str, set[str]],
) -> None:
    """Tests with several parents gate the first nodes that lie below all of them."""
    bit_of = {node: 1 << index for index, node in enumerate(nodes)}
    order = _topological(graph)
    below: dict[str, int] = {}
    for unique_id in reversed(order):
        bits = 0
        for child in graph.children.get(unique_id, ()):
            bits |= below.get(child, 0) | bit_of.get(child, 0)
        below[unique_id] = bits
    for test, parents in shared:
        gated = -1
        for parent in parents:
            gated &= below.get(parent, 0)
        for node in _first_ones(nodes, gated, bit_of, waiting):
            waiting[node].add(test)


def _first_ones(
    nodes: list[str], gated: int, bit_of: Mapping[str, int], waiting: Mapping[str, set[str]]
) -> list[str]:
    found: list[str] = []
    remaining = gated
    while remaining:
        lowest = remaining & -remaining
        node = nodes[lowest.bit_length() - 1]
        remaining ^= lowest
        # A node behind another gated one waits through it.
        if not any(bit_of.get(above, 0) & gated for above in waiting[node]):
            found.append(node)
    return found


def _topological(graph: Graph) -> list[str]:
    done: set[str] = set()
    order: list[str] = []
    for root in graph.entries:
        stack = [(root, False)]
        while stack:
            current, is_expanded = stack.pop()
            if is_expanded:
                order.append(current)
            elif current not in done:
                done.add(current)
                stack.append((current, True))
                stack.extend((parent, False) for parent in graph.parents.get(current, ()))
    return order


def topological(waiting: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """Order ids so that each comes after all it waits for; ties by unique_id."""
    sorter = TopologicalSorter(waiting)
    sorter.prepare()
    order: list[str] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        order.extend(ready)
        sorter.done(*ready)
    return tuple(order)
