"""The results of a run, gathered from its events."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from upriver.run.events import Event, Inlined, RunFinished, StepFinished, StepResult

BAD_STATUSES = frozenset({"error", "fail", "runtime error", "partial success"})


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """How a run ended, in completion order (CLI-95), hooks included."""

    results: tuple[StepResult, ...] = ()
    elapsed: float = 0.0
    is_interrupted: bool = False
    inlined: tuple[Inlined, ...] = ()
    """Ephemeral models that were selected and that no step inlined."""

    @property
    def is_success(self) -> bool:
        """Exit code 0 (CLI-11): nothing failed, and nothing but exposures was left out."""
        return not self.is_interrupted and not any(map(_is_bad, self.results))


def _is_bad(result: StepResult) -> bool:
    if result.status == "skipped":
        return not result.unique_id.startswith("exposure.")
    return result.status in BAD_STATUSES


def report_of(events: Iterable[Event]) -> Report:
    """Run the events to their end and gather the results."""
    results: list[StepResult] = []
    elapsed, is_interrupted = 0.0, False
    for event in events:
        match event:
            case StepFinished(result=result):
                results.append(result)
            case RunFinished(elapsed=elapsed, is_interrupted=is_interrupted):
                pass
            case _:
                pass
    return Report(results=tuple(results), elapsed=elapsed, is_interrupted=is_interrupted)
