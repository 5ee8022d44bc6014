"""Evaluating a selection: criteria, graph operators, set operators, attached tests.

Every set is kept as a pair: what is selected, and tests set aside because not all of their parents
are there (yet). Operators combine both, and tests whose parents have come together join (SEL-49).
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from upriver.graph.graph import Graph
from upriver.plan.methods import METHODS, BadValue, Material
from upriver.plan.spec import Criterion, Difference, Intersection, Spec, Union
from upriver.plan.traverse import reach
from upriver.problems import Problem

Ids = frozenset[str]
TEST_KINDS = frozenset({"test", "unit_test"})
INDIRECT_MODES = ("eager", "cautious", "buildable", "empty")


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """The selected ids, before and after the command's resource types were applied."""

    ids: Ids
    """What the command will act on."""
    matched: Ids
    """What the criteria matched, of any kind: `test` counts models named here as selected (D4)."""


class _Pair(msgspec.Struct, frozen=True):
    direct: Ids
    aside: Ids


class _Evaluation:
    """Private state of one evaluation: the material, the default mode, problems so far."""

    def __init__(self, material: Material, mode: str) -> None:
        self.material = material
        self.mode = mode
        self.problems: list[Problem] = []

    @property
    def graph(self) -> Graph:
        return self.material.graph

    def evaluate(self, spec: Spec) -> _Pair:
        if isinstance(spec, Criterion):
            return self.criterion(spec)
        pairs = [self.evaluate(part) for part in spec.parts]
        combine = _OPERATORS[type(spec)]
        direct = combine([pair.direct for pair in pairs])
        aside = combine([pair.direct | pair.aside for pair in pairs])
        if not isinstance(spec, Difference):
            direct = self.rejoin(direct, aside)
        if spec.warns_when_empty and not direct:
            self.problems.append(_no_match(spec.raw))
        return _Pair(direct, aside)

    def criterion(self, criterion: Criterion) -> _Pair:
        found = {
            unique_id
            for unique_id in METHODS[criterion.method](self.material, criterion)
            if self.graph.entries[unique_id].kind != "group"
        }
        return self.with_tests(self.neighbours(criterion, found), criterion.indirect or self.mode)

    def neighbours(self, criterion: Criterion, found: set[str]) -> Ids:
        parents, children = self.graph.parents, self.graph.children
        extra: set[str] = set()
        if criterion.has_childrens_parents:
            family = found | reach(found, children)
            extra |= family | reach(family, parents)
        if criterion.has_parents:
            extra |= reach(found, parents, criterion.parents_depth)
        if criterion.has_children:
            extra |= reach(found, children, criterion.children_depth)
        return frozenset(found | extra)

    def with_tests(self, collected: Ids, mode: str) -> _Pair:
        if mode == "empty":
            return _Pair(collected, frozenset())
        entries = self.graph.entries
        tests = {
            child
            for unique_id in collected
            for child in self.graph.children.get(unique_id, ())
            if entries[child].kind in TEST_KINDS
        }
        if mode == "eager":
            return _Pair(collected | tests, frozenset())
        present = self.presence(collected, mode)
        joined = {test for test in tests if present(test)}
        return _Pair(collected | joined, frozenset(tests - joined))

    def presence(self, collected: Ids, mode: str) -> Callable[[str], bool]:
        around = collected
        if mode == "buildable":
            ancestors = reach(collected, self.graph.parents)
            sources = {i for i, entry in self.graph.entries.items() if entry.kind == "source"}
            around = collected | ancestors | sources
        return lambda test: all(p in around for p in self.graph.parents.get(test, ()))

    def rejoin(self, direct: Ids, aside: Ids) -> Ids:
        if self.mode not in ("cautious", "buildable"):
            return direct
        present = self.presence(direct, self.mode)
        tests = (i for i in aside - direct if self.graph.entries[i].kind in TEST_KINDS)
        return direct | {test for test in tests if present(test)}


def _united(sets: list[Ids]) -> Ids:
    return frozenset[str]().union(*sets)


def _intersected(sets: list[Ids]) -> Ids:
    return sets[0].intersection(*sets[1:]) if sets else frozenset()


def _subtracted(sets: list[Ids]) -> Ids:
    return sets[0].difference(*sets[1:]) if sets else frozenset()


_OPERATORS: dict[type, Callable[[list[Ids]], Ids]] = {
    Union: _united,
    Intersection: _intersected,
    Difference: _subtracted,
}


def _no_match(raw: str) -> Problem:
    return Problem(
        code="selector-no-match",
        severity="warning",
        message=f"The selection criterion '{raw}' does not match any enabled nodes",
        event="NoNodesForSelectionCriteria",
    )


def select(
    spec: Spec,
    material: Material,
    kinds: frozenset[str],
    *,
    mode: str = "eager",
    drops_empty: bool = True,
) -> tuple[Selection, tuple[Problem, ...]]:
    """Evaluate `spec`; keep resources of `kinds`.

    `mode` is the indirect selection mode (SEL-45..48); `drops_empty` removes models without SQL
    (SEL-41). Errors among the problems mean that the selection must not be used.
    """
    evaluation = _Evaluation(material, mode)
    try:
        pair = evaluation.evaluate(spec)
    except BadValue as bad:
        empty = Selection(ids=frozenset(), matched=frozenset())
        return empty, (*evaluation.problems, bad.problem)
    entries = material.graph.entries
    ids = frozenset(
        unique_id
        for unique_id in pair.direct
        if entries[unique_id].kind in kinds and not (drops_empty and entries[unique_id].is_empty)
    )
    return Selection(ids=ids, matched=pair.direct), tuple(evaluation.problems)
