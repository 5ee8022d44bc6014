"""Verbs that plan and carry out, from a command to what it left behind."""

from __future__ import annotations

import json

import pytest
from tests.cli.shop_project import Shop


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
