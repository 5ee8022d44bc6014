"""`diff --data`: what it compares, prints and refuses."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from tests.cli.shop_project import MODELS, Shop


@pytest.fixture
def published(tmp_path: Path) -> Shop:
    """The shop, built in production; in the target one row has another customer, one is new."""
    shop = Shop(tmp_path, {**MODELS, "models/keys.yml": KEYS})
    assert shop("build", "--target", "prod", "--target-path", "prod-state").exit_code == 0
    shop.write({"seeds/raw.csv": "id,customer\n1,Ada\n2,<b>Grace</b>\n4,Ada\n"})
    assert shop("build").exit_code == 0
    return shop


KEYS = """\
models:
  - name: orders
    columns: [{name: id, data_tests: [unique, not_null]}]
"""
DATA = ("diff", "--data", "--state", "prod-state", "--quiet")


def data(shop: Shop, *args: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(shop(*DATA, "--output", "json", *args).out)
    return found


def test_rows_are_compared_by_the_tested_key(published: Shop) -> None:
    (found,) = data(published, "-s", "orders")
    assert found["key"] == {"columns": ["id"], "origin": "test unique"}
    assert found["rows"] == {
        "baseline": 3, "here": 3, "added": 1, "removed": 1, "changed": 1, "same": 1,
    }  # fmt: skip
    assert found["columns"] == [
        {
            "name": "customer",
            "changed": 1,
            "examples": [{"key": {"id": 2}, "before": "Grace", "after": "<b>Grace</b>"}],
        }
    ]
    assert found["examples"]["added"] == [{"count": 1, "values": {"id": 4, "customer": "Ada"}}]
    assert (found["relation"], found["baseline_relation"]) == (
        '"shop"."dev"."orders"', '"shop"."prod"."orders"',
    )  # fmt: skip


def test_a_table_for_people(published: Shop) -> None:
    said = published(*DATA, "-s", "orders").out
    assert "1 added, 1 removed, 1 changed, 1 same" in said
    assert "id=2: 'Grace' -> '<b>Grace</b>'" in said


def test_without_a_choice_what_is_on_both_sides_is_compared(published: Shop) -> None:
    published.write({"models/fresh.sql": "select 1 as a"})
    assert [one["name"] for one in data(published)] == ["customers", "orders", "raw"]


def test_without_a_key_whole_rows_are_compared(published: Shop) -> None:
    (found,) = data(published, "-s", "raw")
    assert found["key"] is None
    assert (found["rows"]["added"], found["rows"]["removed"]) == (2, 2)
    assert data(published, "-s", "raw", "--key", "ID")[0]["rows"]["changed"] == 1


def test_a_key_that_does_not_hold_is_told(published: Shop) -> None:
    said = published(*DATA[:-1], "-s", "raw", "--key", "customer")
    assert "2 rows, such as customer='Ada'" in said.out
    assert "warning[diff-key-not-unique]" in said.err


def test_an_unknown_key_is_a_mistake(published: Shop) -> None:
    said = published("diff", "--data", "--state", "prod-state", "-s", "raw", "--key", "custmer")
    assert said.exit_code == 1
    assert "Did you mean `customer`?" in said.err + said.out


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"models/fresh.sql": "select 1 as a"}, "not-in-state"),
        ({}, "missing-here"),
    ],
)
def test_what_is_missing_is_told(published: Shop, change: dict[str, str], status: str) -> None:
    published.write(change)
    name = "fresh" if change else "orders"
    args = () if change else ("--target", "other")
    if not change:
        text = (published.root / "profiles.yml").read_text()
        other = "    other: {type: duckdb, path: shop.duckdb, schema: other}\n"
        (published.root / "profiles.yml").write_text(text + other)
    (found,) = data(published, "-s", name, *args)
    assert found["status"] == status
    assert published(*DATA, "-s", name, *args, "--fail-on-difference").exit_code == 1


def test_production_is_not_compared_with_itself(published: Shop) -> None:
    (found,) = data(published, "-s", "orders", "--target", "prod")
    assert (found["status"], found["is_different"]) == ("same-relation", False)


def test_differences_fail_on_request(published: Shop) -> None:
    assert published(*DATA, "-s", "orders").exit_code == 0
    assert published(*DATA, "-s", "orders", "--fail-on-difference").exit_code == 1
    published.write({"seeds/raw.csv": MODELS["seeds/raw.csv"]})
    published("build")
    assert published(*DATA, "-s", "orders", "--fail-on-difference").exit_code == 0
    assert published("diff", "--state", "prod-state", "--fail-on-difference").exit_code == 0
    published.write({"models/orders.sql": "select 1 as id, 'x' as customer"})
    assert published("diff", "--state", "prod-state", "--fail-on-difference").exit_code == 1


def test_the_page_stands_alone_and_holds_values_as_text(published: Shop) -> None:
    printed = published(*DATA, "-s", "orders", "--output", "html", "--html", "out.html").out
    page = (published.root / "out.html").read_text()
    assert printed.strip() == page
    assert "&lt;b&gt;Grace" in page
    assert "<b>" not in page
    assert "<rect" in page
    assert "default-src 'none'" in page.replace("&#x27;", "'")
    assert not re.search(r"<script|src=|href=|style=|https?:|url\(", page)


def test_what_needs_data_is_refused_without(published: Shop) -> None:
    said = published("diff", "--state", "prod-state", "--key", "id", "--output", "html")
    assert said.exit_code == 2
    assert said.err.count("diff-without-data") == 2


def test_nothing_is_written(published: Shop) -> None:
    before = published.rows("select table_schema, table_name from information_schema.tables")
    published(*DATA)
    after = published.rows("select table_schema, table_name from information_schema.tables")
    assert after == before
