"""Run results of a state say which variables its run was given, where its manifest does not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.project.two_schemas import STATE, Place, made


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    for made_place in made(tmp_path, None):
        made_place.write({"models/asks.sql": "select {{ var('cut', 1) }} as cut"})
        made_place.write({"models/reads.sql": "select * from {{ ref('asks') }}"})
        yield made_place


def publish(place: Place, *options: str) -> None:
    """Publish a state as dbt does: the manifest says nothing of answers."""
    place.ok(
        "run", "-s", "asks", "-q", "--target", "prod", "--target-path", "prod-state", *options
    )
    path = place.root / "prod-state" / "manifest.json"
    manifest = json.loads(path.read_text())
    env = manifest["metadata"]["env"]
    manifest["metadata"]["env"] = {k: v for k, v in env.items() if not k.startswith("UPRIVER")}
    path.write_text(json.dumps(manifest))


def is_deferred(place: Place, *options: str) -> bool:
    said = place.ok("plan", "-s", "reads", "--defer-policy", "fresh", *STATE, *options)
    return "same-as-state" in said.out


CUT = ("--vars", "{cut: 3}")
OTHER = ("--vars", "{cut: 4}")


def test_a_variable_of_the_command_line_is_known(place: Place) -> None:
    publish(place, *CUT)
    assert is_deferred(place, *CUT)
    assert not is_deferred(place, *OTHER)
    assert not is_deferred(place)


def test_one_that_was_not_given_is_not(place: Place) -> None:
    publish(place)
    assert not is_deferred(place)


def test_what_is_taken_to_be_as_here_is_not_what_the_command_line_says(place: Place) -> None:
    publish(place)
    same = {"DBT_UNKNOWN_ANSWERS": "same"}
    for options, is_same in (((), True), (CUT, False)):
        said = place.ok("plan", "-s", "reads", "--defer-policy", "fresh", *STATE, *options, **same)
        assert ("same-as-state" in said.out) == is_same


def test_results_of_another_run_say_nothing(place: Place) -> None:
    publish(place, *CUT)
    path = place.root / "prod-state" / "run_results.json"
    results = json.loads(path.read_text())
    results["metadata"]["invocation_id"] = "another"
    path.write_text(json.dumps(results))
    assert not is_deferred(place, *CUT)


def test_the_target_that_was_named(place: Place) -> None:
    place.write({"models/asks.sql": "select '{{ target.name }}' as name"})
    publish(place)
    assert not is_deferred(place)
    path = place.root / "profiles.yml"
    profiles = json.loads(path.read_text())
    outputs = profiles["p"]["outputs"]
    outputs["here"] = {**outputs["dev"]}
    path.write_text(json.dumps(profiles))
    results = place.root / "prod-state" / "run_results.json"
    results.write_text(results.read_text().replace('"target":"prod"', '"target":"here"'))
    assert is_deferred(place, "--target", "here")
