"""Copies of published relations that can be worked on, made again only where they are old."""

from __future__ import annotations

import json
import sys
import time
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


ALL = {"raw": "table", "stg": "view", "big": "table", "inc": "table", "last": "view",
       "snap": "table"}  # fmt: skip


@pytest.mark.parametrize(
    ("mode", "kinds"),
    [
        ("auto", {**ALL, "big": "view"}),
        ("copy", dict.fromkeys(ALL, "table")),
        ("view", dict.fromkeys(ALL, "view")),
    ],
)
def test_what_becomes_a_table(place: Place, mode: str, kinds: dict[str, str]) -> None:
    place.production()
    place.ok("clone", *STATE, "--clone-mode", mode)
    assert place.kinds() == kinds


def test_the_project_has_a_mode_of_its_own(duck: Place) -> None:
    duck.production()
    duck.write({"dbt_project.yml": "name: shop\nprofile: p\nflags: {clone_mode: copy}\n"})
    duck.ok("clone", "-s", "stg", *STATE)
    assert duck.kinds() == {"stg": "table"}


def test_copies_can_be_worked_on(place: Place) -> None:
    place.production()
    place.ok("clone", *STATE)
    place.write({"seeds/raw.csv": "id,name,day\n1,Ada L.,1\n2,Grace,2\n3,Mary,3\n"})
    place.ok("build")
    assert place.rows("select id, added from dev.inc order by id") == [(1, 0), (2, 0), (3, 1)]
    found = place.rows("select id, name, dbt_valid_to is null from dev.snap order by id, name")
    assert found == [
        (1, "Ada", False), (1, "Ada L.", True), (2, "Grace", True), (3, "Mary", True),
    ]  # fmt: skip
    assert place.rows("select count(*) from prod.inc") == [(2,)]


def test_a_copy_has_the_columns_of_its_source_whatever_the_contract_says(place: Place) -> None:
    place.production()
    contract = (
        "models: [{name: inc, config: {contract: {enforced: true}, on_schema_change: fail},"
        " columns: [{name: id, data_type: int}, {name: brand_new, data_type: text}]}]"
    )
    place.write({"models/inc.yml": contract})
    place.ok("clone", "-s", "inc", *STATE)
    assert place.rows("select id, added from dev.inc order by 1") == [(1, 0), (2, 0)]


def test_materializations_of_others_are_copied(duck: Place) -> None:
    # Whether such a thing adds to its table is not known.
    duck.write({
        "macros/own.sql": (
            "{% materialization own, default %}{% call statement('main') %}"
            "create or replace table {{ this }} as {{ sql }}{% endcall %}{% do adapter.commit() %}"
            "{{ return({'relations': [this]}) }}{% endmaterialization %}"
        ),
        "models/strange.sql": "{{ config(materialized='own') }}select 1 as id",
    })  # fmt: skip
    duck.production()
    duck.ok("clone", "-s", "strange", *STATE)
    assert duck.kinds() == {"strange": "table"}


def test_a_python_model_is_copied(duck: Place) -> None:
    duck.write({
        "models/py.py": (
            "def model(dbt, session):\n    dbt.config(materialized='incremental')\n"
            "    return session.sql('select 4 as id')\n"
        ),
    })  # fmt: skip
    duck.production()
    duck.ok("clone", "-s", "py", *STATE)
    assert duck.rows("from dev.py") == [(4,)]


@pytest.mark.parametrize(
    ("options", "rows"),
    [(("--limit", "1"), 1), (("--where", "name = 'Ada' -- her"), 1), (("--limit", "0"), 0)],
)
def test_a_copy_of_some_rows_is_never_taken_for_all(
    place: Place, options: tuple[str, ...], rows: int
) -> None:
    place.production()
    place.ok("clone", "-s", "inc", "big", *STATE, *options)
    assert place.kinds() == {"inc": "table", "big": "table"}
    assert place.rows("select count(*) from dev.inc") == [(rows,)]
    said = place.ok("run", "-s", "last", "--defer-policy", "fresh", *STATE)
    assert "Deferred 1 of 1" in said.out
    place.ok("run", "-s", "inc", "--defer-policy", "fresh", *STATE)
    assert place.rows("select count(*), sum(added) from dev.inc") == [(2, 0)]


