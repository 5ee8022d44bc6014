"""What was not built, how long that would have taken, and what a note of it costs."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.project.two_schemas import STATE, Place, made
from tests.small_graphs import small_graph

from upriver.plan.catalog import Catalog
from upriver.plan.plan import Decision, Plan, Step
from upriver.project.published_state import State
from upriver.project.saved.saving import Ran, Saving, line_of, saving_of
from upriver.run.report import Report
from upriver.state.age import spell_seconds


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    yield from made(tmp_path, None)


DEFER = ("--defer", *STATE)


def saved(place: Place, *args: str) -> str:
    said = place.ok(*args)
    found = [line for line in said.lines if line.startswith("Saved: ")]
    return found[0] if found else ""


def test_ancestors_that_are_not_here_count(place: Place) -> None:
    place.production()
    assert saved(place, "run", "-s", "last", *DEFER).startswith("Saved: 3 ancestors not built")
    place.ok("seed")
    assert saved(place, "run", "-s", "last", *DEFER).startswith("Saved: 2 ancestors not built")
    place.ok("build")
    assert saved(place, "run", "-s", "last", *DEFER) == ""
    assert saved(place, "run", "-s", "last") == ""
    fresh = saved(place, "run", "-s", "last", "--defer-policy", "fresh", *STATE)
    assert fresh.startswith("Saved: 3 ancestors not built")


@pytest.mark.parametrize("lost", ["run_results.json", "UPRIVER_BUILDS", "both"])
def test_timings_are_those_of_records_or_of_run_results(place: Place, lost: str) -> None:
    place.production()
    folder = place.root / "prod-state"
    if lost in ("run_results.json", "both"):
        (folder / "run_results.json").unlink()
    if lost in ("UPRIVER_BUILDS", "both"):
        text = (folder / "manifest.json").read_text()
        (folder / "manifest.json").write_text(text.replace("UPRIVER_BUILDS", "NOTHING"))
    for _ in range(2):
        line = saved(place, "run", "-s", "last", *DEFER)
        assert ("warehouse time" in line) == (lost != "both")
        assert "timed" not in line


def test_results_that_know_some(place: Place) -> None:
    place.production()
    path = place.root / "prod-state" / "run_results.json"
    results = json.loads(path.read_text())
    results["results"] = [
        {**row, "execution_time": 7384.0}
        for row in results["results"]
        if row["unique_id"].endswith("stg")
    ]
    path.write_text(json.dumps(results))
    manifest = place.root / "prod-state" / "manifest.json"
    manifest.write_text(manifest.read_text().replace("UPRIVER_BUILDS", "NOTHING"))
    assert saved(place, "run", "-s", "last", *DEFER) == (
        "Saved: 3 ancestors not built here: 2h 03m of the state's warehouse time (1 of them timed)"
    )


def test_reused_steps_count(place: Place) -> None:
    place.ok("build")
    line = saved(place, "build", "--reuse")
    assert line.startswith("Saved: ")
    assert "reused" in line


@pytest.mark.parametrize(
    ("saving", "line"),
    [
        (Saving(not_built=1), "Saved: 1 ancestor not built here"),
        (Saving(reused=2), "Saved: 2 reused"),
        (
            Saving(not_built=1200, timed=1200, seconds=90.0, reused=1, reused_seconds=3.0),
            "Saved: 1,200 ancestors not built here: 1m 30s of the state's warehouse time;"
            " 1 reused: 3.0s",
        ),
    ],
)
def test_in_words(saving: Saving, line: str) -> None:
    assert line_of(saving) == line


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.04, "0.0s"), (9.94, "9.9s"), (59.6, "1m 00s"), (3599.0, "59m 59s"),
     (3600 * 1200.0, "1,200h 00m")],
)  # fmt: skip
def test_seconds_in_words(seconds: float, words: str) -> None:
    assert spell_seconds(seconds) == words


def test_it_costs_next_to_nothing() -> None:
    ids = [f"model.p.m{at}" for at in range(5000)]
    graph = small_graph({one: " ".join(ids[max(0, at - 3) : at]) for at, one in enumerate(ids)})
    read = Decision(
        target=ids[-2], place="baseline", reason="", relation=graph.entries[ids[-2]].relation
    )
    plan = Plan(
        command="run",
        steps=(Step(unique_id=ids[-1], action="run", inputs=(read,)),),
        selected=(),
        policy="exists",
    )
    ran = Ran(plan=plan, graph=graph, catalog=Catalog(), state=State(), report=Report())
    times = dict.fromkeys(ids, 1.0)
    costs: list[float] = []
    for _ in range(5):
        began = time.process_time()
        saving = saving_of(ran, times, {})
        costs.append(time.process_time() - began)
    assert (saving.not_built, saving.timed) == (4999, 4999)
    # Ten milliseconds on a machine of its own; more where tests run side by side.
    assert min(costs) < 0.05


def test_a_step_that_failed_saved_nothing(place: Place) -> None:
    place.production()
    place.write({"models/last.sql": "select nonsense from {{ ref('inc') }}"})
    said = place("run", "-s", "last", *DEFER)
    assert said.exit_code == 1
    assert "Saved: " not in said.out
