"""Policy `fresh`: what it reads and builds, by example and for random histories."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.postgres_server import Server
from tests.project.small_worlds import Node, World, building, name_of

KINDS = ("view", "table", "ephemeral", "incremental")


@st.composite
def projects(draw: st.DrawFn) -> tuple[Node, ...]:
    size = draw(st.integers(2, 5))
    nodes: list[Node] = []
    for at in range(size):
        parents = draw(st.sets(st.integers(-1, at - 1), max_size=2))
        kind = draw(st.sampled_from(KINDS if at else ("view", "table")))
        nodes.append(Node(at, tuple(sorted(parents)), kind, 0, draw(st.integers(0, 4)) == 0))
    return tuple(nodes)


ACTIONS = st.sampled_from(
    ["edit", "edit", "edit", "revert", "note", "kind", "seed", "variable", "prod", "prod-part",
     "off", "exists", "fresh", "fresh", "fresh", "drop"]
)  # fmt: skip


class History:
    """A world under random hands; every fresh run is checked."""

    def __init__(self, world: World, data: st.DataObject) -> None:
        self.world = world
        self.data = data
        self.first = list(world.nodes)
        self.checked = 0

    def act(self, action: str) -> None:
        world = self.world
        match action:
            case "edit" | "revert" | "note" | "kind":
                self._edit(action, self._model())
            case "seed":
                world.seed = self.data.draw(st.integers(1, 2))
            case "variable":
                world.variable = self.data.draw(st.integers(0, 1))
            case "prod":
                world.perform(building((), with_seeds=True), "prod")
            case "prod-part" if world.has_state:
                world.perform(building((self._name(),)), "prod")
            case "off":
                world.perform(building((f"+{self._name()}",), with_seeds=True), "dev")
            case "exists" | "fresh" if world.has_state:
                self._deferred(action)
            case _:
                pass
        world.write()

    def _model(self) -> int:
        return self.data.draw(st.integers(0, len(self.world.nodes) - 1))

    def _name(self) -> str:
        return name_of(self._model())

    def _edit(self, action: str, at: int) -> None:
        node = self.world.nodes[at]
        changed: Node = node
        match action:
            case "edit":
                number = self.data.draw(st.integers(10, 12))
                changed = msgspec.structs.replace(node, number=number)
            case "revert":
                changed = self.first[at]
            case "note":
                changed = msgspec.structs.replace(node, note=node.note + 1)
            case _ if at:
                kind = self.data.draw(st.sampled_from(KINDS))
                changed = msgspec.structs.replace(node, materialized=kind)
        self.world.nodes[at] = changed

    def _deferred(self, policy: str) -> None:
        world = self.world
        names = tuple({self._name() for _ in range(self.data.draw(st.integers(1, 2)))})
        before = dict(world.kept)
        options: dict[str, Any] = {"defer_policy": policy, "state": "prod-state"}
        outcome = world.perform(building(names), "dev", **options)
        if policy == "fresh" and outcome.plan is not None:
            self._check(outcome, before)
            self.checked += 1

    def _check(self, outcome: Any, before: dict[Any, Any]) -> None:
        world, after = self.world, self.world.kept
        assert outcome.exit_code == 0, outcome.problems
        for step in outcome.plan.steps:
            name = step.unique_id.rpartition(".")[2]
            # The result is that of building everything from nothing.
            assert world.holds("dev", name) == world.wanted(name)
            assert world.rows("dev", name) == [(world.value(name),)]
            if step.is_extra:
                world.kept = before
                places = [world.holds(place, name) for place in ("dev", "prod")]
                world.kept = after
                # Nothing is built that could have been read.
                assert world.wanted(name) not in places


@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(projects(), st.lists(ACTIONS, min_size=4, max_size=9), st.data())
def test_a_fresh_run_equals_building_everything(
    nodes: tuple[Node, ...], actions: list[str], data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder) / "p", nodes)
        history = History(world, data)
        for action in ("prod", *actions, "fresh"):
            history.act(action)


@pytest.mark.postgres
@settings(max_examples=6, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(nodes=projects(), actions=st.lists(ACTIONS, min_size=4, max_size=8), data=st.data())
def test_a_fresh_run_equals_building_everything_on_postgres(
    postgres_server: Server, nodes: tuple[Node, ...], actions: list[str], data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        history = History(World(Path(folder) / "p", nodes, postgres_server), data)
        for action in ("prod", *actions, "fresh"):
            history.act(action)


CHAIN = (Node(1, (-1,), "view"), Node(2, (0,), "table"), Node(3, (1,), "table"))


@pytest.fixture(params=["duckdb", pytest.param("postgres", marks=pytest.mark.postgres)])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    """A chain of three models over a seed, built in production."""
    server = request.getfixturevalue("postgres_server") if request.param == "postgres" else None
    made = World(tmp_path / "p", CHAIN, server)
    made.perform(building((), with_seeds=True), "prod")
    return made


def plan_of(world: World, *names: str, policy: str = "fresh", **options: Any) -> dict[str, Any]:
    outcome = world.perform(
        building(names), "dev", defer_policy=policy, state="prod-state", **options
    )
    assert outcome.plan is not None, outcome.problems
    return {
        step.unique_id.rpartition(".")[2]: {
            decision.target.rpartition(".")[2]: (decision.place, decision.reason)
            for decision in step.inputs
        }
        for step in outcome.plan.steps
    }


def edit(world: World, at: int, **changes: Any) -> None:
    world.nodes[at] = msgspec.structs.replace(world.nodes[at], **changes)
    world.write()


def test_what_equals_production_is_read_there_whatever_lies_in_the_schema(world: World) -> None:
    edit(world, 1, number=99)
    world.perform(building(("+m1",), with_seeds=True), "dev")
    edit(world, 1, number=2, note=7)
    assert plan_of(world, "m2") == {"m2": {"m1": ("baseline", "same-as-state")}}
    assert plan_of(world, "m2", policy="exists") == {
        "m2": {"m1": ("exists-here", "exists-in-target")}
    }


def test_an_edited_ancestor_is_built_once_and_then_read(world: World) -> None:
    edit(world, 0, number=50)
    first = plan_of(world, "m2")
    assert first == {
        "m0": {"s": ("baseline", "same-as-state")},
        "m1": {"m0": ("built-here", "built-by-this-run")},
        "m2": {"m1": ("built-here", "built-by-this-run")},
    }
    assert plan_of(world, "m2") == {"m2": {"m1": ("exists-here", "copy-is-current")}}
    assert world.rows("dev", "m2") == [(1 + 50 + 2 + 3,)]


def test_a_new_model_is_built(world: World) -> None:
    world.nodes += [Node(4, (2,), "table"), Node(5, (3,), "table")]
    world.write()
    assert set(plan_of(world, "m4")) == {"m3", "m4"}


def test_building_what_is_missing_can_be_refused(world: World) -> None:
    edit(world, 1, number=50)
    outcome = world.perform(
        building(("m2",)), "dev", defer_policy="fresh", state="prod-state", build_missing=False
    )
    assert [problem.code for problem in outcome.problems] == ["fresh-needs-build"]
    assert "upriver build -s m1" in (outcome.problems[0].hint or "")


def test_a_copy_built_from_a_stale_input_is_stale(world: World) -> None:
    edit(world, 0, number=50)
    world.perform(building(("+m1",), with_seeds=True), "dev")
    edit(world, 0, number=60)
    # Without ancestors, `m1` reads the `m0` of before.
    world.perform(building(("m1",)), "dev")
    assert set(plan_of(world, "m2")) == {"m0", "m1", "m2"}


def test_an_incremental_copy_of_other_code_is_built_whole(world: World) -> None:
    edit(world, 1, materialized="incremental", number=50)
    plan_of(world, "m2")
    edit(world, 1, number=60)
    plan_of(world, "m2")
    assert world.rows("dev", "m1") == [(1 + 1 + 60,)]


def test_a_killed_run_leaves_no_record_of_what_it_was_at(world: World) -> None:
    edit(world, 0, number=50)
    plan_of(world, "m2")
    edit(world, 1, number=70)
    (world.root / "models/m1.sql").write_text("select * from {{ ref('m0') }} where no_such")
    world.perform(building(("m1",)), "dev", defer_policy="fresh", state="prod-state")
    world.write()
    assert set(plan_of(world, "m2")) == {"m1", "m2"}


def test_variables_unknown_to_a_plain_manifest_count_as_different(world: World) -> None:
    edit(world, 0, asks=True)
    world.perform(building((), with_seeds=True), "prod")
    without_records(world.root / "prod-state" / "manifest.json")
    # They would tell which variables the run was given.
    (world.root / "prod-state" / "run_results.json").unlink()
    assert set(plan_of(world, "m2")) == {"m0", "m1", "m2"}


def test_they_can_be_said_to_be_the_same(world: World) -> None:
    edit(world, 0, asks=True)
    (world.root / "dbt_project.yml").write_text(
        "name: p\nversion: '1.0'\nprofile: p\nflags: {unknown_answers: same}\n"
    )
    world.perform(building((), with_seeds=True), "prod")
    without_records(world.root / "prod-state" / "manifest.json")
    assert set(plan_of(world, "m2")) == {"m2"}


def without_records(path: Path) -> None:
    """Make a manifest as other tools write it."""
    manifest = msgspec.json.decode(path.read_bytes())
    manifest["metadata"]["env"] = {}
    path.write_bytes(msgspec.json.encode(manifest))


def test_a_view_over_an_input_that_was_built_again_is_stale(world: World) -> None:
    world.nodes = [Node(50, (-1,), "table"), Node(60, (0,), "view"), Node(3, (1,), "table")]
    world.write()
    plan_of(world, "m2")
    edit(world, 0, number=70)
    world.perform(building(("m0",)), "dev", defer_policy="fresh", state="prod-state")
    edit(world, 0, number=50)
    assert set(plan_of(world, "m2")) == {"m0", "m1", "m2"}
    assert world.rows("dev", "m2") == [(1 + 50 + 60 + 3,)]


def test_what_production_built_counts_and_not_what_its_manifest_says(world: World) -> None:
    """The manifest is of a newer commit than most of what is in production."""
    edit(world, 1, number=50)
    world.perform(building(("m2",)), "prod")
    assert set(plan_of(world, "m2")) == {"m1", "m2"}


def test_relations_of_a_partial_run_are_never_right(world: World) -> None:
    edit(world, 1, number=50)
    request = msgspec.structs.replace(building(("m1",)), empty=True)
    world.perform(request, "dev", defer_policy="fresh", state="prod-state")
    assert set(plan_of(world, "m2")) == {"m1", "m2"}


def test_every_checkout_knows_what_another_one_built(world: World) -> None:
    edit(world, 1, number=50)
    plan_of(world, "m2")
    edit(world, 1, number=60)
    (world.root / "target").rename(world.root / "elsewhere")
    assert set(plan_of(world, "m2")) == {"m1", "m2"}
    assert set(plan_of(world, "m2")) == {"m2"}