def test_what_is_old_is_copied_again(place: Place) -> None:
    place.production()
    place.ok("clone", "-s", "raw", "inc", "big", "--clone-mode", "copy", *STATE)
    place.ok("run", "-s", "stg")
    place.ok("run", "-s", "big")
    place.ok("clone", *STATE, "--refresh-stale")
    messages = {name: row["message"] for name, row in place.results().items()}
    assert {messages[name] for name in ("raw", "inc", "big", "stg")} == {"No-op"}
    place.write({"seeds/raw.csv": "id,name,day\n5,Eve,5\n"})
    place.production()
    said = place.ok("plan", "--command", "clone", "-s", "inc", "big", *STATE, "--refresh-stale")
    assert "copied: it was built in the state after it was copied" in said.out
    assert "left as it is: it was built here" in said.out
    place.ok("clone", "-s", "raw", "inc", "big", *STATE, "--refresh-stale")
    assert place.rows("select id from dev.raw") == [(5,)]
    assert place.rows("select count(*) from dev.inc") == [(3,)]
    assert place.rows("select count(*) from dev.big") == [(2,)]


def test_a_clone_of_what_is_there_says_nothing_of_it(duck: Place) -> None:
    duck.production()
    duck.write({"models/stg.sql": "select 7 as id, 'x' as name, 1 as day"})
    duck.ok("run", "-s", "stg")
    duck.ok("clone", "-s", "stg", *STATE)
    duck.write({"models/stg.sql": "select id, name, day from {{ ref('raw') }}"})
    said = duck.ok("build", "-s", "stg", "--reuse", "--defer", *STATE)
    assert "OK created sql view model dev.stg" in said.out


def test_a_manifest_without_records_tells_by_its_time(duck: Place) -> None:
    duck.production()
    path = duck.root / "prod-state" / "manifest.json"
    duck.ok("clone", "-s", "inc", *STATE)
    path.write_text(path.read_text().replace("UPRIVER_BUILDS", "SOMETHING_ELSE"))
    state = duck.root / "prod-state" / "run_results.json"
    for year, message in (("2001", "No-op"), ("2101", "SELECT 2")):
        text = path.read_text()
        at = text.index('"generated_at":"') + len('"generated_at":"')
        path.write_text(text[:at] + year + text[at + 4 :])
        state.unlink(missing_ok=True)
        duck.ok("clone", "-s", "inc", *STATE, "--refresh-stale")
        assert (duck.results()["inc"]["message"] == "No-op") == (message == "No-op")


def test_a_partial_copy_is_completed(duck: Place) -> None:
    duck.production()
    duck.ok("clone", "-s", "inc", *STATE, "--limit", "1")
    duck.ok("clone", "-s", "inc", *STATE, "--limit", "1", "--refresh-stale")
    assert duck.results()["inc"]["message"] == "No-op"
    duck.ok("clone", "-s", "inc", *STATE, "--refresh-stale")
    assert duck.rows("select count(*) from dev.inc") == [(2,)]


@pytest.mark.parametrize("mode", ["copy", "view"])
def test_a_copy_that_fails_leaves_what_is_there(place: Place, mode: str) -> None:
    place.production()
    place.ok("clone", "-s", "inc", *STATE)
    place.rows("drop view prod.last")
    place.rows("alter table prod.inc rename to elsewhere")
    for more in (("--clone-mode", mode), ("--where", "1 / 0 = nonsense")):
        assert place("clone", "-s", "inc", *STATE, "--full-refresh", *more).exit_code == 1
        assert place.kinds() == {"inc": "table"}
        assert place.rows("select count(*) from dev.inc") == [(2,)]


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_killed_copy_leaves_what_is_there(place: Place) -> None:
    place.production()
    place.ok("clone", "-s", "inc", *STATE)
    waits = (
        "id > 0 and (select count(*) from range(10000000000) t(i) where hash(i) = 7) > 0"
        if place.server is None
        else "pg_sleep(4) is not null"
    )
    process = place.start("clone", "-s", "inc", *STATE, "--full-refresh", "--where", waits)
    assert process.stdout is not None
    for line in process.stdout:
        if b"START" in line:
            break
    time.sleep(0.5)
    process.kill()
    process.wait()
    process.stdout.close()
    assert place.kinds() == {"inc": "table"}
    assert place.rows("select count(*) from dev.inc") == [(2,)]
    # What a killed copy left is not known, and nothing claims to.
    said = place.ok("plan", "--command", "clone", "-s", "inc", *STATE, "--refresh-stale")
    assert "left as it is: it is not known to be a copy" in said.out


def test_without_rows_where_the_warehouse_can(duck: Place) -> None:
    duck.write({
        "macros/clones.sql": (
            "{% macro duckdb__can_clone_table() %}{{ return(true) }}{% endmacro %}"
            "{% macro duckdb__create_or_replace_clone(made, source) %}"
            "create or replace table {{ made }} as select *, 'cloned' as how from {{ source }}"
            "{% endmacro %}"
        ),
    })  # fmt: skip
    duck.production()
    duck.rows("create schema dev")
    duck.rows("create view dev.big as select 'mine' as how")
    duck.ok("clone", *STATE)
    assert duck.rows("select how from dev.big") == [("mine",)]
    assert duck.kinds() == {**ALL, "big": "view"}
    duck.ok("clone", *STATE, "--full-refresh")
    assert duck.kinds() == ALL
    assert duck.rows("select distinct how from dev.big") == [("cloned",)]
    duck.ok("clone", "-s", "big", *STATE, "--full-refresh", "--limit", "1")
    assert "how" not in str(duck.rows("describe dev.big"))


