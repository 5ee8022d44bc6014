"""What `clone` was asked to make copies of; the project may have a manner of its own."""

from __future__ import annotations

from upriver.project.opened import OpenedProject
from upriver.project.requests import Clone
from upriver.run.setting import CloneOptions


def clone_options(opened: OpenedProject) -> CloneOptions:
    """Return how copies are made, and of which rows."""
    request = opened.request
    if not isinstance(request, Clone):
        # A copy stands for a build, and has the form of one.
        return CloneOptions(mode="copy")
    mode = request.clone_mode or opened.workspace.flags.clone_mode
    return CloneOptions(mode=mode, limit=request.limit, where=request.where)
