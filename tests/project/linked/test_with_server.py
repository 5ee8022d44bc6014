"""The whole path with the real `upriver serve`: push production, link a laptop, run one model."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.certificates import make_certificates
from tests.cli.shop_project import Shop
from tests.server_process import Served, running_serve

from upriver.state.remote import upload as uploading


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with running_serve(tmp_path_factory.mktemp("served") / "data") as running:
        yield running


class Team:
    """A production checkout and a laptop over one warehouse."""

    def __init__(self, root: Path, served: Served) -> None:
        self.served = served
        self.root = root
        self.production = self._checkout("production", "prod")
        self.laptop = self._checkout("laptop", "dev")

    def _checkout(self, name: str, target: str) -> Shop:
        (self.root / name).mkdir()
        shop = Shop(self.root / name)
        profiles = (shop.root / "profiles.yml").read_text()
        warehouse = self.root / "shop.duckdb"
        profiles = profiles.replace("path: shop.duckdb", f"path: {warehouse}")
        shop.write({"profiles.yml": profiles.replace("target: dev", f"target: {target}")})
        shop.env |= {"NO_PROXY": "*", "UPRIVER_CACHE_DIR": str(shop.root / "cache")}
        if self.served.ca is not None:
            shop.env["REQUESTS_CA_BUNDLE"] = self.served.ca
        return shop

    def produce(self, *words: str) -> str:
        """Run production as a job would, with variables alone."""
        env = {
            "DBT_CLOUD_ACCOUNT_HOST": self.served.url,
            "DBT_CLOUD_TOKEN": self.served.token,
            "DBT_CLOUD_PROJECT_ID": str(self.served.project_id),
            "DBT_CLOUD_ENVIRONMENT_ID": str(self.served.environments["Production"]),
        }
        said = self.production(*words, **env)
        assert said.exit_code == 0, said.out + said.err
        assert self.served.token not in said.out
        return said.out

    def sign_in(self) -> str:
        said = self.laptop("login", self.served.url, DBT_CLOUD_TOKEN=self.served.token)
        assert said.exit_code == 0, said.out + said.err
        return said.out

    def compiled(self, model: str) -> str:
        path = self.laptop.root / f"target/compiled/shop/models/{model}.sql"
        return path.read_text()


@pytest.fixture
def team(tmp_path: Path, served: Served) -> Team:
    return Team(tmp_path, served)


def test_push_production_link_a_laptop_run_one_model(team: Team) -> None:
    out = team.produce("build")
    assert "Pushed manifest.json, run_results.json, semantic_manifest.json" in out
    out = team.sign_in()
    assert "Commands defer to Production (under a minute old)" in out
    said = team.laptop("run", "-s", "customers")
    assert said.exit_code == 0, said.out
    assert "Deferred 1 of 1 reference to Production (under a minute old)" in said.out
    assert '"shop"."prod"."orders"' in team.compiled("customers")
    said = team.laptop("environment", "show")
    assert "Defers to            Production" in said.out
    assert "Environment          Development" in said.out


def test_a_small_job_hides_nothing(team: Team) -> None:
    """The ledger: what other runs built is still known, and an edited model is told apart."""
    team.produce("build")
    team.produce("run", "-s", "customers")
    team.sign_in()
    said = team.laptop("run", "-s", "orders")
    assert "Deferred 1 of 1 reference to Production" in said.out
    assert '"shop"."prod"."raw"' in team.compiled("orders")
    team.laptop.write({"models/orders.sql": "select id, customer, 1 as k from {{ ref('raw') }}"})
    assert team.laptop("ls", "-q", "-s", "state:modified").out.split() == ["shop.orders"]
    said = team.laptop("build", "-s", "state:modified+", "--defer-policy", "fresh")
    assert said.exit_code == 0, said.out
    assert team.laptop.statuses()["model.shop.customers"] == "success"


def test_what_is_named_anew_is_where_it_was_built(team: Team) -> None:
    team.produce("build")
    team.production.write(
        {
            "models/orders.sql": "{{ config(alias='orders_new') }}"
            "select id, customer from {{ ref('raw') }}",
            "models/customers.sql": "select 1 as n",
        }
    )
    team.produce("run", "-s", "customers")
    team.sign_in()
    said = team.laptop("run", "-s", "customers")
    assert said.exit_code == 0, said.out
    assert '"shop"."prod"."orders"' in team.compiled("customers")


def test_fresh_knows_what_production_really_holds(team: Team) -> None:
    """A manifest of a run that built one model names the new code of all others."""
    team.produce("build")
    team.sign_in()
    fresh = ("plan", "-s", "customers", "--defer-policy", "fresh")
    assert "orders  deferred" in team.laptop(*fresh).out
    edited = {"models/orders.sql": "select id, customer, 1 as k from {{ ref('raw') }}"}
    team.production.write(edited)
    # As in a container of a job: nothing is left of the run before.
    shutil.rmtree(team.production.root / ".local")
    shutil.rmtree(team.production.root / "target")
    team.produce("run", "-s", "customers")
    # Here the code is still that which orders was built from, and over there it is not built yet.
    assert "orders  deferred" in team.laptop(*fresh).out
    team.laptop.write(edited)
    said = team.laptop(*fresh)
    assert "run orders  (not selected" in said.out, said.out
    team.produce("run", "-s", "orders")
    assert "orders  deferred" in team.laptop(*fresh).out


def test_artifacts_of_any_tool_and_pieces(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploading, "PIECE", 10_000)
    team.sign_in()
    shutil.copytree(team.laptop.root / ".dbt", team.production.root / ".dbt")
    assert team.production("build", "--target-path", "published").exit_code == 0
    said = team.production(
        "state", "push", "--target-path", "published", "--environment", "Production"
    )
    assert said.exit_code == 0, said.out
    assert "to environment" in said.out
    said = team.laptop("clone", "-s", "customers")
    assert said.exit_code == 0, said.out


def test_a_second_command_is_not_sent_anything(team: Team) -> None:
    team.produce("build")
    team.sign_in()
    team.laptop("compile", "-s", "orders")
    with team.served.client() as api:
        before = _asked(api)
        team.laptop("compile", "-s", "orders")
        after = _asked(api)
    # One question, and what was asked here to count.
    assert after - before == 2


def _asked(api: httpx.Client) -> int:
    lines = api.get("/metrics").text.splitlines()
    counts = [line for line in lines if line.startswith("upriver_http_requests_total")]
    return int(sum(float(line.rpartition(" ")[2]) for line in counts))


def test_over_tls_with_a_private_authority(tmp_path: Path) -> None:
    made = make_certificates(tmp_path)
    options = ["--tls-cert", made.cert, "--tls-key", made.key]
    with running_serve(tmp_path / "data", options=options, ca=made.ca) as served:
        team = Team(tmp_path, served)
        team.produce("build")
        team.sign_in()
        assert "to Production" in team.laptop("run", "-s", "orders").out
        del team.laptop.env["REQUESTS_CA_BUNDLE"]
        said = team.laptop("compile", "-s", "orders")
        assert "warning[state-offline]" in said.err + said.out
        assert "certificate" in (said.err + said.out).lower()


def test_the_server_dies_and_comes_back(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running_serve(data) as served:
        team = Team(tmp_path, served)
        team.produce("build")
        team.sign_in()
        assert "to Production" in team.laptop("run", "-s", "orders").out
        os.kill(served.process_id, signal.SIGKILL)
        started = time.monotonic()
        said = team.laptop("run", "-s", "orders")
        assert time.monotonic() - started < 10
        assert "warning[state-offline]" in said.out
        assert '"shop"."prod"."raw"' in team.compiled("orders")
        failed = team.production(
            "build", DBT_CLOUD_ACCOUNT_HOST=served.url, DBT_CLOUD_TOKEN=served.token,
            DBT_CLOUD_PROJECT_ID=str(served.project_id),
            DBT_CLOUD_ENVIRONMENT_ID=str(served.environments["Production"]),
        )  # fmt: skip
        assert failed.exit_code == 0
        assert "warning[push-failed]" in failed.out
    port = served.url.rpartition(":")[2]
    with running_serve(data, options=["--port", port]) as again:
        assert again.url == served.url
        said = team.laptop("run", "-s", "orders")
        assert "warning" not in said.out
        assert "to Production" in said.out
