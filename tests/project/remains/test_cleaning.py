"""`clean --schema`: only what builds left, only in the target's schemas, and not unasked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.postgres_server import Server
from tests.project.two_schemas import FILES, STATE, Place, made

from upriver.project.published_state import State
from upriver.project.remains import cleaning


@pytest.fixture(params=["duckdb", pytest.param("postgres", marks=pytest.mark.postgres)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    server = request.getfixturevalue("postgres_server") if request.param == "postgres" else None
    yield from made(tmp_path, server)


@pytest.fixture
def duck(tmp_path: Path) -> Iterator[Place]:
    yield from made(tmp_path, None)


ALL = set(FILES) - {"dbt_project.yml"}
NAMES = {Path(path).stem for path in ALL}


def test_what_was_built_is_dropped_and_nothing_else(place: Place) -> None:
    place.production()
    place.ok("build")
    place.rows("create table dev.mine as select 1 as id")
    place.rows("create table dev.inc__dbt_tmp as select 1 as id")
    said = place.ok("clean", "--schema", "--yes", *STATE)
    assert "To be dropped (7)" in said.out
    assert set(place.kinds()) == {"mine"}
    assert set(place.kinds("prod")) == NAMES
    # The directories are another matter.
    assert (place.root / "target").exists()
    said = place.ok("clean", "--schema", *STATE)
    assert "Nothing to be dropped" in said.out
    place.ok("build", "--reuse", "--defer-policy", "fresh", *STATE)


def test_what_is_dropped_is_not_known_any_more(duck: Place) -> None:
    duck.ok("build")
    duck.ok("clean", "--schema", "--yes")
    duck.ok("build", "-s", "+stg")
    duck.rows("create table dev.big as select 99 as id")
    said = duck.ok("build", "-s", "big", "--reuse")
    assert "OK created sql table model dev.big" in said.out


def test_orphans_alone(place: Place) -> None:
    place.production()
    place.ok("build")
    (place.root / "models" / "last.sql").unlink()
    place.write({"models/big.sql": "{{ config(alias='bigger') }}select * from {{ ref('stg') }}"})
    said = place.ok("clean", "--orphans", "--yes", *STATE)
    assert "To be dropped (2)" in said.out
    assert "which the project no longer has there" in said.out
    assert set(place.kinds()) == NAMES - {"last", "big"}
    assert "In the state, and not in the project any more (1)" in said.out
    assert "model.shop.last" in said.out
    assert set(place.kinds("prod")) == NAMES


def test_what_the_state_does_not_name_is_told(duck: Place) -> None:
    duck.production()
    duck.rows("create table prod.old_thing as select 1 as id")
    said = duck.ok("clean", "--schema", *STATE)
    assert "In the state's schemas, and not in the state (1)" in said.out
    assert "wh.prod.old_thing" in said.out


@pytest.mark.parametrize(("answer", "is_dropped"), [("yes", True), ("", False), ("no", False)])
def test_the_person_at_the_terminal_is_asked(
    duck: Place, answer: str, *, is_dropped: bool
) -> None:
    duck.ok("build")
    asked: list[str] = []

    def ask(text: str) -> str:
        asked.append(text)
        return answer

    said = duck("clean", "--schema", ask=ask)
    assert said.exit_code == 0
    assert asked == ["Drop these 6 relations? (yes or no)"]
    assert (duck.kinds() == {}) == is_dropped
    assert ("Nothing was dropped" in said.out) != is_dropped


def test_nobody_there_and_not_told_so(duck: Place) -> None:
    duck.ok("build")
    said = duck("clean", "--schema")
    assert said.exit_code == 2
    assert "error[clean-schema-unconfirmed]" in said.out + said.err
    assert "To be dropped (6)" in said.out
    assert set(duck.kinds()) == NAMES


def test_production_by_its_name(duck: Place) -> None:
    duck.production()
    said = duck("clean", "--schema", "--yes", "--target", "prod")
    assert said.exit_code == 2
    assert "error[clean-schema-refused]" in said.out + said.err
    assert set(duck.kinds("prod")) == NAMES


@pytest.fixture
def disguised(duck: Place) -> Place:
    """The target `dev` leads to production's schema."""
    duck.production()
    profile = (duck.root / "profiles.yml").read_text()
    duck.write({"profiles.yml": profile.replace('"schema": "dev"', '"schema": "prod"')})
    return duck


