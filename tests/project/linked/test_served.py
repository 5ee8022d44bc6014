from __future__ import annotations

import re
import time

import pytest
from tests.project.linked_shop import LinkedShop
from tests.state.seam_server import TOKEN

from upriver.state.remote import server_api
from upriver.state.remote.server_api import Patience

LINE = re.compile(r"to Production @abc12345 \(\d+ days? old\)")
STATE, INDEX = "/projects/7/state", "/projects/7/state/index"
MANIFEST = "/projects/7/state/artifacts/manifest.json"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    quick = Patience(silent=0.3, total=0.6)
    monkeypatch.setattr(server_api, "QUICK", quick)
    monkeypatch.setattr(server_api, "STEADY", quick)
    monkeypatch.setattr(server_api, "LONG", quick)


@pytest.fixture
def shop(linked_shop: LinkedShop) -> LinkedShop:
    return linked_shop


def compiled(shop: LinkedShop) -> str:
    return (shop.root / "target/compiled/shop/models/orders.sql").read_text()


ENTRIES = (
    ("compile", "-s", "orders"),
    ("compile", "--inline", "select * from {{ ref('raw') }}"),
    ("show", "--inline", "select * from {{ ref('raw') }}"),
    ("show", "-s", "orders"),
    ("run", "-s", "orders"),
    ("build", "-s", "orders"),
    ("plan", "-s", "orders"),
    ("test", "-s", "customers"),
    ("docs", "generate", "-s", "orders"),
    ("snapshot",),
    ("seed", "-s", "orders"),
)


@pytest.mark.parametrize("words", ENTRIES, ids=" ".join)
def test_every_entry_defers_by_default_and_says_so(
    shop: LinkedShop, words: tuple[str, ...]
) -> None:
    # DEF-01, DEF-03, DEF-13
    said = shop(*words)
    assert said.exit_code == 0, said.out + said.err
    if words[0] not in ("seed", "snapshot"):
        assert LINE.search(said.out + said.err), said.out + said.err
        assert '"prod"' in said.out or words[0] in ("run", "build", "test", "docs", "show")
    assert MANIFEST not in shop.seam.paths()
    assert TOKEN not in said.out + said.err


def test_refs_read_production(shop: LinkedShop) -> None:
    # dbt-core #14230: on compiled SQL, not on the download
    shop("compile", "-s", "orders")
    assert '"shop"."prod"."raw"' in compiled(shop)
    shop("run", "-s", "orders")
    assert shop.rows("select count(*) from dev.orders") == [(3,)]
    assert shop.rows("select count(*) from information_schema.tables where table_schema='dev'")


def test_a_second_command_asks_one_question(shop: LinkedShop) -> None:
    shop("compile", "-s", "orders")
    assert shop.seam.paths() == [STATE, INDEX]
    shop("compile", "-s", "orders")
    assert shop.seam.paths() == [STATE]
    shop("docs", "generate")
    assert shop.seam.paths() == [STATE]
    shop("clone", "-s", "customers")
    assert shop.seam.paths() == [STATE]


@pytest.mark.parametrize(
    "words",
    [
        ("ls",), ("parse",), ("ls", "-s", "orders"), ("debug",), ("source", "freshness"),
        ("run-operation", "hello"), ("clean",),
    ],
    ids=" ".join,
)  # fmt: skip
def test_who_reads_no_state_asks_nobody(shop: LinkedShop, words: tuple[str, ...]) -> None:
    shop(*words)
    assert shop.seam.paths() == []


@pytest.mark.parametrize("words", ENTRIES, ids=" ".join)
def test_no_defer_asks_nobody(shop: LinkedShop, words: tuple[str, ...]) -> None:
    # dbt-fusion #1531
    shop("seed")
    shop("run")
    shop.seam.asked.clear()
    said = shop(*words, "--no-defer")
    assert said.exit_code == 0, said.out + said.err
    assert shop.seam.asked == []
    assert "warning" not in said.out + said.err
    shop(*words, DBT_DEFER="0")
    assert shop.seam.asked == []


def test_a_state_that_is_given_comes_first(shop: LinkedShop) -> None:
    said = shop("compile", "-s", "orders", "--state", "published")
    assert "to published" in said.err + said.out
    assert shop.seam.asked == []


def test_the_server_may_be_named(shop: LinkedShop) -> None:
    for place in ("server:", "server:2", "server:production", "server:Production"):
        said = shop("compile", "-s", "orders", "--defer", "--state", place)
        assert LINE.search(said.out + said.err), said.out + said.err


