"""Rules about data that must not cross environments, wherever relations are resolved."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import duckdb
import pytest
from tests.cli.shop_project import Said, Shop
from tests.postgres_server import Server
from tests.project.two_schemas import made

from upriver.project.deferring.audit import append

DEFERRING = ("--defer", "--state", "prod-state")
DENY = "deferral: {deny: [{name: phi, meta: {contains: phi}, targets: [dev]%s}]}\n"
FILES = {
    "models/patients.sql": "{{ config(materialized='table', meta={'contains': 'phi'}) }}"
    " select 1 as id, 'Ada' as name",
    "models/plain.sql": "select 1 as id",
    "models/inlined.sql": "{{ config(materialized='ephemeral') }}select * from {{ ref('patients') }}",
    "models/body.sql": "select * from {{ ref('patients') }}",
    "models/through.sql": "select * from {{ ref('inlined') }}",
    "models/hooked.sql": "{{ config(post_hook='select count(*) from {{ ref(\"patients\") }}') }}"
    "-- depends_on: {{ ref('patients') }}\nselect 1 as id",
    "models/spared.sql": "select * from {{ ref('plain') }}",
    "models/from_source.sql": "select * from {{ source('raw', 'people') }}",
    "models/models.yml": """\
sources:
  - name: raw
    schema: prod
    loaded_at_field: now()
    freshness: {warn_after: {count: 1, period: day}}
    tables: [{name: people, identifier: patients}]
models:
  - name: patients
    columns: [{name: id, data_tests: [unique]}]
  - name: body
unit_tests:
  - name: fixture
    model: body
    given: [{input: ref('patients'), rows: [{id: 1}]}]
    expect: {rows: [{id: 1}]}
