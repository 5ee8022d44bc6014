"""What macros that `run-operation` calls read (D9)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.cli.shop_project import Said, Shop

FILES = {
    "models/patients.sql": "{{ config(materialized='table', meta={'contains': 'phi'}) }}"
    " select 1 as id",
    "models/plain.sql": "{{ config(materialized='table') }} select 1 as id",
    "models/late.sql": "{{ config(materialized='table') }} select 1 as id",
    "macros/tell.sql": """\
{% macro tell() %}{{ print(ref('plain')) }}{{ inner() }}{% endmacro %}
{% macro inner() %}{% if false %}{{ ref('late') }}{% endif %}{% endmacro %}
{% macro about(name) %}{{ print(ref(name)) }}{{ print(ref(name)) }}{% endmacro %}
{% macro people() %}{{ print(ref("patients")) }}{% endmacro %}
{% macro versioned() %}{{ print(ref('shop', 'plain')) }}{% endmacro %}
""",
}
PROD, DEV = '"shop"."prod"."plain"', '"shop"."dev"."plain"'
STATE = ("--state", "published")
POLICY = ("--defer-policy", "exists", *STATE)


@pytest.fixture
def ward(tmp_path: Path) -> Shop:
    """Production is built and published, and the target is empty."""
    shop = Shop(tmp_path, FILES)
    assert shop("run", "--target", "prod", "--target-path", "published").exit_code == 0
    return shop


def told(said: Said) -> str:
    return said.out + said.err


def reads(shop: Shop) -> list[dict[str, Any]]:
    lines = (shop.root / "logs/upriver_reads.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize(
    "flags", [(), ("--defer", *STATE), ("--defer",), ("--favor-state", *STATE)]
)
def test_options_of_dbt_mean_what_they_mean_there(ward: Shop, flags: tuple[str, ...]) -> None:
    said = ward("run-operation", "tell", *flags)
    assert said.exit_code == 0, told(said)
    assert DEV in said.out
    assert not (ward.root / "logs/upriver_reads.jsonl").exists()


def test_a_policy_defers(ward: Shop) -> None:
    said = ward("run-operation", "tell", *POLICY)
    assert said.exit_code == 0, told(said)
    assert PROD in said.out
    assert "Deferred 2 of 2 references" in told(said)
    (line,) = reads(ward)
    assert sorted(read["resource"] for read in line["reads"]) == [
        "model.shop.late",
        "model.shop.plain",
    ]
    assert line["reads"][0]["readers"] == ["macro.shop.tell"]
    assert PROD in ward("run-operation", "versioned", *POLICY).out
    assert ward("run", "-s", "plain").exit_code == 0
    assert DEV in ward("run-operation", "tell", *POLICY).out
    assert PROD in ward("run-operation", "tell", "--defer-policy", "favor-state", *STATE).out
    assert DEV in ward("run-operation", "tell", "--no-defer", *POLICY).out


def test_what_only_running_shows_is_decided_and_recorded(ward: Shop) -> None:
    said = ward("run-operation", "about", "--args", "name: plain", *POLICY)
    assert said.exit_code == 0, told(said)
    assert PROD in said.out
    begins, shown = reads(ward)
    assert (begins["outcome"], begins["reads"]) == ("begins", [])
    assert (shown["outcome"], [read["relation"] for read in shown["reads"]]) == ("reads", [PROD])


def test_settings_of_a_target_may_say_it(ward: Shop) -> None:
    ward.write(
        {"upriver.yml": "deferral: {targets: {dev: {state: published, operations: true}}}\n"}
    )
    assert PROD in ward("run-operation", "tell").out
    assert DEV in ward("run-operation", "tell", "--no-defer").out
    ward.write({"upriver.yml": "deferral: {targets: {dev: {state: published}}}\n"})
    assert DEV in ward("run-operation", "tell").out


def test_rules_hold(ward: Shop) -> None:
    rule = "deferral: {deny: [{name: phi, meta: {contains: phi}%s}]}\n"
    ward.write({"upriver.yml": rule % ""})
    said = ward("run-operation", "people", *POLICY)
    assert (said.exit_code, "error[deferral-denied]" in told(said)) == (2, True), told(said)
    said = ward("run-operation", "about", "--args", "name: patients", *POLICY)
    assert (said.exit_code, "the rule `phi` denies" in told(said)) == (1, True), told(said)
    assert [line["outcome"] for line in reads(ward)] == ["refused", "begins", "refused"]
    ward.write({"upriver.yml": rule % ", use: prod.plain"})
    assert '"shop"."prod"."plain"' in ward("run-operation", "people", *POLICY).out


def test_fresh_reads_nothing_stale(ward: Shop) -> None:
    fresh = ("--defer-policy", "fresh", *STATE)
    assert PROD in ward("run-operation", "tell", *fresh).out
    ward.write({"models/plain.sql": "{{ config(materialized='table') }} select 2 as id"})
    said = ward("run-operation", "tell", *fresh)
    assert (said.exit_code, "error[fresh-needs-build]" in told(said)) == (2, True), told(said)
    said = ward("run-operation", "about", "--args", "name: plain", *fresh)
    assert (said.exit_code, "have no copy built" in told(said)) == (1, True), told(said)
    assert ward("run", "-s", "plain").exit_code == 0
    assert DEV in ward("run-operation", "tell", *fresh).out


def test_no_state_and_missing_relations_are_told(ward: Shop) -> None:
    said = ward("run-operation", "tell", "--defer-policy", "exists")
    assert (said.exit_code, "error[state-required]" in told(said)) == (2, True)
    import duckdb  # the driver is loaded only by tests that look at rows

    with duckdb.connect(str(ward.root / "shop.duckdb")) as connection:
        connection.execute("drop table prod.plain")
    said = ward("run-operation", "tell", *POLICY)
    assert (said.exit_code, "error[deferral-relation-missing]" in told(said)) == (2, True)
