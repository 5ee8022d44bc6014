"""Which step may start next: readiness, priority and skips, without threads or clocks.

A step is ready when everything it waits for has ended. When a step ends badly, everything behind
it is doomed at once and reported as skipped when it would have become ready, so that skips come
in an order that respects the graph. Among ready steps the one with the longest path behind it
goes first, then the one that most steps wait for, then plan order: the coordinator never decides,
it only asks.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Mapping, Sequence

import msgspec

from upriver.plan.plan import Step


class Ready(msgspec.Struct, frozen=True):
    """A step whose turn it is; `skipped_by` names the step whose failure keeps it from running."""

    step: Step
    skipped_by: str | None = None


class Schedule:
    """The steps that have not ended yet."""

    def __init__(self, steps: Sequence[Step], durations: Mapping[str, float]) -> None:
        self._steps = {step.unique_id: step for step in steps}
        self._behind = _waiters(self._steps)
        self._open = {
            step.unique_id: len({above for above in step.waits_for if above in self._steps})
            for step in steps
        }
        self._priority = _priorities(steps, self._behind, durations)
        self._doomed: dict[str, str] = {}
        self._remaining = dict.fromkeys(self._steps)
        self._heap = [
            (*self._priority[unique_id], unique_id)
            for unique_id, count in self._open.items()
            if count == 0
        ]
        heapq.heapify(self._heap)

    def pop(self) -> Ready | None:
        """Take the next ready step, if there is one."""
        if not self._heap:
            return None
        unique_id = heapq.heappop(self._heap)[-1]
        self._remaining.pop(unique_id)
        return Ready(self._steps[unique_id], self._doomed.get(unique_id))

    def end(self, unique_id: str, *, is_blocking: bool) -> None:
        """Record that a step taken with `pop` has ended."""
        if is_blocking:
            self._doom(unique_id)
        for waiter in self._behind[unique_id]:
            self._open[waiter] -= 1
            if self._open[waiter] == 0:
                heapq.heappush(self._heap, (*self._priority[waiter], waiter))

    def rest(self) -> tuple[Step, ...]:
        """Take every step that was not taken yet, in plan order."""
        steps = tuple(self._steps[unique_id] for unique_id in self._remaining)
        self._remaining.clear()
        self._heap.clear()
        return steps

    def _doom(self, unique_id: str) -> None:
        cause = self._doomed.get(unique_id, unique_id)
        stack = list(self._behind[unique_id])
        while stack:
            waiter = stack.pop()
            if waiter not in self._doomed:
                self._doomed[waiter] = cause
                stack.extend(self._behind[waiter])


def _waiters(steps: Mapping[str, Step]) -> dict[str, list[str]]:
    behind: dict[str, list[str]] = {unique_id: [] for unique_id in steps}
    for step in steps.values():
        for above in dict.fromkeys(step.waits_for):
            if above in behind:
                behind[above].append(step.unique_id)
    return behind


def _priorities(
    steps: Sequence[Step], behind: Mapping[str, Collection[str]], durations: Mapping[str, float]
) -> dict[str, tuple[float, int, int]]:
    """Smaller goes first. Plans are in topological order, so one pass from the end is enough."""
    # A step never timed counts as an average one, so that it neither hides nor dominates a path.
    usual = sum(durations.values()) / len(durations) if durations else 1.0
    length: dict[str, float] = {}
    for step in reversed(steps):
        own = durations.get(step.unique_id, usual)
        length[step.unique_id] = own + max(
            (length.get(waiter, 0.0) for waiter in behind[step.unique_id]), default=0.0
        )
    return {
        step.unique_id: (-length[step.unique_id], -len(behind[step.unique_id]), position)
        for position, step in enumerate(steps)
    }
