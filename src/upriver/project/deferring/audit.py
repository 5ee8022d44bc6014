"""The record of what each run reads of other environments: one line of JSON for each run.

It is written before the first statement, so that a run that is killed has said what it was going to
read, and a run that a rule stops has said what it was refused. A line is appended by one write, and
under a lock where the system has one, so that runs at the same time do not mix theirs.

It names relations, environments and rules; never values, credentials or the addresses' secrets.
"""

from __future__ import annotations

import datetime
import os
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from upriver.plan.plan import Decision, Plan, Step
from upriver.plan.preflight import reads_of
from upriver.problems import Problem
from upriver.project.opened import OpenedProject

Ending = Literal["begins", "refused", "reads"]
"""`reads` is what shows only while a macro runs."""
FILE = "upriver_reads.jsonl"
_ELSEWHERE = frozenset({"baseline", "masked", "denied"})


def audit(
    opened: OpenedProject, plan: Plan, outcome: Ending, own: Mapping[str, Decision]
) -> tuple[Problem, ...]:
    """Append what a plan reads elsewhere; `own` is as for `denied_reads`.

    A plan that does not defer, and is refused nothing, is not recorded.
    """
    found = reads(plan, own)
    if plan.policy is None and not found:
        return ()
    about = {"policy": plan.policy, "state": plan.baseline}
    return record_reads(opened, about, outcome, found)


def record_reads(
    opened: OpenedProject, about: Mapping[str, Any], outcome: Ending, found: list[dict[str, Any]]
) -> tuple[Problem, ...]:
    """Append one line; `found` is what is read elsewhere, as `read_row` gives it."""
    path = audit_path(opened)
    line = {**_about(opened), **about, "outcome": outcome, "reads": found}
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        append(path, msgspec.json.encode(line) + b"\n")
    except OSError as error:
        return (_not_recorded(path, error),)
    return ()


def audit_path(opened: OpenedProject) -> str:
    """Return the file: `deferral: audit:`, else one beside the log."""
    given = opened.workspace.deferral.audit
    if given is not None:
        root = opened.workspace.root
        return os.path.normpath(os.path.join(root, os.path.expanduser(given)))
    return os.path.join(opened.workspace.log_path, FILE)


def append(path: str, line: bytes) -> None:
    """Append a line by one write. Raises OSError."""
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        _lock(handle)
        os.write(handle, line)
    finally:
        os.close(handle)


def _lock(handle: int) -> None:
    try:
        # Not every system has it; there, appending is all there is.
        import fcntl
    except ImportError:
        return
    fcntl.flock(handle, fcntl.LOCK_EX)


def reads(plan: Plan, own: Mapping[str, Decision]) -> list[dict[str, Any]]:
    """Return each relation of another environment once, with who reads it."""
    found: dict[tuple[str, str | None], dict[str, Any]] = {}
    for step in (*plan.before, *plan.steps, *plan.after):
        for decision in _elsewhere(step, own):
            key = (decision.target, decision.relation_name)
            row = found.setdefault(key, read_row(decision))
            row["readers"].append(step.unique_id)
    return list(found.values())


def _elsewhere(step: Step, own: Mapping[str, Decision]) -> tuple[Decision, ...]:
    if step.reused is not None or step.is_kept:
        return ()
    return tuple(one for one in reads_of(step, own) if one.place in _ELSEWHERE)


def read_row(decision: Decision) -> dict[str, Any]:
    """Return a relation of another environment as the record tells it, without its readers."""
    return {
        "resource": decision.target,
        "relation": decision.relation_name,
        "environment": decision.baseline,
        "reason": decision.reason,
        "rule": decision.rule,
        "readers": [],
    }


def _about(opened: OpenedProject) -> dict[str, Any]:
    profile = opened.workspace.profile
    env = opened.caller.env
    return {
        "at": datetime.datetime.now(tz=datetime.UTC).isoformat(timespec="seconds"),
        "invocation_id": opened.invocation.invocation_id,
        "user": env.get("USER") or env.get("USERNAME"),
        "command": opened.which,
        "project": opened.workspace.name,
        "target": None if profile is None else profile.target_name,
        "git_commit": opened.invocation.git_commit,
    }


def _not_recorded(path: str, error: OSError) -> Problem:
    return Problem(
        code="reads-not-recorded",
        severity="warning",
        message=f"What this run reads elsewhere could not be recorded in `{path}`:"
        f" {error.strerror}",
        hint="`audit:` under `deferral:` in `upriver.yml` names another file",
    )
