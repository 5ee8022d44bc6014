"""`--reuse` with a state: a table that stands built there is copied instead of being built here."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.project.small_worlds import Node, World, building
from tests.project.two_schemas import STATE, Place, made

from upriver.project.outcome import Outcome
from upriver.project.requests import Clone, GlobalOptions, Request, Selecting


@pytest.fixture(params=["duckdb", pytest.param("postgres", marks=pytest.mark.postgres)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    server = request.getfixturevalue("postgres_server") if request.param == "postgres" else None
    yield from made(tmp_path, server)


@pytest.fixture
def duck(tmp_path: Path) -> Iterator[Place]:
    yield from made(tmp_path, None)


REUSE = ("--reuse", "--defer", *STATE)


def copied(place: Place, *args: str) -> set[str]:
    said = place.ok(*args)
    return {
        line.split("OK clone of dev.")[1].split()[0]
        for line in said.out.splitlines()
        if "OK clone of dev." in line
    }


def reused(place: Place) -> set[str]:
    return {name for name, row in place.results().items() if "reused" in str(row["message"])}


def test_what_stands_built_is_copied_once(place: Place) -> None:
    place.production()
    assert copied(place, "build", *REUSE) == {"big", "inc", "snap"}
    assert place.kinds() == {
        "raw": "table", "stg": "view", "big": "table", "inc": "table", "last": "view",
        "snap": "table",
    }  # fmt: skip
    assert place.rows("select id, added from dev.inc order by 1") == [(1, 0), (2, 0)]
    assert copied(place, "build", *REUSE) == set()
    assert reused(place) == {"raw", "stg", "big", "inc", "last", "snap"}


def test_a_newer_build_is_copied_again_and_what_is_added_to_is_added_to(place: Place) -> None:
    place.production()
    place.ok("build", *REUSE)
    place.write({"seeds/raw.csv": "id,name,day\n1,Ada,1\n2,Grace,2\n3,Mary,3\n"})
    place.production()
    assert copied(place, "build", *REUSE) == {"big"}
    assert place.rows("select count(*) from dev.big") == [(3,)]
    assert place.rows("select id, added from dev.inc order by 1") == [(1, 0), (2, 0), (3, 1)]


def test_the_plan_says_so(duck: Place) -> None:
    duck.production()
    said = duck.ok("plan", "--command", "build", "-s", "big", *REUSE)
    assert "clone big  (copied: the state has the same)" in said.out
    assert "1 copied instead of built" in said.out


@pytest.mark.parametrize(
    "options", [("--full-refresh",), ("--empty",), ("--no-reuse",), ("--no-defer",)]
)
def test_where_everything_is_built(duck: Place, options: tuple[str, ...]) -> None:
    duck.production()
    assert copied(duck, "build", *REUSE, *options) == set()


def test_other_code_is_built(duck: Place) -> None:
    duck.production()
    duck.write({
        "models/stg.sql": "select id, name, day + 1 as day from {{ ref('raw') }}",
        "models/free.sql": "{{ config(materialized='table') }}select 1 as id",
    })  # fmt: skip
    duck.ok("build", "-q", "-s", "free", "--target", "prod")
    assert copied(duck, "build", *REUSE) == set()


def test_what_differs_every_time_is_built(duck: Place) -> None:
    duck.write({"models/big.sql": "{{ config(materialized='table') }}select now() as at"})
    duck.production()
    assert copied(duck, "build", "-s", "big", *REUSE) == set()


def test_under_policy_fresh_it_is_read(duck: Place) -> None:
    duck.production()
    assert copied(duck, "build", "--reuse", "--defer-policy", "fresh", *STATE) == set()
    assert duck.kinds() == {}


def test_a_history_of_ones_own_is_kept(duck: Place) -> None:
    duck.production()
    duck.ok("build")
    duck.write({"seeds/raw.csv": "id,name,day\n1,Ada L.,1\n2,Grace,2\n"})
    duck.production()
    assert "snap" not in copied(duck, "build", *REUSE)
    assert duck.rows("select count(*) from dev.snap") == [(3,)]


def test_tests_wait_for_the_copy(duck: Place) -> None:
    duck.write({
        "models/big.yml": (
            "models: [{name: big, columns: [{name: id, data_tests: [unique]}]}]"
        ),
    })  # fmt: skip
    duck.production()
    assert copied(duck, "build", "-s", "big", *REUSE) == {"big"}
    (test,) = [row for name, row in duck.results().items() if name != "big"]
    decisions = test["adapter_response"]["upriver"]
    assert test["status"] == "pass"
    assert "built-by-this-run" in str(decisions)


KINDS = ("view", "table", "table")


@st.composite
def projects(draw: st.DrawFn) -> tuple[Node, ...]:
    nodes: list[Node] = []
    for at in range(draw(st.integers(2, 5))):
        parents = draw(st.sets(st.integers(-1, at - 1), max_size=2))
        asks = draw(st.integers(0, 4)) == 0
        nodes.append(Node(at, tuple(sorted(parents)), draw(st.sampled_from(KINDS)), 0, asks))
    return tuple(nodes)


ACTIONS = st.sampled_from(
    ["edit", "edit", "revert", "note", "kind", "seed", "variable", "prod", "prod-part", "part",
     "clone", "plain"]
)  # fmt: skip


def do(world: World, request: Request, environment: str, **options: Any) -> Outcome:
    given_options = GlobalOptions(
        target=environment,
        target_path="prod-state" if environment == "prod" else "target",
        vars={"v": world.variable},
        **options,
    )
    return world.project.perform(msgspec.structs.replace(request, options=given_options))


def act(world: World, first: tuple[Node, ...], action: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(first) - 1))
    node = world.nodes[at]
    defer: dict[str, Any] = {"defer": True, "state": "prod-state"}
    match action:
        case "edit":
            world.nodes[at] = msgspec.structs.replace(node, number=data.draw(st.integers(10, 12)))
        case "revert":
            world.nodes[at] = first[at]
        case "note":
            world.nodes[at] = msgspec.structs.replace(node, note=node.note + 1)
        case "kind":
            kind = data.draw(st.sampled_from(KINDS))
            world.nodes[at] = msgspec.structs.replace(node, materialized=kind)
        case "seed":
            world.seed = data.draw(st.integers(1, 2))
        case "variable":
            world.variable = data.draw(st.integers(0, 1))
        case "prod":
            do(world, building((), with_seeds=True), "prod")
        case "prod-part":
            do(world, building((f"m{at}",)), "prod")
        case "part":
            request = msgspec.structs.replace(building((f"m{at}",)), reuse=True)
            do(world, request, "dev", **defer)
        case "clone":
            clone = Clone(selecting=Selecting(select=(f"m{at}",)), full_refresh=True)
            do(world, clone, "dev", **defer)
        case _:
            do(world, building((f"+m{at}",), with_seeds=True), "dev")
    world.write()


@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(nodes=projects(), actions=st.lists(ACTIONS, min_size=3, max_size=8), data=st.data())
def test_building_everything_with_reuse_equals_building_everything(
    nodes: tuple[Node, ...], actions: list[str], data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder) / "p", nodes)
        for action in ("prod", *actions):
            act(world, nodes, action, data)
        request = msgspec.structs.replace(building((), with_seeds=True), reuse=True)
        outcome = do(world, request, "dev", defer=True, state="prod-state")
        assert outcome.exit_code == 0, outcome.problems
        for name in ("s", *(f"m{at}" for at in range(len(nodes)))):
            assert world.rows("dev", name) == [(world.value(name),)]
