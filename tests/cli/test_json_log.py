"""JSON lines, with the names, codes and keys that orchestrators read (CLI-102..110)."""

from __future__ import annotations

from typing import Any

import pytest
from tests.cli.shop_project import Said, Shop

INFO = {
    "category", "code", "extra", "invocation_id", "level", "msg", "name", "pid", "thread", "ts",
}  # fmt: skip
NODE_INFO = {
    "materialized", "meta", "node_checksum", "node_finished_at", "node_name", "node_path",
    "node_relation", "node_started_at", "node_status", "resource_type", "unique_id",
}  # fmt: skip


def named(said: Said, name: str) -> list[dict[str, Any]]:
    return [event for event in said.events if event["info"]["name"] == name]


def names(said: Said) -> list[str]:
    return [event["info"]["name"] for event in said.events]


def test_every_line_of_a_build(shop: Shop) -> None:
    shop.write({"tests/a_warning.sql": "{{ config(severity='warn') }} select 1 as id"})
    said = shop("build", "--log-format", "json", "--log-level", "debug")
    for event in said.events:
        assert set(event) == {"data", "info"}
        assert set(event["info"]) == INFO
        assert event["info"]["ts"].endswith("Z")
        if "node_info" in event["data"]:
            assert set(event["data"]["node_info"]) == NODE_INFO
    assert len({event["info"]["invocation_id"] for event in said.events}) == 1
    codes = {event["info"]["name"]: event["info"]["code"] for event in said.events}
    assert codes == {
        "MainReportVersion": "A001", "AdapterRegistered": "E034", "FoundStats": "W006",
        "ConcurrencyLine": "Q027", "LogStartLine": "Q011", "NodeStart": "Q024",
        "LogSeedResult": "Q016", "LogModelResult": "Q012", "LogTestResult": "Q007",
        "LogNodeNoOpResult": "Q019", "NodeCompiling": "Q030", "NodeExecuting": "Q031",
        "EndRunResult": "Q037", "NodeFinished": "Q025", "SQLQuery": "E016",
        "SQLQueryStatus": "E017", "FinishedRunningStats": "E047", "EndOfRunSummary": "Z030",
        "RunResultWarning": "Z021", "RunResultWarningMessage": "Z046", "SQLCompiledPath": "Z026",
        "StatsLine": "Z023", "ArtifactWritten": "P001", "CommandCompleted": "Q039",
    }  # fmt: skip


def test_what_dagster_and_cosmos_read(shop: Shop) -> None:
    # CLI-105, CLI-106
    shop.write(
        {"models/bad.sql": "select nope", "models/below.sql": "select * from {{ ref('bad') }}"}
    )
    said = shop("build", "--log-format", "json", "--log-level", "debug")
    (seed,) = named(said, "LogSeedResult")
    assert seed["data"]["status"] == "success"
    assert seed["data"]["result_message"] == "INSERT 3"
    assert seed["data"]["node_info"]["unique_id"] == "seed.shop.raw"
    (test,) = named(said, "LogTestResult")
    assert (test["data"]["num_failures"], test["data"]["status"]) == (0, "pass")
    assert test["data"]["attached_node"] == "model.shop.customers"
    models = {e["data"]["node_info"]["node_name"]: e for e in named(said, "LogModelResult")}
    assert models["orders"]["data"]["status"] == "OK"
    assert models["orders"]["data"]["execution_time"] > 0
    assert models["orders"]["data"]["node_info"]["node_relation"] == {
        "alias": "orders", "database": "shop", "relation_name": '"shop"."dev"."orders"',
        "schema": "dev",
    }  # fmt: skip
    assert models["bad"]["info"]["level"] == "error"
    (skipped,) = named(said, "SkippingDetails")
    assert skipped["data"]["node_name"] == "below"
    finished = {
        e["data"]["node_info"]["node_name"]: e["data"]["run_result"]
        for e in named(said, "NodeFinished")
    }
    assert finished["raw"]["adapter_response"]["rows_affected"] == 3
    assert {timing["name"] for timing in finished["orders"]["timing_info"]} == {
        "compile",
        "execute",
    }
    assert finished["bad"]["status"] == "error"
    assert "Binder Error" in finished["bad"]["message"]
    (failure,) = named(said, "RunResultError")
    assert "Binder Error" in failure["data"]["msg"]
    (stats,) = named(said, "StatsLine")
    assert stats["data"]["stats"]["total"] == 7
    assert seed["info"]["thread"] == "Thread-1 (worker)"