@pytest.mark.parametrize(
    ("more", "env"),
    [
        (("--defer-env", "3"), {}),
        (("--defer-env", "Staging"), {}),
        ((), {"DBT_CLOUD_DEFER_ENV_ID": "3"}),
    ],
)
def test_another_environment(shop: LinkedShop, more: tuple[str, ...], env: dict[str, str]) -> None:
    # DEF-04
    shop.seam.environments["3"] = {
        **shop.seam.environments["2"], "id": 3, "name": "Staging", "deployment_type": "staging",
    }  # fmt: skip
    shop.seam.publish("3", shop.seam.states["2"])
    said = shop("compile", "-s", "orders", *more, **env)
    assert "to Staging (" in said.out + said.err
    shop.seam.environments["3"]["name"] = "Before release"
    shop.seam.publish("3", shop.seam.states["2"])
    said = shop("compile", "-s", "orders", "--defer-env", "before release")
    assert "to Before release (" in said.out + said.err
    said = shop("compile", "-s", "orders", "--defer-env", "nowhere")
    assert "warning[link-no-state]" in said.out + said.err
    assert "there is no environment `nowhere`" in said.out + said.err


def test_favour_and_policies(shop: LinkedShop) -> None:
    # DEF-05
    shop("seed")
    said = shop("compile", "-s", "orders")
    assert '"shop"."dev"."raw"' in said.out
    said = shop("compile", "-s", "orders", "--favor-state")
    assert '"shop"."prod"."raw"' in said.out
    shop.write({"models/orders.sql": "select id, customer, 1 as k from {{ ref('raw') }}"})
    said = shop("plan", "-s", "customers", "--defer-policy", "fresh")
    assert "run orders  (not selected" in said.out
    assert "same-as-state" in said.out
    assert MANIFEST in shop.seam.paths()


