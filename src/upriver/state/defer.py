"""Which relation a reference reads: the one function of deferral, kept as a table.

Every reference of every construct (bodies, hooks, tests, unit-test fixtures, foreign keys,
functions, inline queries, Python models, clones) is answered by `decide`, once, while planning.
The answer depends on nothing but `Facts`. `TABLE` has one row per case; rows are disjoint and
cover every combination of facts, so their order means nothing. Columns that do not matter in a
case are None.

    policy       deferral off, dbt's `--defer`, dbt's `--defer --favor-state`, or `fresh`
    state        the baseline holds the same unique_id in a form that can be deferred to
                 (deferral.md section 5)
    select       the resource is in the selected set (section 6.2), see `counted_as_selected`
    built        this plan builds the resource before the reader runs
    exists       the target has a relation of that name when the plan is made
    same         what the baseline's relation was built from is the present code and ancestry
    copy         what the target's relation was built from is the present code and ancestry

`built` stands for the fact that dbt asks for existence only when the reader is compiled, so that
what the same run built before counts as existing (section 6.1). Foreign keys and functions follow
the same rows, where dbt has rules of their own that it keeps changing (defect D8).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import product
from typing import Literal

import msgspec

Policy = Literal["exists", "favor-state", "fresh"]
Place = Literal[
    "built-here",
    "exists-here",
    "here",
    "baseline",
    "source",
    "inlined",
    "missing",
    "unbuilt",
    "masked",
    "denied",
]
"""The places of a decision; `plan/plan.py` spells the same words."""

DEFERRABLE_KINDS = frozenset({"model", "seed", "snapshot", "function"})
"""Kinds that may be read from a baseline; everything else resolves locally (section 5)."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What one decision depends on."""

    kind: str
    """Kind of the referenced resource."""
    is_ephemeral: bool = False
    """Whether the *local* resource is ephemeral: its code is inlined, whatever was published."""
    is_selected: bool = False
    is_built_by_this_plan: bool = False
    """Built before the reader. Implies `is_selected`."""
    exists_here: bool = False
    """Not looked at while deferral is off, since nobody listed the target then."""
    in_baseline: bool = False
    """The baseline holds a counterpart that can be deferred to (`baseline.is_deferrable`)."""
    policy: Policy | None = None
    is_same: bool = False
    """Policy `fresh` only: what the baseline's relation was built from is the present code and
    ancestry."""
    is_copy_current: bool = False
    """Policy `fresh` only: the target's relation was built from the present code and ancestry."""
    is_denied: bool = False
    """A rule says that the relation of the other environment, or the source, may not be read."""
    has_mask: bool = False
    """That rule gives a relation to read instead."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """Where a reference reads, and the reason, a key of `REASONS`."""

    place: Place
    reason: str


class Row(msgspec.Struct, frozen=True):
    """One case; None means that the column does not matter."""

    policy: Policy | None
    """None: deferral is off."""
    has_counterpart: bool | None
    is_selected: bool | None
    is_built: bool | None
    exists: bool | None
    is_same: bool | None
    is_copy_current: bool | None
    place: Place
    reason: str


_: None = None

# fmt: off
TABLE: tuple[Row, ...] = (
    #   policy         state  select built  exists same   copy   place          reason
    Row(None,          _,     _,     True,  _,     _,     _,     "built-here",  "built-by-this-run"),
    Row(None,          _,     _,     False, _,     _,     _,     "here",        "deferral-off"),

    Row("exists",      False, _,     True,  _,     _,     _,     "built-here",  "built-by-this-run"),
    Row("exists",      False, _,     False, True,  _,     _,     "exists-here", "not-in-state"),
    Row("exists",      False, _,     False, False, _,     _,     "missing",     "missing-everywhere"),
    Row("exists",      True,  _,     True,  _,     _,     _,     "built-here",  "built-by-this-run"),
    Row("exists",      True,  _,     False, True,  _,     _,     "exists-here", "exists-in-target"),
    Row("exists",      True,  _,     False, False, _,     _,     "baseline",    "missing-in-target"),

    Row("favor-state", False, _,     True,  _,     _,     _,     "built-here",  "built-by-this-run"),
    Row("favor-state", False, _,     False, True,  _,     _,     "exists-here", "not-in-state"),
    Row("favor-state", False, _,     False, False, _,     _,     "missing",     "missing-everywhere"),
    Row("favor-state", True,  False, _,     _,     _,     _,     "baseline",    "favoured"),
    Row("favor-state", True,  True,  True,  _,     _,     _,     "built-here",  "built-by-this-run"),
    Row("favor-state", True,  True,  False, True,  _,     _,     "exists-here", "selected"),
    Row("favor-state", True,  True,  False, False, _,     _,     "baseline",    "missing-in-target"),

    Row("fresh",       _,     _,     True,  _,     _,     _,     "built-here",  "built-by-this-run"),
    Row("fresh",       True,  _,     False, _,     True,  _,     "baseline",    "same-as-state"),
    Row("fresh",       True,  _,     False, _,     False, True,  "exists-here", "copy-is-current"),
    Row("fresh",       True,  _,     False, _,     False, False, "unbuilt",     "differs-from-state"),
    Row("fresh",       False, _,     False, _,     _,     True,  "exists-here", "copy-is-current"),
    Row("fresh",       False, _,     False, _,     _,     False, "unbuilt",     "new-and-not-built"),
)
# fmt: on

REASONS: Mapping[str, str] = {
    "source": "sources are never deferred; the project's own definition is read",
    "ephemeral": "the model is ephemeral, so its local code is inlined",
    "not-deferrable": "resources of this kind are never read from a baseline",
    "deferral-off": "deferral is off, so the target is read",
    "built-by-this-run": "this run builds it first",
    "exists-in-target": "it exists in the target, which comes before the baseline",
    "selected": "it is selected and exists in the target, so the baseline is not favoured",
    "favoured": "it is not selected, and the baseline is favoured over the target",
    "missing-in-target": "it does not exist in the target, and the baseline has it",
    "not-in-state": "the baseline has no counterpart that can be read, and the target has it",
    "same-as-state": "its code and ancestry are those the baseline's was built from",
    "copy-is-current": "it differs from the baseline, and its copy was built from the present code"
    " and ancestry",
    "differs-from-state": "it differs from the baseline, and no copy was built from the present"
    " code and ancestry",
    "new-and-not-built": "the baseline does not have it, and no copy was built from the present"
    " code and ancestry",
    "missing-everywhere": "neither the target nor the baseline has it",
    "masked": "a rule lets only this masked relation be read",
    "denied": "a rule says that it may not be read from another environment",
}
"""One line of explanation for each reason a verdict can give."""


_CROSSING = frozenset({"baseline", "source"})


def decide(facts: Facts) -> Verdict:
    """Return where a reference to the resource reads, by the table.

    A rule against it holds where the table gives another environment's relation.
    """
    verdict = _by_table(facts)
    if not facts.is_denied or verdict.place not in _CROSSING:
        return verdict
    if facts.has_mask:
        return Verdict(place="masked", reason="masked")
    return Verdict(place="denied", reason="denied")


def _by_table(facts: Facts) -> Verdict:
    if facts.kind == "source":
        return Verdict(place="source", reason="source")
    if facts.is_ephemeral:
        return Verdict(place="inlined", reason="ephemeral")
    if facts.policy is not None and facts.kind not in DEFERRABLE_KINDS:
        return Verdict(place="here", reason="not-deferrable")
    return _VERDICTS[
        facts.policy,
        facts.in_baseline,
        facts.is_selected,
        facts.is_built_by_this_plan,
        facts.exists_here,
        facts.is_same,
        facts.is_copy_current,
    ]


def counted_as_selected(
    command: str,
    *,
    executed: Collection[str],
    matched: Collection[str],
    attached_nodes: Mapping[str, str] | None = None,
) -> frozenset[str]:
    """Return the selected set that decisions look at (section 6.2, defect D4).

    It is what the plan executes. For `test`, dbt's set holds tests only, so that favouring the
    baseline tests production's relations although a model was named; here the resources that the
    selection `matched` before it was narrowed to tests count as well, and so do the nodes that
    matched tests are attached to.
    """
    if command != "test":
        return frozenset(executed)
    attached = attached_nodes or {}
    implied = (attached[unique_id] for unique_id in matched if unique_id in attached)
    return frozenset((*executed, *matched, *implied))


def _rows_by_facts() -> dict[tuple[Policy | None, bool, bool, bool, bool, bool, bool], Verdict]:
    """Expand the table's wildcards, so that deciding is one look-up."""
    verdicts: dict[tuple[Policy | None, bool, bool, bool, bool, bool, bool], Verdict] = {}
    for row in TABLE:
        verdict = Verdict(place=row.place, reason=row.reason)
        columns = (
            row.has_counterpart, row.is_selected, row.is_built, row.exists, row.is_same,
            row.is_copy_current,
        )  # fmt: skip
        for one, two, three, four, five, six in product(*map(_values, columns)):
            verdicts[row.policy, one, two, three, four, five, six] = verdict
    return verdicts


def _values(column: bool | None) -> tuple[bool, ...]:  # noqa: FBT001 - a column
    return (False, True) if column is None else (column,)


_VERDICTS = _rows_by_facts()
