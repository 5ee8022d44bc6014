"""A step that is only counted: exposures and saved queries in `build`, and what is reused."""

from __future__ import annotations

from upriver.run.task import Done, Task


def run_nothing(task: Task) -> Done:
    """Do nothing, and say so."""
    if task.step.reused is not None:
        return Done(status="no-op", message=f"reused: {task.step.reused}")
    return Done(status="no-op", message="NO-OP", failures=0)
