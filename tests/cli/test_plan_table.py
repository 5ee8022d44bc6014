from __future__ import annotations

import pytest
from tests.small_graphs import small_graph

from upriver.cli.plan_table import plan_lines
from upriver.plan.plan import Decision, Plan, Step
from upriver.resources.relation import RelationName

GRAPH = small_graph(
    {"source.p.raw.t": "", "seed.p.bands": "", "model.p.orders": "source.p.raw.t",
     "model.p.daily": "model.p.orders seed.p.bands"}
)  # fmt: skip


def decision(target: str, place: str, reason: str, name: str | None) -> Decision:
    relation = None if name is None else RelationName(database="db", schema="s", identifier=name)
    return Decision(
        target=target, place=place, reason=reason, relation=relation,  # type: ignore[arg-type]
        relation_name=None if name is None else f'"s"."{name}"', baseline=None,
    )  # fmt: skip


PLAN = Plan(
    command="run",
    steps=(
        Step(
            unique_id="model.p.orders",
            action="run",
            inputs=(decision("source.p.raw.t", "source", "source", "t"),),
        ),
        Step(
            unique_id="model.p.daily",
            action="run",
            inputs=(
                decision("model.p.orders", "built-here", "built-by-this-run", "orders"),
                decision("seed.p.bands", "baseline", "missing-in-target", "bands"),
            ),
        ),
    ),
    selected=("model.p.orders", "model.p.daily"),
    policy="exists",
    baseline="prod-state @01234567 (2 hours old)",
)


def test_one_block_per_step_and_each_reason_explained_once() -> None:
    assert plan_lines(PLAN, GRAPH, has_colours=False) == (
        "Plan of `run`: 2 steps",
        "State: prod-state @01234567 (2 hours old), policy exists",
        "",
        "  1. run orders",
        '       t       source      "s"."t"       source',
        "  2. run daily",
        '       orders  built here  "s"."orders"  built-by-this-run',
        '       bands   deferred    "s"."bands"   missing-in-target',
        "",
        "Deferred 1 of 2 references to prod-state @01234567 (2 hours old) (1 built by this run)",
        "1 ancestor is not built by this plan",
        "",
        "  built-by-this-run  this run builds it first",
        "  missing-in-target  it does not exist in the target, and the baseline has it",
        "  source             sources are never deferred; the project's own definition is read",
    )


def test_colours_change_nothing_else() -> None:
    import re  # to take the colours out again

    coloured = plan_lines(PLAN, GRAPH, has_colours=True)
    plain = tuple(re.sub(r"\033\[\d+m", "", line).rstrip() for line in coloured)
    assert plain == plan_lines(PLAN, GRAPH, has_colours=False)


@pytest.mark.parametrize(
    ("steps", "last"),
    [
        ((), "Deferral is off: 0 references are read from the target"),
        (PLAN.steps[1:], "Deferral is off: 2 references are read from the target"),
    ],
)
def test_without_deferral(steps: tuple[Step, ...], last: str) -> None:
    plan = Plan(command="seed", steps=steps, selected=())
    assert last in plan_lines(plan, GRAPH, has_colours=False)


def test_a_step_that_reads_nothing_says_so() -> None:
    plan = Plan(
        command="seed", steps=(Step(unique_id="seed.p.bands", action="seed"),), selected=()
    )
    assert plan_lines(plan, GRAPH, has_colours=False)[:4] == (
        "Plan of `seed`: 1 step",
        "",
        "  1. seed bands",
        "       reads nothing",
    )
