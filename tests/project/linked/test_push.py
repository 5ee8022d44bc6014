from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.project.linked_shop import LinkedShop
from tests.state.seam_server import TOKEN

from upriver.state.remote import upload as uploading
from upriver.state.remote.server_api import Patience

PRODUCTION = {"DBT_CLOUD_ENVIRONMENT_ID": "2"}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    quick = Patience(silent=0.3, total=0.5, attempts=1)
    for name in ("BEGINNING", "PATIENCE", "ENDING"):
        monkeypatch.setattr(uploading, name, quick)


@pytest.fixture
def shop(linked_shop: LinkedShop) -> LinkedShop:
    return linked_shop


def pushed(shop: LinkedShop) -> list[list[str]]:
    return [sorted(files) for _, files in shop.seam.ingested]


def test_production_pushes_and_a_laptop_defers_to_it(shop: LinkedShop) -> None:
    shop.seam.states.clear()
    said = shop("build", "--target", "prod", **PRODUCTION)
    assert said.exit_code == 0, said.out
    assert "Pushed manifest.json, run_results.json, semantic_manifest.json" in said.out
    assert shop.seam.ingested[0][0] == "2"
    builds = json.loads(shop.seam.ingested[0][1]["upriver_builds.json"])["builds"]
    by_id = {build["unique_id"]: build for build in builds}
    assert set(by_id) == {"seed.shop.raw", "model.shop.orders", "model.shop.customers"}
    orders = by_id["model.shop.orders"]
    assert orders["relation"] == '"shop"."prod"."orders"'
    assert orders["fingerprint"] is not None
    said = shop("run", "-s", "customers")
    assert "to Production" in said.out
    assert shop.statuses()["model.shop.customers"] == "success"


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (("run",), ["manifest.json", "run_results.json", "semantic_manifest.json",
                    "upriver_builds.json"]),
        (("test",), ["manifest.json", "run_results.json", "semantic_manifest.json"]),
        (("docs", "generate"), ["catalog.json", "manifest.json", "run_results.json",
                                "semantic_manifest.json"]),
        (("compile",), None),
        (("ls",), None),
        (("parse",), None),
    ],
    ids=str,
)  # fmt: skip
def test_what_is_pushed_without_being_asked_to(
    shop: LinkedShop, words: tuple[str, ...], names: list[str] | None
) -> None:
    shop(*words, "--target", "prod", **PRODUCTION)
    assert pushed(shop) == ([] if names is None else [names])


@pytest.mark.parametrize(
    "env",
    [
        {},
        {**PRODUCTION, "DBT_UPLOAD_TO_ARTIFACTS_INGEST_API": "false"},
        {**PRODUCTION, "DBT_CLOUD_ENVIRONMENT_TYPE": "dev"},
        {"DBT_CLOUD_ENVIRONMENT_ID": ""},
    ],
)
def test_who_does_not_push(shop: LinkedShop, env: dict[str, str]) -> None:
    shop("run", "--target", "prod", **env)
    assert pushed(shop) == []


def test_dbts_own_switch(shop: LinkedShop) -> None:
    shop.unlink()
    env = {
        **PRODUCTION, "DBT_CLOUD_ACCOUNT_ID": "1", "DBT_CLOUD_TOKEN": TOKEN,
        "DBT_UPLOAD_TO_ARTIFACTS_INGEST_API": "True",
    }  # fmt: skip
    shop.write(
        {
            "dbt_project.yml": (shop.root / "dbt_project.yml").read_text()
            + f"dbt-cloud: {{tenant_hostname: '{shop.seam.url}'}}\n"
        }
    )
    said = shop("compile", "--target", "prod", **env)
    assert "Pushed" in said.out + said.err, said.out + said.err
    assert len(pushed(shop)) == 1
    said = shop(
        "run", "--target", "prod", "--upload-to-artifacts-ingest-api", DBT_CLOUD_TOKEN=TOKEN
    )
    assert said.exit_code == 0
    assert "warning[push-not-configured]" in said.out
    assert "`DBT_CLOUD_ENVIRONMENT_ID`" in said.out


@pytest.mark.parametrize("fault", ["reset", "captive", "forbidden", "silence"])
def test_a_push_never_fails_a_run(shop: LinkedShop, fault: str) -> None:
    shop.seam.fault = fault
    said = shop("run", "--target", "prod", **PRODUCTION)
    assert said.exit_code == 0, said.out
    assert "warning[push-failed]" in said.out
    assert "upriver state push --target-path" in said.out
    assert TOKEN not in said.out
    shop.seam.fault = None
    said = shop("state", "push", "--environment", "Production")
    assert said.exit_code == 0, said.out
    assert len(pushed(shop)) == 1


def test_a_failed_run_is_pushed_too(shop: LinkedShop) -> None:
    shop.write({"models/orders.sql": "select nothing from {{ ref('raw') }}"})
    said = shop("run", "--target", "prod", **PRODUCTION)
    assert said.exit_code == 1
    assert len(pushed(shop)) == 1
    shop.write({"models/orders.sql": "select id, customer from {{ ref('raw') }}"})
    assert shop("retry", "--target", "prod", **PRODUCTION).exit_code == 0
    assert len(pushed(shop)) == 2


def test_state_push(shop: LinkedShop, tmp_path: Path) -> None:
    said = shop("state", "push", "--target-path", "published", "--environment", "2")
    assert said.exit_code == 0, said.out
    assert "Pushed manifest.json" in said.out
    assert "catalog.json" not in pushed(shop)[0]
    said = shop("state", "push", "--target-path", "published", **PRODUCTION)
    assert said.exit_code == 0
    for words, code in (
        ((), "push-where"),
        (("--environment", "2", "--target-path", "nowhere"), "push-nothing"),
        (("--environment", "99"), "link-no-state"),
        (("--environment", "nowhere"), "link-no-state"),
    ):
        said = shop("state", "push", *words, DBT_TARGET_PATH="published")
        assert said.exit_code == 2
        assert f"error[{code}]" in said.out + said.err, said.out
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "manifest.json").write_text("<html>")
    said = shop("state", "push", "--target-path", "bad", "--environment", "2")
    assert "it is no manifest" in said.out
    shop.unlink()
    said = shop("state", "push", "--environment", "2")
    assert "error[link-missing]" in said.out
