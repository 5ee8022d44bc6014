"""Verbs that plan and carry out, from a command to what it left behind."""

from __future__ import annotations

import json

import pytest
from tests.cli.shop_project import Shop

from upriver.project.memory import Memory
from upriver.project.store import Store


def test_artifacts_are_written_however_a_run_ends(shop: Shop) -> None:
    # CLI-130
    shop.write({"models/bad.sql": "select nope"})
    assert shop("build").exit_code == 1
    manifest = json.loads((shop.root / "target" / "manifest.json").read_text())
    assert manifest["nodes"]["model.shop.orders"]["compiled"] is True
    assert shop.statuses()["model.shop.bad"] == "error"


def test_none_are_written_on_request(shop: Shop) -> None:
    # CLI-41
    assert shop("build", "--no-write-json").exit_code == 0
    assert not (shop.root / "target" / "manifest.json").exists()
    assert not (shop.root / "target" / "compiled").exists()


def test_an_unknown_macro_names_the_nearest(shop: Shop) -> None:
    # CLI-120
    said = shop("run-operation", "helo")
    assert said.exit_code == 2
    assert "No package has a macro `helo`" in said.out
    assert "Did you mean `hello`?" in said.out


@pytest.mark.parametrize("name", ["hello", "shop.hello"])
def test_operations_get_arguments(shop: Shop, name: str) -> None:
    assert "hello you" in shop("run-operation", name, "--args", "{who: you}").out


def test_fail_fast_leaves_the_rest(shop: Shop) -> None:
    # CLI-69
    shop.write({"models/a_bad.sql": "select nope", "models/b.sql": "select 1 as id"})
    shop("run", "-s", "a_bad", "b", "--fail-fast")
    assert shop.statuses() == {"model.shop.a_bad": "error", "model.shop.b": "skipped"}
    assert shop.run_results()["results"][1]["message"] == "Skipping due to fail_fast"


def test_clone_reads_state_without_being_told_to_defer(shop: Shop) -> None:
    shop("build", "--target", "prod", "--target-path", "prod-state", "-q")
    assert shop("clone", "--state", "prod-state").exit_code == 0
    assert shop.rows("select count(*) from dev.customers") == [(2,)]


def test_plan_builds_nothing(shop: Shop) -> None:
    shop("build", "--target", "prod", "--target-path", "prod-state", "-q")
    said = shop(
        "plan", "-s", "customers", "--command", "build", "--defer", "--state", "prod-state",
        "--output", "json",
    )  # fmt: skip
    plan = json.loads(said.out)
    assert plan["steps"][0]["unique_id"] == "model.shop.customers"
    assert plan["steps"][0]["inputs"][0]["reason"] == "missing-in-target"
    assert plan["baseline"] == "prod-state (under a minute old)"
    assert plan["summary"]["deferred"] == 1
    assert not (shop.root / "target" / "run_results.json").exists()
    assert shop.rows(
        "select count(*) from information_schema.schemata where schema_name = 'dev'"
    ) == [(0,)]


def test_seeds_show_what_they_loaded_on_request(shop: Shop) -> None:
    # CLI-46
    said = shop("seed", "--show")
    assert said.exit_code == 0
    assert said.out.splitlines()[-6:] == [
        'Loaded into "shop"."dev"."raw":',
        "| id | customer |",
        "| -- | -------- |",
        "|  1 | Ada      |",
        "|  2 | Grace    |",
        "|  3 | Ada      |",
    ]


EPHEMERAL = {
    "models/inner.sql": "{{ config(materialized='ephemeral') }}select * from {{ ref('orders') }}",
    "models/outer.sql": "{{ config(materialized='ephemeral') }}select * from {{ ref('inner') }}",
    "models/top.sql": "select * from {{ ref('outer') }}",
    "models/unit.yml": """\
unit_tests:
  - name: kept
    model: inner
    given:
      - {input: ref('orders'), rows: [{id: 1, customer: Ada}]}
    expect: {rows: [{id: 2, customer: Ada}]}
""",
}


