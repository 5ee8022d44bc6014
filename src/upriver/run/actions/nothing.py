"""A step that is only counted: exposures and saved queries in `build`."""

from __future__ import annotations

from upriver.run.task import Done, Task


def run_nothing(_task: Task) -> Done:
    """Do nothing, and say so."""
    return Done(status="no-op", message="NO-OP", failures=0)
