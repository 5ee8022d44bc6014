"""What `clone` was asked to make copies of; the project may have a manner of its own."""

from __future__ import annotations

from upriver.project.opened import OpenedProject
from upriver.project.requests import Clone
from upriver.run.setting import CloneOptions


def clone_options(opened: OpenedProject) -> CloneOptions:
    """Return how copies are made, and of which rows."""
    request = opened.request
    mode = opened.workspace.flags.clone_mode
    if not isinstance(request, Clone):
        return CloneOptions(mode=mode)
    return CloneOptions(mode=request.clone_mode or mode, limit=request.limit, where=request.where)
