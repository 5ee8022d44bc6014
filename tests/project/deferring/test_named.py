"""Settings of deferral in `upriver.yml`, seen from the command line (defects D3, D23)."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.shop_project import Said, Shop


@pytest.fixture
def built(shop: Shop) -> Shop:
    """Production is built and published."""
    shop.env["UPRIVER_CACHE_DIR"] = str(shop.root.parent / "cache")
    assert shop("build", "--target", "prod", "--target-path", "published").exit_code == 0
    return shop


def settings(shop: Shop, dev: str) -> None:
    shop.write({"upriver.yml": f"deferral:\n  targets:\n    dev: {dev}\n"})


def told(said: Said) -> str:
    return said.out + said.err


def deferred(shop: Shop, *args: str, **env: str) -> str:
    said = shop("plan", "-s", "customers", *args, **env)
    assert said.exit_code == 0, told(said)
    return next(line for line in said.out.splitlines() if line.startswith("Deferr"))


def test_a_target_defers_by_itself(built: Shop) -> None:
    # D23
    settings(built, "published")
    assert "Deferral is off" not in deferred(built)
    assert "Deferral is off" in deferred(built, "--no-defer")
    assert "Deferral is off" in deferred(built, DBT_DEFER="0")
    assert "Deferral is off" in deferred(built, "--target", "prod")
    assert built("run", "-s", "customers").exit_code == 0
    assert built.rows("select count(*) from dev.customers") == [(2,)]


def test_what_is_given_comes_first(built: Shop) -> None:
    settings(built, "{state: published, policy: fresh}")
    assert "policy fresh" in built("plan", "-s", "customers").out
    assert "policy exists" in built("plan", "-s", "customers", "--defer-policy", "exists").out
    assert "policy exists" in built("plan", "-s", "customers", DBT_DEFER_POLICY="exists").out
    assert "policy favor-state" in built("plan", "-s", "customers", "--favor-state").out
    said = built("plan", "-s", "customers", "--state", "nowhere")
    assert "error[state-not-found]" in told(said)


def test_a_state_that_nothing_needs_is_not_read(built: Shop) -> None:
    settings(built, "http://127.0.0.1:9/x")
    assert built("ls", "-s", "customers").exit_code == 0
    assert built("run", "-s", "orders+", "--no-defer").exit_code == 1  # `raw` is not there
    assert "error[state-unreachable]" in told(built("ls", "-s", "state:modified"))


def test_a_reference_may_be_favoured_alone(built: Shop) -> None:
    # D3
    assert built("build").exit_code == 0
    settings(built, "{state: published, favor_state: raw}")
    said = built("plan", "-s", "orders", "customers")
    assert '"prod"."raw"' in said.out
    assert "favoured" in said.out
    assert '"prod"."raw"' not in built("plan", "-s", "orders", "--no-favor-state").out
    settings(built, "{state: published, favor_state: orders}")
    said = built("plan", "-s", "orders")
    assert '"dev"."raw"' in said.out


def test_an_old_state_is_told_or_refused(built: Shop) -> None:
    path = built.root / "published" / "manifest.json"
    text = path.read_text()
    year = text.partition('"generated_at":"')[2][:4]
    path.write_text(text.replace(f'"generated_at":"{year}', '"generated_at":"2020', 1))
    settings(built, "{state: published, warn_age: 1 week}")
    said = built("run", "-s", "customers")
    assert said.exit_code == 0, said.out
    assert "state-too-old" in told(said)
    settings(built, "{state: published, max_age: 2 days}")
    said = built("run", "-s", "customers")
    assert said.exit_code == 2
    assert "error[state-too-old]" in told(said)
    assert "older than 2 days" in told(said)


def test_reuse_and_building_what_is_missing(built: Shop) -> None:
    settings(built, "{state: published, policy: fresh, build_missing: false, reuse: true}")
    built.write({"models/orders.sql": "select id, customer, 1 as k from {{ ref('raw') }}"})
    assert "error[fresh-needs-build]" in told(built("run", "-s", "customers"))
    assert built("run", "-s", "customers", "--build-missing").exit_code == 0
    assert "reused" in built("run", "-s", "customers").out
    assert "reused" not in built("run", "-s", "customers", "--no-reuse").out


def test_the_file_is_no_property_file(tmp_path: Path) -> None:
    shop = Shop(tmp_path, {"a.sql": "select 1 as id"})
    settings(shop, "published")
    text = (shop.root / "dbt_project.yml").read_text()
    shop.write({"dbt_project.yml": f'{text}model-paths: ["."]\n'})
    said = shop("ls", "--no-defer")
    assert (said.exit_code, said.out.split()[-1]) == (0, "shop.a"), said.err
    assert "upriver.yml" not in told(said)


def test_mistakes_are_told_with_their_place(built: Shop) -> None:
    settings(built, "{state: published, policy: frsh}")
    said = built("run")
    assert said.exit_code == 2
    assert "error[deferral-settings]" in told(said)
    assert "upriver.yml:3" in told(said)
