"""A plan: what will be done, in which order, and which relation every reference reads.

A plan is a value. The runner carries it out, `upriver plan` prints it; both read the same thing.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from upriver.resources.relation import RelationName

Place = Literal[
    "built-here", "exists-here", "here", "baseline", "source", "inlined", "missing", "unbuilt",
    "masked", "denied",
]  # fmt: skip

Action = Literal[
    "run", "seed", "test", "snapshot", "unit-test", "compile", "show", "clone", "hook",
    "no-op", "operation", "function", "freshness",
]  # fmt: skip


BUILDING: frozenset[Action] = frozenset({"run", "seed", "snapshot", "clone", "function"})
"""Actions that leave a relation behind."""


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """The relation chosen for one reference, and why (deferral.md section 6)."""

    target: str
    """unique_id of the referenced resource."""
    place: Place
    reason: str
    """Kebab-case reason from the table in `state/defer.py`, e.g. `missing-in-target`."""
    relation: RelationName | None
    """None for ephemeral models, which are inlined."""
    relation_name: str | None = None
    """The relation as the side that owns it renders it (defect D18)."""
    baseline: str | None = None
    """Name of the baseline, when `place` is `baseline` or `masked`."""
    rule: str | None = None
    """Name of the rule that masks or denies what would be read."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to execute."""

    unique_id: str
    action: Action
    waits_for: tuple[str, ...] = ()
    """unique_ids of steps of this plan that must have ended before. In `build`, tests gate the
    children of what they test, which is expressed here and nowhere else (SEL-38)."""
    inputs: tuple[Decision, ...] = ()
    """One decision per referenced resource, including those of inlined ephemeral parents."""
    is_extra: bool = False
    """Not selected: it is built because a selected resource reads it (policy `fresh`)."""
    reused: str | None = None
    """Why nothing is done: its relation, or the state's, holds already what this step gives."""
    is_whole: bool = False
    """Built from nothing, whatever is there: what is there comes from other code."""
    clone: Decision | None = None
    """The published relation that is copied here: by `clone`, or before the first build of what
    later builds add to. None where there is nothing to copy."""
    is_kept: bool = False
    """`clone` only: its relation is there and stays as it is."""
    why: str | None = None
    """Why a copy is made, made again or kept, where that is not plain."""
    unit_tests: tuple[str, ...] = ()
    """Unit tests that run inside a model's step, before it (CLI-68)."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """Steps in a topological order that is stable from run to run."""

    command: str
    steps: tuple[Step, ...]
    selected: tuple[str, ...]
    """The selected set of deferral.md section 6.2, sorted."""
    inlined: tuple[Step, ...] = ()
    """Selected ephemeral models. They have no result; what no step inlines is compiled at the end,
    for its file and for the manifest."""
    before: tuple[Step, ...] = ()
    """on-run-start hooks, in order."""
    after: tuple[Step, ...] = ()
    """on-run-end hooks, in order."""
    schemas: tuple[RelationName, ...] = ()
    """Schemas (identifier None) that must exist before the first step, each once."""
    policy: str | None = None
    """Deferral policy in force: None, `exists`, `favor-state` or `fresh`."""
    baseline: str | None = None
    """One line that names the baseline, its age and commit."""
    layers: tuple[str, ...] = ()
    """Names of the baselines, best first, where there are several."""
