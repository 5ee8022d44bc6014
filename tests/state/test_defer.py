"""The deferral table, one case per row (deferral.md section 6)."""

from __future__ import annotations

from itertools import product
from typing import get_args

import pytest

from upriver.plan.plan import Place as PlannedPlace
from upriver.state.defer import (
    DEFERRABLE_KINDS,
    REASONS,
    TABLE,
    Facts,
    Place,
    Policy,
    Row,
    counted_as_selected,
    decide,
)

CASES = [
    # policy, counterpart, selected, built, exists -> place, reason
    (None, True, False, False, False, "here", "deferral-off"),
    (None, True, True, True, False, "built-here", "built-by-this-run"),
    # Section 6, decision table, `--defer`.
    ("exists", True, False, False, False, "baseline", "missing-in-target"),
    ("exists", True, True, False, False, "baseline", "missing-in-target"),
    ("exists", True, False, False, True, "exists-here", "exists-in-target"),
    ("exists", True, True, False, True, "exists-here", "exists-in-target"),
    ("exists", True, True, True, False, "built-here", "built-by-this-run"),
    ("exists", False, False, False, True, "exists-here", "not-in-state"),
    ("exists", False, False, False, False, "missing", "missing-everywhere"),
    ("exists", False, True, True, False, "built-here", "built-by-this-run"),
    # The same, `--defer --favor-state`.
    ("favor-state", True, False, False, False, "baseline", "favoured"),
    ("favor-state", True, False, False, True, "baseline", "favoured"),
    ("favor-state", True, True, False, False, "baseline", "missing-in-target"),
    ("favor-state", True, True, False, True, "exists-here", "selected"),
    ("favor-state", True, True, True, True, "built-here", "built-by-this-run"),
    ("favor-state", False, False, False, True, "exists-here", "not-in-state"),
    ("favor-state", False, False, False, False, "missing", "missing-everywhere"),
    ("favor-state", False, True, True, False, "built-here", "built-by-this-run"),
]


@pytest.mark.parametrize("kind", sorted(DEFERRABLE_KINDS))
@pytest.mark.parametrize(
    ("policy", "counterpart", "selected", "built", "exists", "place", "reason"), CASES
)
def test_each_row_of_the_table(kind, policy, counterpart, selected, built, exists, place, reason):
    facts = Facts(
        kind=kind,
        policy=policy,
        in_baseline=counterpart,
        is_selected=selected,
        is_built_by_this_plan=built,
        exists_here=exists,
    )
    verdict = decide(facts)
    assert (verdict.place, verdict.reason) == (place, reason)


FRESH_CASES = [
    # counterpart, built, same, copy -> place, reason
    (True, False, True, False, "baseline", "same-as-state"),
    (True, False, True, True, "baseline", "same-as-state"),
    (True, False, False, True, "exists-here", "copy-is-current"),
    (True, False, False, False, "unbuilt", "differs-from-state"),
    (False, False, False, True, "exists-here", "copy-is-current"),
    (False, False, False, False, "unbuilt", "new-and-not-built"),
    (True, True, True, False, "built-here", "built-by-this-run"),
    (False, True, False, False, "built-here", "built-by-this-run"),
]


@pytest.mark.parametrize("exists", [False, True])
@pytest.mark.parametrize("selected", [False, True])
@pytest.mark.parametrize(("counterpart", "built", "same", "copy", "place", "reason"), FRESH_CASES)
def test_fresh_asks_neither_for_existence_nor_for_selection(
    counterpart, built, same, copy, place, reason, selected, exists
):
    facts = Facts(
        kind="model",
        policy="fresh",
        in_baseline=counterpart,
        is_selected=selected,
        is_built_by_this_plan=built,
        exists_here=exists,
        is_same=same,
        is_copy_current=copy,
    )
    verdict = decide(facts)
    assert (verdict.place, verdict.reason) == (place, reason)


@pytest.mark.parametrize("policy", [None, "exists", "favor-state"])
def test_sources_are_never_deferred(policy):
    verdict = decide(Facts(kind="source", policy=policy, in_baseline=True))
    assert (verdict.place, verdict.reason) == ("source", "source")


@pytest.mark.parametrize("policy", [None, "exists", "favor-state"])
def test_a_local_ephemeral_model_is_inlined_whatever_was_published(policy):
    facts = Facts(kind="model", is_ephemeral=True, policy=policy, in_baseline=True)
    assert decide(facts).place == "inlined"


def test_kinds_that_are_not_deferrable_stay_here():
    verdict = decide(Facts(kind="analysis", policy="favor-state", in_baseline=True))
    assert (verdict.place, verdict.reason) == ("here", "not-deferrable")


def _matches(row: Row, facts: tuple[Policy | None, bool, bool, bool, bool, bool, bool]) -> bool:
    policy, *values = facts
    columns = (
        row.has_counterpart,
        row.is_selected,
        row.is_built,
        row.exists,
        row.is_same,
        row.is_copy_current,
    )
    return row.policy == policy and all(
        column is None or column == value for column, value in zip(columns, values, strict=True)
    )


@pytest.mark.parametrize(
    "facts", list(product((None, *get_args(Policy)), *[(False, True)] * 6)), ids=str
)
def test_every_combination_of_facts_matches_exactly_one_row(facts):
    matching = [row for row in TABLE if _matches(row, facts)]
    assert len(matching) == 1
    policy, counterpart, selected, built, exists, same, current = facts
    verdict = decide(
        Facts(
            kind="model",
            policy=policy,
            in_baseline=counterpart,
            is_selected=selected,
            is_built_by_this_plan=built,
            exists_here=exists,
            is_same=same,
            is_copy_current=current,
        )
    )
    assert (verdict.place, verdict.reason) == (matching[0].place, matching[0].reason)


def test_every_reason_is_explained_and_used():
    used = {row.reason for row in TABLE} | {"source", "ephemeral", "not-deferrable"}
    used |= {"masked", "denied"}
    assert used == set(REASONS)


def test_plans_know_the_same_places():
    assert get_args(Place) == get_args(PlannedPlace)


@pytest.mark.parametrize("command", ["run", "build", "compile", "show"])
def test_what_is_executed_is_what_counts_as_selected(command):
    selected = counted_as_selected(command, executed={"model.p.a"}, matched={"seed.p.s"})
    assert selected == {"model.p.a"}


def test_for_tests_named_models_and_the_models_of_named_tests_count_as_selected():
    selected = counted_as_selected(
        "test",
        executed={"test.p.t1", "test.p.t2"},
        matched={"model.p.a", "test.p.t2"},
        attached_nodes={"test.p.t1": "model.p.other", "test.p.t2": "model.p.b"},
    )
    assert selected == {"test.p.t1", "test.p.t2", "model.p.a", "model.p.b"}


@pytest.mark.parametrize("has_mask", [True, False])
def test_a_rule_holds_where_another_environment_would_be_read(has_mask):
    policies = (None, *get_args(Policy))
    for policy, kind, *flags in product(policies, ("model", "source"), *[(True, False)] * 6):
        names = ("is_selected", "is_built_by_this_plan", "exists_here", "in_baseline", "is_same",
                 "is_copy_current")  # fmt: skip
        case = {"kind": kind, "policy": policy, **dict(zip(names, flags, strict=True))}
        verdict = decide(Facts(**case))
        denied = decide(Facts(**case, is_denied=True, has_mask=has_mask))
        if verdict.place in ("baseline", "source"):
            assert denied.place == denied.reason == ("masked" if has_mask else "denied")
        else:
            assert denied == verdict
