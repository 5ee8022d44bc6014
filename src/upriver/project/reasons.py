"""Comparing the project with a state by meaning: what is modified, and why."""

from __future__ import annotations

import functools
from collections.abc import Callable

import msgspec

from upriver.graph.graph import Graph
from upriver.project.evidence import Evidence
from upriver.project.loading import Loaded
from upriver.project.opened import OpenedProject
from upriver.project.published_state import State
from upriver.state.compare import Comparison
from upriver.state.fingerprint.meaning import Parts
from upriver.state.fingerprint.prints import secret_free
from upriver.state.why import Difference, Side, own_differences


class Reasons:
    """A graph against a state by fingerprints; satisfies `plan.methods.StateAnswers`."""

    def __init__(self, opened: OpenedProject, loaded: Loaded, graph: Graph, state: State) -> None:
        """`state` must have a comparison."""
        assert state.comparison is not None  # noqa: S101 - whoever asks has looked
        self.comparison: Comparison = state.comparison
        self._graph = graph
        compared = msgspec.structs.replace(state, ledgers={}, baseline=state.compared, layers=())
        self._parts_of = (opened, loaded, graph, compared)

    @functools.cached_property
    def evidence(self) -> Evidence:
        """Fingerprints of both sides."""
        return Evidence(*self._parts_of)

    def close(self) -> None:
        """Remember what was worked out, and close the records."""
        if "evidence" in self.__dict__:
            self.evidence.close()

    def is_new(self, unique_id: str) -> bool:
        """Whether the state has no counterpart."""
        return self.comparison.is_new(unique_id)

    def is_modified(self, unique_id: str, part: str | None = None) -> bool:
        """Dbt's comparisons, and `semantic`: what the resource itself says differs."""
        if part != "semantic":
            return self.comparison.is_modified(unique_id, part)
        local = self.evidence.local()
        if unique_id not in local.meanings or local.meanings.get(unique_id) is None:
            return self.comparison.is_modified(unique_id)
        if self.is_new(unique_id):
            return unique_id.partition(".")[0] != "source"
        published = self.evidence.published()
        theirs = None if published is None else published.identity(unique_id)
        return theirs is None or theirs != local.identity(unique_id)

    def why(self, unique_id: str) -> tuple[Difference, ...]:
        """Return what differs: in the resource itself, and which ancestors do."""
        if self.is_new(unique_id):
            return (Difference(kind="new"),)
        own: tuple[Difference, ...] = ()
        if self.is_modified(unique_id, "semantic"):
            own = self.own(unique_id)
        return (*own, *self._ancestors(unique_id))

    def own(self, unique_id: str) -> tuple[Difference, ...]:
        """Return in what a resource that is modified itself differs."""
        local, published = self.evidence.local(), self.evidence.published()
        here, there = local.parts(unique_id), self._published_parts(unique_id)
        if here is None or there is None or published is None:
            reasons = self.comparison.reasons(unique_id)
            return tuple(Difference(kind="other", name=reason) for reason in reasons)
        package = unique_id.split(".")[1]
        found = own_differences(
            Side(
                parts=here,
                macro_digest=lambda macro: local.side.macros.text(macro).digest,
                answer=lambda ask: local.answer(ask, package),
            ),
            Side(
                parts=there,
                macro_digest=self._published_macro,
                answer=lambda ask: secret_free(ask, published.answer(ask, package)),
            ),
        )
        return found or (Difference(kind="built-before"),)

    def _ancestors(self, unique_id: str) -> tuple[Difference, ...]:
        """Return the nearest ancestors that differ themselves."""
        found: dict[str, None] = {}
        seen: set[str] = set()
        front = list(self._graph.parents.get(unique_id, ()))
        while front:
            parent = front.pop(0)
            if parent in seen:
                continue
            seen.add(parent)
            if self.is_new(parent) or self.is_modified(parent, "semantic"):
                found[parent] = None
            else:
                front.extend(self._graph.parents.get(parent, ()))
        return tuple(
            Difference(kind="ancestor", name=self._graph.entries[one].name) for one in found
        )

    @functools.cached_property
    def _published(self) -> tuple[Callable[[str], Parts | None], Callable[[str], str]]:
        return self.evidence.published_parts()

    def _published_parts(self, unique_id: str) -> Parts | None:
        return self._published[0](unique_id)

    def _published_macro(self, unique_id: str) -> str:
        return self._published[1](unique_id)
