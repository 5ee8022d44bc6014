"""`--reuse` with a state: a table that stands built there is copied instead of being built here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.project.two_schemas import STATE, Place, made


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