def test_debug_events_only_when_asked_for(shop: Shop) -> None:
    # CLI-110
    said = shop("seed", "--log-format", "json")
    assert {event["info"]["level"] for event in said.events} == {"info"}
    assert shop("seed", "--log-format", "json", "--quiet").events == []


def test_requested_output_comes_as_events_whatever_the_level(shop: Shop) -> None:
    listed = shop("ls", "--log-format", "json", "--log-level", "none", "-s", "orders")
    assert [(e["info"]["name"], e["data"]["msg"]) for e in listed.events] == [
        ("PrintEvent", "shop.orders")
    ]
    printed = shop("run-operation", "hello", "--log-format", "json", "--quiet")
    assert names(printed) == ["PrintEvent"]
    assert shop("run-operation", "hello", "--log-format", "json", "-q", "--no-print").events == []


def test_compile_and_show_have_events_of_their_own(shop: Shop) -> None:
    shop("seed")
    compiled = named(shop("compile", "-s", "orders", "--log-format", "json"), "CompiledNode")
    assert [event["data"]["unique_id"] for event in compiled] == ["model.shop.orders"]
    assert compiled[0]["data"]["compiled"] == 'select id, customer from "shop"."dev"."raw"'
    said = shop("show", "--inline", "select 1 as a", "--log-format", "json")
    (shown,) = named(said, "ShowNode")
    assert shown["data"]["is_inline"] is True
    assert shown["data"]["preview"] == "| a |\n| - |\n| 1 |"
    assert "LogModelResult" not in names(said)


@pytest.mark.parametrize(
    ("args", "name", "code"),
    [
        (("run", "-s", "nothing"), "NoNodesForSelectionCriteria", "M030"),
        (("run", "-s", "nothing"), "NothingToDo", "Q035"),
        (("ls", "-s", "nothing"), "NoNodesSelected", "Q038"),
        (("run", "--target", "nowhere"), "MainEncounteredError", "Z002"),
        (("run-operation", "boom"), "RunningOperationCaughtError", "Q001"),
        (("run-operation", "hello"), "JinjaLogInfo", "I062"),
        (("clean",), "Note", "Z050"),
    ],
)
def test_events_outside_of_runs(shop: Shop, args: tuple[str, ...], name: str, code: str) -> None:
    said = shop(*args, "--log-format", "json")
    assert {event["info"]["code"] for event in named(said, name)} == {code}


def test_problems_are_there_as_data(shop: Shop) -> None:
    (event,) = named(
        shop("run", "--target", "pro", "--log-format", "json"), "MainEncounteredError"
    )
    assert event["data"]["upriver"]["code"] == "target-not-found"


def test_what_dbt_tells_of_a_step_and_of_a_run(shop: Shop) -> None:
    # CLI-105: names, codes and keys as observed of dbt
    shop.write({"models/bad.sql": "select nope from {{ ref('orders') }}",
                "models/after.sql": "select * from {{ ref('bad') }}"})  # fmt: skip
    said = shop("build", "-s", "+bad", "after", "--log-format", "json", "--log-level", "debug")
    by_name: dict[str, list[dict[str, Any]]] = {}
    for event in said.events:
        by_name.setdefault(event["info"]["name"], []).append(event)
    of_bad = [
        event["info"]["code"]
        for event in said.events
        if event["info"]["code"] in {"Q024", "Q030", "Q031", "Q025"}
        and event["data"]["node_info"]["unique_id"] == "model.shop.bad"
    ]
    assert of_bad == ["Q024", "Q030", "Q031", "Q025"]
    marked = [event["data"] for event in by_name["MarkSkippedChildren"]]
    assert [(one["unique_id"], one["status"]) for one in marked] == [
        ("model.shop.bad", "error"),
        ("model.shop.after", "skipped"),
    ]
    [ended] = by_name["EndRunResult"]
    assert ended["info"]["code"] == "Q037"
    assert ended["data"]["success"] is False
    assert [one["status"] for one in ended["data"]["results"]][-2:] == ["error", "skipped"]
    statuses = {event["data"]["status"] for event in by_name["SQLQueryStatus"]}
    assert statuses == {"OK", "ERROR"}


def test_a_criterion_that_matches_nothing_is_there_as_data(shop: Shop) -> None:
    said = shop("run", "-s", "nope", "+zzz", "--log-format", "json")
    told = [e["data"] for e in said.events if e["info"]["name"] == "NoNodesForSelectionCriteria"]
    assert [one["spec_raw"] for one in told] == ["nope", "+zzz"]
