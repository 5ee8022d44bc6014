"""Whether the checkout is behind the state: then what is edited here is not what production runs."""

from __future__ import annotations

from upriver.problems import Problem
from upriver.project.opened import OpenedProject
from upriver.project.published_state import State
from upriver.state.remote.revision import is_ancestor

_BUCKET = "ancestry"
_YES, _NO = b"yes", b"no"


def behind(opened: OpenedProject, state: State) -> tuple[Problem, ...]:
    """Warn of states that were made from a commit which the present one is an ancestor of (D10).

    A branch that has commits of its own is not behind, however old it is.
    """
    head = opened.invocation.git_commit
    found = []
    for line, baseline in state.baselines():
        commit = baseline.origin.git_commit
        is_behind = head and commit and head != commit and _is_behind(opened, head, commit)
        if is_behind and commit is not None:
            found.append(_problem(line, commit))
    return tuple(found)


def _is_behind(opened: OpenedProject, head: str, commit: str) -> bool:
    """Ask git once for each pair: what is an ancestor of what never changes."""
    key = f"{head}:{commit}"
    known = opened.store.get(_BUCKET, key)
    if known is not None:
        return known == _YES
    answer = is_ancestor(opened.workspace.root, head, commit)
    if answer is not None:
        opened.store.put([(_BUCKET, key, _YES if answer else _NO)])
    return bool(answer)


def _problem(line: str, commit: str) -> Problem:
    return Problem(
        code="state-newer-than-checkout",
        severity="warning",
        message=f"The state was made from {commit[:8]}, which is newer than this checkout: {line}",
        hint="Update the checkout, or defer to an older state: what production has now is of code"
        " that is not here yet",
    )