def test_selectors_compare_with_the_whole_manifest(shop: LinkedShop) -> None:
    # DEF-11
    shop.write({"models/orders.sql": "select id, customer, 1 as k from {{ ref('raw') }}"})
    assert shop("ls", "-q", "-s", "state:modified").out.split() == ["shop.orders"]
    assert shop.seam.paths()[:2] == [STATE, INDEX]
    said = shop("build", "-s", "state:modified")
    assert LINE.search(said.out)
    assert shop.statuses()["model.shop.orders"] == "success"
    said = shop("diff")
    assert "shop.orders" in said.out
    assert MANIFEST not in shop.seam.paths()


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("loris", "link-unreachable"), ("busy", "link-unreachable"),
        ("portal", "link-not-understood"), ("elsewhere", "link-not-understood"),
        ("forbidden", "link-refused"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("impatient")
def test_nobody_is_blocked(shop: LinkedShop, fault: str, code: str) -> None:
    # DEF-10, R-13
    shop("seed", "--no-defer")
    shop.seam.fault = fault
    started = time.monotonic()
    said = shop("run", "-s", "orders")
    assert time.monotonic() - started < 4
    assert said.exit_code == 0, said.out
    assert f"warning[{code}]: Nothing is deferred" in said.out
    assert "--no-defer" in said.out
    assert TOKEN not in said.out
    assert '"shop"."dev"."raw"' in compiled(shop)


def test_the_last_copy_is_used_and_its_age_told(shop: LinkedShop) -> None:
    shop("compile", "-s", "orders")
    shop.seam.fault = "reset"
    said = shop("compile", "-s", "orders")
    assert "warning[state-offline]" in said.out + said.err
    assert "current under a minute ago is used" in said.out + said.err
    assert '"shop"."prod"."raw"' in said.out


def test_who_asks_by_name_is_told_with_an_error(shop: LinkedShop) -> None:
    shop.seam.fault = "reset"
    for words in (("run", "--defer", "--state", "server:"), ("clone",), ("diff",)):
        said = shop(*words)
        assert said.exit_code == 2
        assert "error[link-unreachable]" in said.out + said.err
    shop.seam.fault = None
    shop.unlink()
    said = shop("run", "--defer", "--state", "server:")
    assert "error[link-missing]" in said.out
    assert "error[state-required]" in shop("run", "--defer").out
    assert "error[link-missing]: `--defer-env`" in shop("run", "--defer-env", "2").out


def test_an_environment_without_a_run_is_told(shop: LinkedShop) -> None:
    # DEF-09
    shop.seam.states.clear()
    shop("seed")
    said = shop("run", "-s", "orders")
    assert said.exit_code == 0
    assert "warning[link-no-state]: Nothing is deferred" in said.out
    assert "No deploy run has succeeded yet in the environment Production" in said.out


def test_another_projects_state_is_not_deferred_to(shop: LinkedShop) -> None:
    """Whatever the user's file calls active: a project without a block may be another one."""
    manifest = shop.seam.states["2"]["manifest.json"]
    shop.seam.publish(
        "2", {"manifest.json": manifest.replace(b'"project_name":"shop"', b'"project_name":"x"')}
    )
    shop("seed", "--no-defer")
    said = shop("run", "-s", "orders")
    assert said.exit_code == 0, said.out
    assert "Nothing is deferred: the linked project is another one" in said.out
    assert "warning" not in said.out
    said = shop("run", "-s", "orders", DBT_CLOUD_PROJECT_ID="7")
    assert said.exit_code == 0, said.out
    assert "warning[state-of-another-project]" in said.out
    assert "project-id" in said.out


@pytest.mark.parametrize(
    ("env", "words", "asks"),
    [
        ({"DBT_CLOUD_ENVIRONMENT_ID": "2"}, (), False),
        ({"DBT_CLOUD_ENVIRONMENT_ID": "2", "DBT_CLOUD_INVOCATION_CONTEXT": "prod"}, (), False),
        ({"DBT_CLOUD_ENVIRONMENT_ID": "1", "DBT_CLOUD_INVOCATION_CONTEXT": "dev"}, (), True),
        ({"DBT_CLOUD_ENVIRONMENT_ID": "2", "DBT_CLOUD_DEFER_ENV_ID": "2"}, (), True),
        ({"DBT_CLOUD_ENVIRONMENT_ID": "2"}, ("--defer",), True),
        ({"DBT_CLOUD_ENVIRONMENT_ID": ""}, (), True),
    ],
)
def test_production_does_not_defer_to_itself(
    shop: LinkedShop, env: dict[str, str], words: tuple[str, ...], *, asks: bool
) -> None:
    env = {**env, "DBT_UPLOAD_TO_ARTIFACTS_INGEST_API": "0"}
    shop("compile", "-s", "orders", *words, **env)
    assert bool(shop.seam.asked) is asks


def test_the_target_may_be_production(shop: LinkedShop) -> None:
    said = shop("run", "-s", "orders", "--target", "prod")
    assert said.exit_code == 0, said.out
    assert "Nothing is deferred: the target is Production itself" in said.out
    assert "Deferred" not in said.out


def test_settings_of_the_target_come_first(shop: LinkedShop) -> None:
    shop.write({"upriver.yml": "deferral: {targets: {dev: {defer: false}}}"})
    shop("compile", "-s", "orders")
    assert shop.seam.asked == []
    shop.write({"upriver.yml": "deferral: {targets: {dev: {state: published}}}"})
    said = shop("compile", "-s", "orders")
    assert "to published" in said.out + said.err
    assert shop.seam.asked == []


def test_settings_may_name_the_server_alone_or_among_others(shop: LinkedShop) -> None:
    shop.write({"upriver.yml": "deferral: {targets: {dev: {state: 'server:', policy: fresh}}}"})
    said = shop("plan", "-s", "orders")
    assert "State: Production @abc12345" in said.out
    assert "policy fresh" in said.out
    shop.write({"upriver.yml": "deferral: {targets: {dev: {state: [nowhere, 'server:2']}}}"})
    said = shop("plan", "-s", "orders")
    assert said.exit_code == 0, said.out + said.err
    assert '"shop"."prod"."raw"' in said.out
    shop.seam.fault = "forbidden"
    said = shop("compile", "-s", "orders", "--no-defer")
    assert "warning" not in said.out + said.err
    said = shop("compile", "-s", "orders")
    assert said.exit_code == 0, said.out + said.err
    assert "warning[link-refused]" in said.out + said.err


def test_retry_defers_as_before(shop: LinkedShop) -> None:
    shop.write({"models/orders.sql": "select nothing from {{ ref('raw') }}"})
    assert shop("run", "-s", "orders").exit_code == 1
    shop.write({"models/orders.sql": "select id from {{ ref('raw') }}"})
    said = shop("retry")
    assert said.exit_code == 0, said.out
    assert LINE.search(said.out)


def test_the_token_is_nowhere_but_in_its_file(shop: LinkedShop) -> None:
    # S-04
    shop("compile", "-s", "orders", "--debug")
    shop.seam.fault = "captive"
    shop("compile", "-s", "orders", "--debug")
    found = [
        path
        for path in shop.root.rglob("*")
        if path.is_file() and TOKEN.encode() in path.read_bytes()
    ]
    assert found == [shop.root / ".dbt" / "dbt_cloud.yml"]


def test_a_build_over_a_view_of_the_index_is_not_taken_for_known(shop: LinkedShop) -> None:
    """An index has no code, so nothing may be concluded from it about meanings."""
    assert shop("run", "-s", "customers").exit_code == 0
    said = shop("plan", "-s", "customers", "--defer-policy", "fresh")
    assert said.exit_code == 0, said.out
    assert "run customers" in said.out