def test_production_by_its_state(disguised: Place) -> None:
    said = disguised("clean", "--schema", "--yes", *STATE)
    assert said.exit_code == 2
    assert "error[clean-schema-refused]" in said.out + said.err
    assert set(disguised.kinds("prod")) == NAMES


def test_production_by_what_was_read_there(duck: Place) -> None:
    duck.production()
    duck.ok("run", "-s", "big", "--defer", *STATE)
    profile = (duck.root / "profiles.yml").read_text()
    duck.write({"profiles.yml": profile.replace('"schema": "dev"', '"schema": "prod"')})
    said = duck("clean", "--schema", "--yes")
    assert said.exit_code == 2
    assert set(duck.kinds("prod")) == NAMES


def test_a_state_that_is_not_to_be_had(duck: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    # As with a linked server that does not answer, or whose production is the target itself.
    monkeypatch.setattr(cleaning, "read_state", lambda *_: State(is_given_up=True))
    duck.ok("build")
    said = duck("clean", "--schema", "--yes")
    assert said.exit_code == 2
    assert "error[clean-schema-refused]" in said.out + said.err
    assert set(duck.kinds()) == NAMES


def test_a_schema_that_is_shared_is_left_alone(duck: Place) -> None:
    duck.write({
        "macros/names.sql": (
            "{% macro generate_schema_name(custom, node) %}"
            "{{ custom or target.schema }}{% endmacro %}"
        ),
        "models/shared.sql": "{{ config(schema='shared') }}select 1 as id",
    })  # fmt: skip
    duck.production()
    duck.ok("run", "-s", "stg", "--defer", *STATE)
    said = duck.ok("clean", "--schema", "--yes", *STATE)
    assert "warning[clean-schema-refused]" in said.out + said.err
    assert duck.kinds("shared") == {"shared": "view"}
    assert duck.kinds() == {}


def test_what_a_source_stands_for_is_left_alone(duck: Place) -> None:
    duck.write({
        "models/src.yml": "sources: [{name: dev, tables: [{name: given}]}]",
        "models/given.sql": "select 1 as id",
        "models/reader.sql": "select * from {{ source('dev', 'given') }}",
    })  # fmt: skip
    duck.rows("create schema dev")
    duck.rows("create table dev.given as select 1 as id")
    duck.ok("clean", "--schema", "--yes")
    assert duck.kinds() == {"given": "table"}


def test_tables_of_failed_tests_are_dropped(duck: Place) -> None:
    duck.write({
        "tests/none.sql": "{{ config(store_failures=true, severity='warn') }}select 1 as id",
    })  # fmt: skip
    duck.ok("build")
    assert duck.kinds("dev_dbt_test__audit") == {"none": "table"}
    duck.ok("clean", "--schema", "--yes")
    assert duck.kinds("dev_dbt_test__audit") == {}


@pytest.mark.postgres
def test_what_others_read_is_not_dropped_along(tmp_path: Path, postgres_server: Server) -> None:
    for place in made(tmp_path, postgres_server):
        place.write({"models/top.sql": "select * from {{ ref('last') }}"})
        place.ok("build")
        place.rows("drop schema if exists others cascade")
        place.rows("create schema others")
        place.rows("create view others.mine as select * from dev.big")
        said = place("clean", "--schema", "--yes")
        assert said.exit_code == 1
        assert "error[clean-schema-failed]" in said.out + said.err
        assert place.kinds("others") == {"mine": "view"}
        assert set(place.kinds()) == {"big"}
        place.rows("drop schema others cascade")
        place.ok("clean", "--schema", "--yes")
        assert place.kinds() == {}
