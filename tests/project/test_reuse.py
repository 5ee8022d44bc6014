"""`--reuse`: what is not built again, and the reason given for what is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.project.small_worlds import Node, World, building

from upriver.project.outcome import Outcome

CHAIN = (Node(1, (-1,), "view"), Node(2, (0,), "table"), Node(3, (1,), "table"))
FRESH = {"defer_policy": "fresh", "state": "prod-state"}


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A chain of three models over a seed; nothing is built."""
    return World(tmp_path / "p", CHAIN)


def build(world: World, environment: str = "dev", *names: str, **options: Any) -> Outcome:
    request = msgspec.structs.replace(building(names, with_seeds=True), reuse=True)
    return world.perform(request, environment, **options)


def reused(outcome: Outcome) -> set[str]:
    assert outcome.plan is not None, outcome.problems
    return {step.unique_id.rpartition(".")[2] for step in outcome.plan.steps if step.reused}


def edit(world: World, at: int, **changes: Any) -> None:
    world.nodes[at] = msgspec.structs.replace(world.nodes[at], **changes)
    world.write()


def test_nothing_is_built_twice(world: World) -> None:
    assert reused(build(world)) == set()
    again = build(world)
    assert reused(again) == {"s", "m0", "m1", "m2"}
    assert again.report is not None
    assert {result.status for result in again.report.results} == {"no-op"}
    assert all("reused" in (result.message or "") for result in again.report.results)


def test_what_changed_and_what_reads_it_is_built(world: World) -> None:
    build(world)
    edit(world, 1, number=50)
    assert reused(build(world)) == {"s", "m0"}
    assert world.rows("dev", "m2") == [(1 + 1 + 50 + 3,)]


def test_new_rows_of_a_seed_pass_through_views(world: World) -> None:
    build(world)
    world.seed = 7
    world.write()
    assert reused(build(world)) == set()
    assert world.rows("dev", "m2") == [(7 + 1 + 2 + 3,)]


def test_an_input_that_was_built_again_counts_as_changed(world: World) -> None:
    build(world)
    world.perform(building(("m1",)), "dev")
    assert reused(build(world)) == {"s", "m0", "m1"}


def test_a_view_need_not_be_made_again_for_new_rows(world: World) -> None:
    build(world)
    world.perform(building(("s",), with_seeds=True), "dev")
    assert reused(build(world)) == {"s", "m0"}


def test_another_form_is_built(world: World) -> None:
    build(world)
    edit(world, 0, materialized="table")
    assert reused(build(world)) == {"s"}


def test_what_is_gone_is_built(world: World) -> None:
    import duckdb

    build(world)
    with duckdb.connect(str(world.root / "p.duckdb")) as connection:
        connection.execute("drop table dev.m1")
    assert "m1" not in reused(build(world))


def test_volatile_results_are_built(world: World) -> None:
    (world.root / "models/m2.sql").write_text("select x, now() as at from {{ ref('m1') }}")
    request = msgspec.structs.replace(building((), with_seeds=True), reuse=True)
    for _ in range(2):
        outcome = world.perform(request, "scratch")
    assert reused(outcome) == {"s", "m0", "m1"}


def test_what_production_has_is_read_there(world: World) -> None:
    world.perform(building((), with_seeds=True), "prod")
    edit(world, 2, number=50)
    first = build(world, "dev", "+m2", **FRESH)
    assert reused(first) == {"s", "m0", "m1"}
    assert world.rows("dev", "m2") == [(1 + 1 + 2 + 50,)]
    assert reused(build(world, "dev", "+m2", **FRESH)) == {"s", "m0", "m1", "m2"}


def test_without_the_option_everything_is_built(world: World) -> None:
    build(world)
    outcome = world.perform(building((), with_seeds=True), "dev")
    assert reused(outcome) == set()


def test_a_full_refresh_builds_everything(world: World) -> None:
    build(world)
    request = msgspec.structs.replace(building((), with_seeds=True), reuse=True, full_refresh=True)
    assert reused(world.perform(request, "dev")) == set()