@pytest.mark.parametrize("command", [["run"], ["compile"], ["show", "-s", "top"]])
def test_inlined_models_are_compiled_in_the_manifest(shop: Shop, command: list[str]) -> None:
    # ART-46
    shop.write(EPHEMERAL)
    shop("build", "-s", "orders", "raw", "-q")
    assert shop(*command).exit_code == 0
    manifest = json.loads((shop.root / "target" / "manifest.json").read_text())
    inner, outer = (manifest["nodes"][f"model.shop.{name}"] for name in ("inner", "outer"))
    assert inner["compiled_code"] == 'select * from "shop"."dev"."orders"'
    assert outer["compiled_code"].startswith("with __dbt__cte__inner as (")
    assert [cte["id"] for cte in outer["extra_ctes"]] == ["model.shop.inner"]
    for node in (inner, outer):
        assert (shop.root / node["compiled_path"]).read_text() == node["compiled_code"]


def test_a_unit_test_of_an_ephemeral_model_comes_before_what_inlines_it(shop: Shop) -> None:
    # CLI-67
    shop.write(EPHEMERAL)
    assert shop("build").exit_code == 1
    statuses = shop.statuses()
    assert statuses["unit_test.shop.inner.kept"] == "fail"
    assert statuses["model.shop.top"] == "skipped"
    given = shop.root / "target" / "compiled" / "shop" / "models" / "unit.yml" / "orders.sql"
    assert "cast('Ada' as" in given.read_text()


def test_what_show_sent_is_in_the_artifacts(shop: Shop) -> None:
    shop("build", "-q")
    shop("show", "-s", "orders", "--limit", "7")
    [row] = shop.run_results()["results"]
    assert "limit 7" in row["compiled_code"]
    compiled = shop.root / "target" / "compiled" / "shop" / "models" / "orders.sql"
    assert "limit" not in compiled.read_text()


def test_artifacts_say_that_nothing_was_done(shop: Shop) -> None:
    shop("build", "-q")
    assert shop("run", "-s", "no_such_model").exit_code == 0
    assert shop.run_results()["results"] == []


def test_parse_tells_how_much_was_read(shop: Shop) -> None:
    # CLI-51, CLI-129, ART-8
    assert shop("parse").exit_code == 0
    told = json.loads((shop.root / "target" / "perf_info.json").read_text())
    own = next(one for one in told["projects"] if one["project_name"] == "shop")
    assert own["parsed_path_count"] == 5
    assert {"parser": "model", "parsed_path_count": 2} in own["parsers"]
    assert told["path_count"] >= told["parsed_path_count"] >= 5
    assert not (shop.root / "target" / "compiled").exists()


def test_a_failed_operation_names_its_macro(shop: Shop) -> None:
    # As dbt: `Compilation Error in macro boom (macros/hello.sql)`
    said = shop("run-operation", "boom")
    assert said.exit_code == 1
    line = "Encountered an error while running operation: Compilation Error in macro boom"
    assert f"{line} (macros/hello.sql)" in said.out


POSTGRES = """\
shop:
  target: dev
  outputs:
    dev: {type: postgres, host: localhost, port: 1, user: me, password: hush, dbname: d, schema: s}
"""


@pytest.mark.parametrize("command", ["run", "build", "seed", "test"])
def test_a_server_that_is_down_is_told_once(shop: Shop, command: str) -> None:
    shop.write({"profiles.yml": POSTGRES})
    said = shop(command)
    assert said.exit_code == 2
    assert [p.code for p in said.result.outcome.problems] == ["connection-failed"]  # type: ignore[union-attr]
    assert "`localhost:1/d` as `me`" in said.out
    assert "hint: Is the warehouse running" in said.out
    assert "hush" not in said.out


def test_longer_steps_start_first_the_next_time(shop: Shop) -> None:
    shop.write({"models/a_quick.sql": "select 1 as n", "models/z_slow.sql": "select 1 as n"})
    command = ("run", "-s", "a_quick", "z_slow", "--threads", "1", "-q")
    assert shop(*command).exit_code == 0
    memory = Memory(Store(str(shop.root / "target")))
    assert set(memory.durations()) == {"model.shop.a_quick", "model.shop.z_slow"}
    memory.put_durations({"model.shop.z_slow": 60.0})
    memory.store.close()
    shop(*command)
    ran = [row["unique_id"] for row in shop.run_results()["results"]]
    assert ran == ["model.shop.z_slow", "model.shop.a_quick"]
