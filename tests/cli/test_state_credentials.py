"""Credentials in the address of a state are sent to its host, and stand nowhere else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.shop_project import Said, Shop
from tests.state.artifact_server import Artifacts, serving

SECRETS = ("pass-hidden", "sign-hidden")
FILES = {
    "models/orders.sql": "{{ config(materialized='table') }} select 1 as id",
    "models/reader.sql": "{{ config(materialized='table') }}"
    " select '{{ (invocation_args_dict | string).replace(\"'\", '') }}' as args, *"
    " from {{ ref('orders') }}",
    "models/failing.sql": "select * from {{ ref('orders') }} where {{ var('condition', 'nothing') }}",
}
COMMANDS = [
    ("run", "-s", "reader", "--defer"),
    ("run", "-s", "reader", "--defer-policy", "fresh", "--debug"),
    ("plan", "-s", "reader", "--defer"),
    ("plan", "-s", "reader", "--defer", "--output", "json"),
    ("ls", "-s", "state:modified"),
    ("clone", "-s", "orders"),
    ("diff",),
    ("show", "-s", "reader", "--defer", "--log-format", "json"),
    ("run-operation", "nothing", "--defer-policy", "exists"),
]


@pytest.fixture
def server() -> Iterator[Artifacts]:
    with serving() as found:
        yield found


@pytest.fixture
def shop(tmp_path: Path, server: Artifacts) -> Shop:
    """Production is built, and published on a web server."""
    made = Shop(
        tmp_path / "project", {**FILES, "macros/n.sql": "{% macro nothing() %}{% endmacro %}"}
    )
    for name in ("UPRIVER_CACHE_DIR", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
        made.env[name] = str(tmp_path / name)
    published = made.root / "published"
    assert made("run", "-s", "orders", "--target", "prod",
                "--target-path", "published").exit_code == 0  # fmt: skip
    manifest = (published / "manifest.json").read_bytes()
    server.files = {f"/prod/manifest.json{query}": manifest for query in ("", "?sig=sign-hidden")}
    return made


def address(server: Artifacts, path: str = "/prod") -> str:
    host = server.url.removeprefix("http://")
    return f"http://me:pass-hidden@{host}{path}"


def is_told_nowhere(said: Said, root: Path) -> None:
    assert not any(secret in said.out + said.err for secret in SECRETS), said.out + said.err
    for file in root.rglob("*"):
        if file.is_file() and file.name not in ("upriver.yml", "shop.duckdb"):
            data = file.read_bytes()
            assert not any(secret.encode() in data for secret in SECRETS), file


@pytest.mark.parametrize("args", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("path", ["/prod", "/prod/manifest.json?sig=sign-hidden"])
def test_typed(shop: Shop, server: Artifacts, args: tuple[str, ...], path: str) -> None:
    said = shop(*args, "--state", address(server, path))
    assert said.exit_code == 0, said.out + said.err
    assert "Authorization" in server.asked[-1][1]
    is_told_nowhere(said, shop.root.parent)
    if args[0] == "run":
        assert "hidden" not in str(shop.rows("select args from dev.reader"))
        results = json.loads((shop.root / "target/run_results.json").read_text())
        assert results["args"]["state"].startswith("http://***@127.0.0.1")


@pytest.mark.parametrize("where", ["DBT_STATE", "DBT_DEFER_STATE", "DBT_ENGINE_STATE", "settings"])
def test_variables_and_settings(shop: Shop, server: Artifacts, where: str) -> None:
    text = address(server)
    if where == "settings":
        shop.write({"upriver.yml": f"deferral: {{targets: {{dev: '{text}'}}}}\n"})
    else:
        shop.env[where] = f"{text};{text}/more"
        server.files["/prod/more/manifest.json"] = server.files["/prod/manifest.json"]
    for args in (("run", "-s", "reader", "--defer"), ("plan", "-s", "reader", "--defer")):
        said = shop(*args)
        assert said.exit_code == 0, said.out + said.err
        is_told_nowhere(said, shop.root.parent)


@pytest.mark.parametrize("trouble", ["missing", "refused", "odd", "unknown option"])
def test_errors(shop: Shop, server: Artifacts, trouble: str) -> None:
    option = "--state"
    if trouble == "missing":
        server.files = {}
    elif trouble == "refused":
        server.statuses = [403]
    elif trouble == "odd":
        server.files = {"/prod/manifest.json": b"{"}
    else:
        option = "--stat"
    said = shop("run", "-s", "reader", "--defer", f"{option}={address(server)}")
    assert said.exit_code == 2
    is_told_nowhere(said, shop.root.parent)


def test_a_copy_is_used_where_the_host_is_gone(shop: Shop, server: Artifacts) -> None:
    args = ("run", "-s", "reader", "--defer", "--state", address(server))
    assert shop(*args).exit_code == 0
    server.statuses = [500] * 20
    said = shop(*args)
    assert said.exit_code == 0, said.out + said.err
    assert "state-offline" in said.out + said.err or "cannot be reached" in said.out + said.err
    is_told_nowhere(said, shop.root.parent)


def test_retry_takes_credentials_from_where_they_stand(shop: Shop, server: Artifacts) -> None:
    text = address(server)
    said = shop("run", "-s", "failing", "--defer", "--state", text)
    assert said.exit_code == 1
    said = shop("retry")
    assert (said.exit_code, "retry-state-credentials" in said.out + said.err) == (2, True)
    shop.env["DBT_STATE"] = text
    shop.write({"models/failing.sql": "select * from {{ ref('orders') }}"})
    said = shop("retry")
    assert said.exit_code == 0, said.out + said.err
    is_told_nowhere(said, shop.root.parent)