FIRST = ("--defer", *STATE, "--clone-incrementals")


def test_what_runs_add_to_is_copied_before_its_first_run(place: Place) -> None:
    place.production()
    place.write({"seeds/raw.csv": "id,name,day\n1,Ada,1\n2,Grace,2\n3,Mary,3\n"})
    place.ok("seed", "--target", "prod")
    said = place.ok("plan", "--command", "build", "-s", "inc", "snap", *FIRST)
    assert "first a copy of" in said.out
    said = place.ok("build", "-s", "inc", "snap", *FIRST)
    assert "2 copied first, to be added to" in said.out
    assert place.rows("select id, added from dev.inc order by id") == [(1, 0), (2, 0), (3, 1)]
    assert place.rows("select count(*) from dev.snap") == [(3,)]
    assert place.rows("select count(*) from prod.inc") == [(2,)]
    again = place.ok("build", "-s", "inc", "snap", *FIRST)
    assert "copied first" not in again.out


def test_copied_first_by_setting_and_not_when_everything_is_built_anew(duck: Place) -> None:
    duck.production()
    duck.write({"dbt_project.yml": "name: shop\nprofile: p\nflags: {clone_incrementals: true}\n"})
    defer = ("--defer", *STATE)
    for options, is_copied in (
        ((), True), (("--full-refresh",), False), (("--empty",), False),
        (("--no-clone-incrementals",), False),
    ):  # fmt: skip
        said = duck.ok("run", "-s", "inc", *defer, *options)
        assert ("copied first" in said.out) == is_copied
        duck.rows("drop table dev.inc")
    duck.rows("drop view prod.last")
    duck.rows("alter table prod.inc rename to elsewhere")
    assert "copied first" not in duck.ok("run", "-s", "inc", *defer).out


def test_under_policy_fresh_only_what_is_the_same_is_copied_first(duck: Place) -> None:
    duck.production()
    fresh = ("--defer-policy", "fresh", *STATE, "--clone-incrementals")
    duck.ok("run", "-s", "inc", *fresh)
    assert duck.rows("select sum(added), count(*) from dev.inc") == [(0, 2)]
    duck.ok("run", "-s", "last", "--defer-policy", "fresh", *STATE)
    duck.rows("drop view dev.last; drop table dev.inc")
    duck.write({"models/inc.sql": "{{ config(materialized='incremental') }}select 9 as id"})
    said = duck.ok("run", "-s", "inc", *fresh)
    assert "copied first" not in said.out
    assert duck.rows("from dev.inc") == [(9,)]


def test_retry_copies_the_same_rows(duck: Place) -> None:
    duck.production()
    duck.rows("alter table prod.big rename to elsewhere")
    options = ("--where", "name = 'Ada'")
    assert duck("clone", "-s", "inc", "big", *STATE, *options).exit_code == 1
    duck.rows("alter table prod.elsewhere rename to big")
    duck.ok("retry")
    assert set(duck.results()) == {"big"}
    assert duck.rows("select count(*) from dev.big") == [(1,)]


def test_layers(duck: Place) -> None:
    duck.production()
    duck.write({"models/big.sql": "{{ config(materialized='table') }}select 7 as id"})
    text = (duck.root / "profiles.yml").read_text()
    profiles = json.loads(text)
    profiles["p"]["outputs"]["ci"] = {**profiles["p"]["outputs"]["dev"], "schema": "ci"}
    duck.write({"profiles.yml": json.dumps(profiles)})
    duck.ok("build", "-q", "-s", "big", "--target", "ci", "--target-path", "ci-state", "--defer",
            *STATE)  # fmt: skip
    states = "deferral: {targets: {dev: {state: [ci-state, prod-state]}}}\n"
    duck.write({"upriver.yml": states})
    duck.ok("clone", "-s", "big", "inc", "--clone-mode", "copy")
    assert duck.rows("from dev.big") == [(7,)]
    assert duck.rows("select count(*) from dev.inc") == [(2,)]
    duck.ok("clone", "-s", "big", "inc", "--refresh-stale")
    assert {row["message"] for row in duck.results().values()} == {"No-op"}
    duck.write({"upriver.yml": "deferral: {targets: {dev: {state: prod-state}}}\n"})
    duck.ok("clone", "-s", "big", "inc", "--refresh-stale", "--clone-mode", "copy")
    assert duck.rows("select count(*) from dev.big") == [(2,)]
    assert duck.results()["inc"]["message"] == "No-op"
