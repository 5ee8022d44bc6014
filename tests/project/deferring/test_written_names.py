"""Names written out in SQL follow the rules about data that must not cross environments."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.shop_project import Said, Shop
from tests.postgres_server import Server
from tests.project.two_schemas import made

PHI = "{name: phi, meta: {contains: phi}%s}"
PLACE = "{name: place, schema: prod, targets: [dev]%s}"
FILES = {
    "models/patients.sql": "{{ config(materialized='table', meta={'contains': 'phi'}) }}"
    " select 1 as id, 'Ada' as name",
    "models/plain.sql": "{{ config(materialized='table') }} select 1 as id",
    "models/written.sql": "select *\nfrom prod.patients",
    "models/whole.sql": 'select * from "shop"."PROD"."patients" p',
    "models/inlined.sql": "{{ config(materialized='ephemeral') }}\nselect 1 from prod.patients",
    "models/through.sql": "select * from {{ ref('inlined') }}",
    "models/hooked.sql": "{{ config(post_hook='select count(*) from prod.patients') }}select 1 as id",
    "models/given.sql": "\nselect * from {{ var('place', 'prod') }}.patients",
    "models/branched.sql": "{% if target.name == 'prod' %}select * from prod.patients"
    "{% else %}select 1 as id{% endif %}",
    "models/by_macro.sql": "select * from {{ person() }}",
    "models/looked.sql": "{% set n = run_query('select count(*) from prod.patients') if execute %}"
    "select 1 as id",
    "models/allowed.sql": "select * from prod.plain join dev.plain using (id)",
    "models/declared.sql": "select * from {{ source('raw', 'people') }}",
    "models/models.yml": "sources: [{name: raw, schema: elsewhere, tables: [{name: people}]}]\n",
    "tests/singular.sql": "select * from prod.patients where id = 2",
    "macros/person.sql": "{% macro person() %}prod.patients{% endmacro %}\n"
    "{% macro peek() %}{% do run_query('select 1 from prod.patients') %}{% endmacro %}",
}
BEFORE = {
    "written": ("written.sql", 2), "whole": ("whole.sql", 1), "through": ("inlined.sql", 2),
    "hooked": ("hooked.sql", 1),
}  # fmt: skip
WHILE = {"given": ("given.sql", 2), "by_macro": None, "looked": ("looked.sql", 1)}


@pytest.fixture
def ward(tmp_path: Path) -> Shop:
    """Production is built and published; `patients` holds what must stay there."""
    shop = Shop(tmp_path, FILES)
    for target in (("--target", "prod", "--target-path", "published"), ()):
        assert shop("run", "-s", "patients", "plain", *target).exit_code == 0
    return shop


def rule(shop: Shop, text: str) -> None:
    shop.write({"upriver.yml": f"deferral: {{deny: [{text}]}}\n"})


def deferring(shop: Shop, *args: str) -> Said:
    return shop(*args, "--defer", "--state", "published")


def told(said: Said) -> str:
    return said.out + said.err


@pytest.mark.parametrize("text", [PHI % "", PLACE % ""], ids=["meta", "place"])
@pytest.mark.parametrize("model", BEFORE)
def test_nothing_runs_whose_text_names_it(ward: Shop, model: str, text: str) -> None:
    rule(ward, text)
    said = deferring(ward, "run", "-s", model, "allowed" if "meta" in text else model)
    assert said.exit_code == 2, told(said)
    assert "error[deferral-denied]" in told(said)
    file, line = BEFORE[model]
    assert f"{file}:{line}" in told(said)
    assert ward.rows("from information_schema.tables where table_name = 'allowed'") == []
    shown = deferring(ward, "plan", "-s", model)
    assert (shown.exit_code, "warning[deferral-denied]" in told(shown)) == (0, True)


@pytest.mark.parametrize("text", [PHI % "", PLACE % ""], ids=["meta", "place"])
@pytest.mark.parametrize("model", WHILE)
def test_no_statement_is_sent_that_names_it(ward: Shop, model: str, text: str) -> None:
    rule(ward, text)
    said = deferring(ward, "run", "-s", model)
    assert said.exit_code == 1, told(said)
    assert "A statement names prod.patients, which the rule" in told(said)
    assert ward.rows(f"from information_schema.tables where table_name = '{model}'") == []
    place = WHILE[model]
    if place is not None:
        (result,) = said.result.outcome.report.results  # type: ignore[union-attr]
        assert result.problem.span.line == place[1]


def test_what_is_not_meant_is_read(ward: Shop) -> None:
    rule(ward, PHI % "")
    for model in ("allowed", "branched"):
        said = deferring(ward, "run", "-s", model)
        assert said.exit_code == 0, told(said)
    rule(ward, PLACE % "")
    assert deferring(ward, "run", "-s", "allowed").exit_code == 2
    assert ward("run", "-s", "written", "--target", "prod").exit_code == 0


def test_places_need_no_state(ward: Shop) -> None:
    rule(ward, PLACE % "")
    assert ward("run", "-s", "written").exit_code == 2
    assert ward("test", "-s", "singular").exit_code == 2
    assert ward("show", "--inline", "select * from prod.patients").exit_code == 2
    said = ward("run-operation", "peek")
    assert (said.exit_code, "which the rule `place` denies" in told(said)) == (1, True)


def test_a_rule_may_only_warn_or_let_it_be(ward: Shop) -> None:
    rule(ward, PLACE % ", written: warn")
    said = ward("run", "-s", "written")
    assert (said.exit_code, "warning[deferral-denied]" in told(said)) == (0, True), told(said)
    rule(ward, PLACE % ", written: allow")
    said = ward("run", "-s", "written")
    assert (said.exit_code, "deferral-denied" in told(said)) == (0, False)
    rule(ward, PLACE % ", written: never")
    assert "must be `deny`, `warn` or `allow`" in told(ward("run", "-s", "written"))


def test_a_mask_may_lie_where_the_rule_denies(ward: Shop) -> None:
    rule(ward, PLACE % ", use: prod.plain")
    ward.write({"models/reader.sql": "select * from {{ ref('patients') }}"})
    said = deferring(ward, "run", "-s", "reader", "--favor-state")
    assert said.exit_code == 0, told(said)


@pytest.mark.postgres
def test_written_names_on_postgres(postgres_server: Server, tmp_path: Path) -> None:
    for place in made(tmp_path, postgres_server):
        place.production()
        place.write({"models/reader.sql": "select * from prod.big",
                     "upriver.yml": f"deferral: {{deny: [{PLACE % ''}]}}\n"})  # fmt: skip
        said = place("run", "-s", "reader")
        assert (said.exit_code, "error[deferral-denied]" in told(said)) == (2, True)
        place.write({"models/reader.sql": "select * from {{ 'prod' }}.big"})
        said = place("run", "-s", "reader")
        assert (said.exit_code, "which the rule `place` denies" in told(said)) == (1, True)