""",
    "analyses/look.sql": "select * from {{ ref('patients') }}",
    "macros/peek.sql": "{% macro peek() %}{% do run_query('select 1 from ' ~ source('raw', 'people'))"
    " %}{% endmacro %}",
}  # fmt: skip
SOURCES = FILES["models/models.yml"].partition("models:\n")[0]


@pytest.fixture
def ward(tmp_path: Path) -> Shop:
    """Production is built and published; `patients` holds what must stay there."""
    shop = Shop(tmp_path, FILES)
    built = ("patients", "plain")
    assert (
        shop("run", "-s", *built, "--target", "prod", "--target-path", "published").exit_code == 0
    )
    shop.write({"upriver.yml": DENY % ""})
    return shop


def deferring(shop: Shop, *args: str) -> Said:
    return shop(*args, "--defer", "--state", "published")


def told(said: Said) -> str:
    return said.out + said.err


@pytest.mark.parametrize(
    "args",
    [
        ("run", "-s", "body"),
        ("run", "-s", "through"),
        ("run", "-s", "hooked"),
        ("build", "-s", "body"),
        ("test", "-s", "unique_patients_id"),
        ("compile", "-s", "look"),
        ("show", "-s", "body"),
        ("show", "--inline", "select * from {{ ref('patients') }}"),
        ("clone", "-s", "patients"),
        ("run", "-s", "body", "--favor-state"),
        ("run", "-s", "body", "--defer-policy", "fresh"),
    ],
    ids=" ".join,
)
def test_nothing_runs_that_would_read_it(ward: Shop, args: tuple[str, ...]) -> None:
    before = ward.rows("select count(*) from information_schema.tables")
    said = deferring(ward, *args)
    assert said.exit_code == 2, told(said)
    assert "error[deferral-denied]" in told(said)
    assert "`patients`" in told(said)
    assert '"shop"."prod"."patients"' in told(said)
    assert "the rule `phi` denies" in told(said)
    assert ward.rows("select count(*) from information_schema.tables") == before


def test_what_the_rule_does_not_describe_is_read(ward: Shop) -> None:
    assert deferring(ward, "run", "-s", "spared").exit_code == 0
    assert deferring(ward, "clone", "-s", "plain").exit_code == 0


def test_built_here_it_may_be_read(ward: Shop) -> None:
    said = deferring(ward, "run", "-s", "+body")
    assert said.exit_code == 0, told(said)
    assert deferring(ward, "run", "-s", "body").exit_code == 0


UNMARKED = "{{ config(materialized='table') }} select 1 as id, 'Ada' as name"


@pytest.mark.parametrize(
    "rule",
    [
        "{name: phi, meta: {contains: phi}}",
        "{name: phi, tag: secret}",
        "{name: phi, select: 'tag:secret+,patients'}",
        "{name: phi, select: 'config.meta.contains:phi'}",
        "{name: phi, column_tag: pii}",
    ],
)
def test_a_mark_taken_away_here_still_holds(tmp_path: Path, rule: str) -> None:
    marked = (
        "models:\n  - name: patients\n    config: {tags: [secret]}\n"
        "    columns: [{name: id, config: {tags: [pii]}}]\n"
    )
    shop = Shop(tmp_path, {**FILES, "models/marks.yml": marked, "models/models.yml": SOURCES})
    assert shop("run", "-s", "patients", "plain", "--target", "prod",
                "--target-path", "published").exit_code == 0  # fmt: skip
    shop.write({"models/patients.sql": UNMARKED, "models/marks.yml": ""})
    assert deferring(shop, "compile", "-s", "body").exit_code == 0
    shop.write({"upriver.yml": f"deferral: {{deny: [{rule}]}}\n"})
    for _ in "ab":
        for args in (("run", "-s", "body"), ("clone", "-s", "patients")):
            said = deferring(shop, *args)
            assert (said.exit_code, "error[deferral-denied]" in told(said)) == (2, True), told(
                said
            )
    assert deferring(shop, "clone", "-s", "plain").exit_code == 0


def test_a_mark_in_any_layer_holds(ward: Shop) -> None:
    ward.write({"models/patients.sql": UNMARKED, "upriver.yml": ""})
    assert ward("run", "-s", "patients", "--target", "prod",
                "--target-path", "branch").exit_code == 0  # fmt: skip
    args = ("run", "-s", "body", "--defer", "--state", "branch", "--state", "published")
    assert ward(*args).exit_code == 0
    ward.write({"upriver.yml": DENY % ""})
    said = ward(*args)
    assert (said.exit_code, "error[deferral-denied]" in told(said)) == (2, True), told(said)


def test_rules_hold_for_their_targets_only(ward: Shop) -> None:
    ward.write({"upriver.yml": DENY.replace("[dev]", "[ci]") % ""})
    assert deferring(ward, "run", "-s", "body").exit_code == 0


def test_a_plan_shows_what_is_denied(ward: Shop) -> None:
    said = deferring(ward, "plan", "-s", "body")
    assert said.exit_code == 0
    assert "denied" in said.out
    assert "1 denied by a rule" in said.out
    assert "warning[deferral-denied]" in told(said)


def test_a_masked_relation_stands_for_it(ward: Shop) -> None:
    ward.write({"upriver.yml": DENY % ", use: masked.patients_x"})
    said = deferring(ward, "run", "-s", "body")
    assert "error[deferral-relation-missing]" in told(said)
    assert "masked by the rule `phi`" in told(said)
    with duckdb.connect(str(ward.root / "shop.duckdb")) as connection:
        connection.execute("create schema masked")
        connection.execute("create table masked.patients_x as select 7 as id, '*' as name")
    for model in ("body", "through"):
        said = deferring(ward, "run", "-s", model)
        assert said.exit_code == 0, told(said)
        assert ward.rows(f"from dev.{model}") == [(7, "*")]
    assert "masked" in deferring(ward, "plan", "-s", "body").out
    assert deferring(ward, "clone", "-s", "patients").exit_code == 0
    assert ward.rows("from dev.patients") == [(7, "*")]


def test_sources_that_a_rule_means(ward: Shop) -> None:
    assert ward("run", "-s", "from_source").exit_code == 0
    assert ward("run-operation", "peek").exit_code == 0
    rule = "deferral: {deny: [{name: raw, select: 'source:raw'%s}]}\n"
    ward.write({"upriver.yml": rule % ""})
    said = ward("run", "-s", "from_source")
    assert (said.exit_code, "error[deferral-denied]" in told(said)) == (2, True)
    said = ward("run-operation", "peek")
    assert said.exit_code != 0
    assert "the rule `raw` denies" in told(said)
    said = ward("source", "freshness")
    assert "error[deferral-denied]" in told(said)
    ward.write({"upriver.yml": rule % ", use: prod.plain"})
    assert ward("run", "-s", "from_source").exit_code == 0
    assert ward.rows("from dev.from_source") == [(1,)]
    assert ward("run-operation", "peek").exit_code == 0


def test_rows_are_not_compared(ward: Shop) -> None:
    assert ward("run", "-s", "patients", "plain").exit_code == 0
    said = ward("diff", "--data", "-s", "patients", "--state", "published")
    assert (said.exit_code, "error[deferral-denied]" in told(said)) == (2, True)
    said = ward("diff", "--data", "--state", "published")
    assert said.exit_code == 0, told(said)
    assert "patients  " not in said.out
    assert "warning[deferral-denied]" in told(said)
    refused, compared = lines(ward)[-2:]
    assert (refused["command"], refused["outcome"]) == ("diff", "refused")
    assert [read["relation"] for read in compared["reads"]] == ['"shop"."prod"."plain"']


def test_defer_relation_is_guarded(ward: Shop) -> None:
    ward.write(
        {
            "models/patients.sql": "{{ config(materialized='table', meta={'contains': 'phi'}) }}"
            " select '{{ defer_relation }}' as id"
        }
    )
    deferring(ward, "run", "-s", "patients")
    assert "prod" not in str(ward.rows("from dev.patients"))


def test_fixtures_take_no_columns_from_it(ward: Shop) -> None:
    ward.write({"upriver.yml": ""})
    assert ward("run", "-s", "body", "--defer", "--state", "published").exit_code == 0
    said = deferring(ward, "test", "-s", "fixture")
    assert said.exit_code == 0, told(said)
    ward.write({"upriver.yml": DENY % ""})
    assert deferring(ward, "test", "-s", "fixture").exit_code == 1


def test_tests_of_the_state_alone_are_told_where_that_is_asked(ward: Shop) -> None:
    # D5
    setting = "deferral: {targets: {dev: {deferred_tests: %s}}}\n"
    args = ("test", "-s", "unique_patients_id", "--defer", "--state", "published")
    for wanted, exit_code, shown in (("allow", 0, ""), ("warn", 0, "test-of-state"),
                                     ("refuse", 2, "error[test-of-state]")):  # fmt: skip
        ward.write({"upriver.yml": setting % wanted})
        said = ward(*args)
        assert said.exit_code == exit_code, told(said)
        assert shown in told(said)
        assert shown or "test-of-state" not in told(said)
    assert '"shop"."prod"."patients"' in told(said)
    assert ward("run", "-s", "patients").exit_code == 0
    assert ward(*args).exit_code == 0


@pytest.mark.postgres
def test_rules_and_masks_on_postgres(postgres_server: Server, tmp_path: Path) -> None:
    for place in made(tmp_path, postgres_server):
        place.production()
        rule = "deferral: {deny: [{name: big, select: big, targets: [dev]%s}]}\n"
        place.write({"models/reader.sql": "select * from {{ ref('big') }}"})
        place.write({"upriver.yml": rule % ""})
        said = place("run", "-s", "reader", *DEFERRING)
        assert (said.exit_code, "error[deferral-denied]" in told(said)) == (2, True)
        place.rows("create table prod.big_masked as select id, '*' as name from prod.big")
        place.write({"upriver.yml": rule % ", use: '{schema}.{identifier}_masked'"})
        place.ok("run", "-s", "reader", *DEFERRING)
        assert sorted(place.rows("select name from dev.reader")) == [("*",), ("*",)]
        place.ok("clone", "-s", "big", *DEFERRING[1:])
        assert place.rows("select count(*) from dev.big where name = '*'") == [(2,)]


def lines(shop: Shop, name: str = "logs/upriver_reads.jsonl") -> list[dict[str, Any]]:
    return [json.loads(line) for line in (shop.root / name).read_text().splitlines()]


def test_runs_say_what_they_read_elsewhere(ward: Shop) -> None:
    assert deferring(ward, "run", "-s", "spared").exit_code == 0
    deferring(ward, "run", "-s", "body", "through")
    deferring(ward, "plan", "-s", "spared")
    assert ward("run", "-s", "plain").exit_code == 0
    first, second = lines(ward)
    assert (first["command"], first["outcome"], first["target"]) == ("run", "begins", "dev")
    (read,) = first["reads"]
    assert read["resource"] == "model.shop.plain"
    assert read["relation"] == '"shop"."prod"."plain"'
    assert read["readers"] == ["model.shop.spared"]
    assert second["outcome"] == "refused"
    (read,) = second["reads"]
    assert (read["rule"], len(read["readers"])) == ("phi", 2)


def test_the_record_may_lie_elsewhere_and_tells_no_secrets(ward: Shop) -> None:
    ward.write({"upriver.yml": "deferral: {audit: kept/reads.jsonl}\n"})
    assert deferring(ward, "run", "-s", "spared").exit_code == 0
    assert len(lines(ward, "kept/reads.jsonl")) == 1
    ward.write({"kept/file": ""})
    ward.write({"upriver.yml": "deferral: {audit: kept/file/reads.jsonl}\n"})
    said = deferring(ward, "run", "-s", "spared")
    assert said.exit_code == 0
    assert "reads-not-recorded" in told(said)


def test_lines_of_many_runs_do_not_mix(tmp_path: Path) -> None:
    path = str(tmp_path / "reads.jsonl")
    texts = [json.dumps({"n": at, "x": "y" * 20_000}).encode() + b"\n" for at in range(8)]
    threads = [threading.Thread(target=append, args=(path, text)) for text in texts for _ in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = sorted(json.loads(line)["n"] for line in Path(path).read_text().splitlines())
    assert found == sorted([*range(8), *range(8)])
