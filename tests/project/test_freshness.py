"""`source freshness` as an artifact; `tests/cases/commands/freshness.md` has the behaviour."""

from __future__ import annotations

import json

from tests.cli.shop_project import Shop

SOURCES = """\
sources:
  - name: dev
    config: {loaded_at_field: "id::varchar::timestamp", freshness: {warn_after: {count: 1, period: day}}}
    tables: [{name: raw, config: {loaded_at_query: "select timestamp '2001-02-03'"}}, {name: bad}]
"""


def test_what_was_found_out_is_written(shop: Shop) -> None:
    # ART-69, ART-70: dbt leaves out what could not be found out.
    shop.write({"models/src.yml": SOURCES})
    assert shop("source", "freshness").exit_code == 1
    [row] = json.loads((shop.root / "target" / "sources.json").read_text())["results"]
    assert (row["unique_id"], row["status"]) == ("source.shop.dev.raw", "warn")
    assert row["max_loaded_at"] == "2001-02-03T00:00:00+00:00"
    assert row["criteria"] == {
        "warn_after": {"count": 1, "period": "day"},
        "error_after": {"count": None, "period": None},
        "filter": None,
    }
    assert not (shop.root / "target" / "run_results.json").exists()


def test_an_empty_answer_replaces_the_one_before(shop: Shop) -> None:
    shop.write({"models/src.yml": SOURCES})
    shop("source", "freshness")
    assert shop("source", "freshness", "-s", "orders").exit_code == 0
    assert json.loads((shop.root / "target" / "sources.json").read_text())["results"] == []


def test_nothing_is_written_on_request(shop: Shop) -> None:
    shop.write({"models/src.yml": SOURCES})
    shop("source", "freshness", "--no-write-json")
    assert not (shop.root / "target" / "sources.json").exists()


def test_events_are_dbts(shop: Shop) -> None:
    shop.write({"models/src.yml": SOURCES})
    events = shop("source", "freshness", "--log-format", "json").events
    found = {e["data"]["table_name"]: e["data"] for e in events if e["info"]["code"] == "Q018"}
    assert (found["raw"]["status"], found["bad"]["status"]) == ("warn", "runtime error")
    assert any(e["info"]["name"] == "FreshnessCheckComplete" for e in events)
