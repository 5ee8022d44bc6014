"""State in the warehouse: published to a table, and read as `warehouse:`."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cli.shop_project import Said, Shop
from tests.project.two_schemas import Place, made

from upriver.digest import digest_bytes
from upriver.project.deferring.publish import with_records
from upriver.state.remote.table import PART, Version, inserts, joined, pack, parts_of

OPTIONS = ("--defer", "--state", "warehouse:")


@pytest.fixture(params=["duckdb", pytest.param("postgres", marks=pytest.mark.postgres)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Production is built, and nothing published."""
    server = request.getfixturevalue("postgres_server") if request.param == "postgres" else None
    for one in made(tmp_path, server):
        one.rows("drop schema if exists upriver cascade")
        one.env["UPRIVER_CACHE_DIR"] = str(tmp_path / "cache")
        one.ok("build", "-q", "--target", "prod", "--target-path", "prod-state")
        yield one
        one.rows("drop schema if exists upriver cascade")


def publish(place: Place, target: str = "prod") -> Said:
    return place("state", "publish", "--target", target, "--target-path", "prod-state")


def told(said: Said) -> str:
    return said.out + said.err


def versions(place: Place) -> list[tuple[Any, ...]]:
    return place.rows("select number, count(*), max(parts) from upriver.upriver_state group by 1")


def test_what_is_published_is_deferred_to(place: Place) -> None:
    said = place("run", "-s", "big", *OPTIONS)
    assert (said.exit_code, "error[state-not-found]" in told(said)) == (2, True)
    said = publish(place)
    assert said.exit_code == 0, told(said)
    assert "version 1" in said.out
    for path in (place.root / "prod-state").iterdir():
        if path.is_file():
            path.unlink()
    said = place.ok("run", "-s", "big", *OPTIONS)
    assert "Deferred 1 of 1 reference to warehouse: (" in said.out
    assert place.rows("select count(*) from dev.big") == [(2,)]
    # It also tells results, and what relations were built from.
    assert place.ok("ls", "-q", "-s", "result:success", "--state", "warehouse:prod").out.split()
    said = place.ok("plan", "-s", "big", "--defer-policy", "fresh", "--state", "warehouse:")
    assert "same-as-state" in said.out


def test_versions_are_counted_and_pruned(place: Place) -> None:
    place.write({"upriver.yml": "deferral: {publish: {keep: 2}}\n"})
    for _ in range(4):
        assert publish(place).exit_code == 0
    found = sorted(versions(place))
    assert [number for number, _, _ in found] == [3, 4]
    assert all(rows == parts for _, rows, parts in found)


def test_it_is_asked_each_time_and_fetched_when_it_changed(place: Place) -> None:
    assert publish(place).exit_code == 0
    place.ok("ls", "-q", "-s", "state:modified", "--state", "warehouse:")
    place.rows("update upriver.upriver_state set content = 'damaged'")
    # The revision is the same, so what was read is still current.
    assert place.ok("ls", "-q", "-s", "state:modified", "--state", "warehouse:").out == ""
    place.write({"models/last.sql": "select 7 as n from {{ ref('inc') }}"})
    listed = place.ok("ls", "-q", "-s", "state:modified", "--state", "warehouse:")
    assert listed.out.split() == ["shop.last"]
    place.ok("build", "-q", "--target", "prod", "--target-path", "prod-state")
    assert publish(place).exit_code == 0
    assert place.ok("ls", "-q", "-s", "state:modified", "--state", "warehouse:").out == ""


def test_without_a_connection_the_last_copy_is_used(place: Place) -> None:
    assert publish(place).exit_code == 0
    place.ok("ls", "-q", "-s", "state:modified", "--state", "warehouse:")
    place.rows("alter table upriver.upriver_state rename column content to other")
    place.rows("update upriver.upriver_state set revision = 'newer'")
    said = place.ok("ls", "-s", "state:modified", "--state", "warehouse:")
    assert "state-offline" in told(said)


def test_targets_and_schemas(place: Place) -> None:
    assert publish(place).exit_code == 0
    said = place("ls", "-s", "state:modified", "--state", "warehouse:dev")
    assert "error[state-not-found]" in told(said)
    place.write({"upriver.yml": "deferral: {publish: {schema: upriver_two}}\n"})
    said = place("ls", "-s", "state:modified", "--state", "warehouse:")
    assert "`upriver_two`" in told(said)
    place.ok("ls", "-s", "state:modified", "--state", "warehouse:upriver")
    assert publish(place).exit_code == 0
    place.ok("ls", "-s", "state:modified", "--state", "warehouse:")
    place.rows("drop schema upriver_two cascade")
    place.write({"upriver.yml": "deferral: {targets: {dev: 'warehouse:upriver'}}\n"})
    assert "Deferred 1 of 1" in place.ok("run", "-s", "big").out


def test_another_targets_own_database_is_asked(tmp_path: Path) -> None:
    two = """\
shop:
  target: dev
  outputs:
    dev:
      type: duckdb
      path: dev.duckdb
      schema: main
      attach: [{path: prod.duckdb, alias: prod, read_only: true}]
    prod: {type: duckdb, path: prod.duckdb, schema: main}
"""
    shop = Shop(tmp_path, {"profiles.yml": two, "models/a.sql": "select 1 as id",
                           "models/b.sql": "select * from {{ ref('a') }}"})  # fmt: skip
    shop.env["UPRIVER_CACHE_DIR"] = str(tmp_path / "cache")
    at = ("--target", "prod", "--target-path", "published")
    assert shop("build", *at).exit_code == 0
    assert shop("state", "publish", *at).exit_code == 0
    said = shop("run", "-s", "b", "--defer", "--state", "warehouse:prod")
    assert said.exit_code == 0, told(said)
    assert "Deferred 1 of 1 reference to warehouse:prod" in said.out
    # As one of several it may not be there yet.
    said = shop("plan", "-s", "b", "--defer", "--state", "warehouse:ci", "--state", "published")
    assert said.exit_code == 0, told(said)
    assert "deferred: published" in said.out
    assert "state-not-found" in told(said)


def test_the_manifest_must_be_the_targets(place: Place) -> None:
    said = publish(place, "dev")
    assert (said.exit_code, "error[state-of-another-target]" in told(said)) == (2, True)
    said = place("state", "publish", "--target-path", "nothing")
    assert (said.exit_code, "error[state-not-found]" in told(said)) == (2, True)


def test_a_version_is_there_whole_or_not_at_all(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert publish(place).exit_code == 0

    def broken(*_args: Any) -> str:
        return "select no_such_column"

    monkeypatch.setattr("upriver.project.deferring.publish.prune", broken)
    said = publish(place)
    assert (said.exit_code, "error[state-not-published]" in told(said)) == (2, True)
    assert [number for number, _, _ in versions(place)] == [1]
    place.ok("ls", "-s", "state:modified", "--state", "warehouse:")


def test_records_of_other_runs_are_carried_on(place: Place) -> None:
    assert publish(place).exit_code == 0
    # A machine that is made for one run knows what that run built.
    place.env["XDG_STATE_HOME"] = str(place.root / "another")
    place.ok("run", "-q", "-s", "stg", "--target", "prod", "--target-path", "prod-state")
    assert publish(place).exit_code == 0
    said = place.ok("plan", "-s", "last", "--defer-policy", "fresh", "--state", "warehouse:")
    assert "same-as-state" in said.out
    place.write({"models/big.sql": "{{ config(materialized='table') }}select 1 as k"})
    place.ok("parse", "-q", "--target", "prod", "--target-path", "prod-state")
    assert publish(place).exit_code == 0
    # `big` was declared and not built: its record says what it still holds.
    place.write({"models/reader.sql": "select * from {{ ref('big') }}"})
    said = place.ok("plan", "-s", "reader", "--defer-policy", "fresh", "--state", "warehouse:")
    assert "built-by-this-run" in said.out


def manifest(built: dict[str, str], relations: dict[str, str]) -> bytes:
    from upriver.state.fingerprint.meaning import VERSION  # heavy, and wanted here only
    from upriver.state.wire.manifest import BUILDS_KEY

    records = {i: [name, f"f-{i}", "i", "o", True, "d", 1.0] for i, name in built.items()}
    env = {BUILDS_KEY: json.dumps({"version": VERSION, "built": records, "answers": {}})}
    url = "https://schemas.getdbt.com/dbt/manifest/v12.json"
    nodes = {
        i: {"unique_id": i, "resource_type": "model", "name": i, "relation_name": name}
        for i, name in relations.items()
    }
    metadata = {"dbt_schema_version": url, "env": env}
    return json.dumps({"metadata": metadata, "nodes": nodes}).encode()


def test_which_records_are_carried_on() -> None:
    names = {f"model.p.{letter}": f"prod.{letter}" for letter in "abcd"}
    old = manifest({**names, "model.p.gone": "prod.gone", "model.p.d": "elsewhere.d"}, names)
    new = manifest({"model.p.a": "prod.a"}, names)
    merged = json.loads(with_records(new, old, {"model.p.b"}))
    (text,) = merged["metadata"]["env"].values()
    assert set(json.loads(text)["built"]) == {"model.p.a", "model.p.c"}
    assert with_records(new, manifest({}, names), set()) == new
    assert with_records(new, b"not json", set()) == new


@given(st.binary(max_size=2000), st.integers(0, 3))
def test_parts_give_the_whole_again(data: bytes, more: int) -> None:
    data += b"x" * (more * PART * 3 // 4)
    version = Version(
        target="prod", number=1, revision="r", parts=parts_of(data), digest=digest_bytes(data),
        published_at="now",
    )  # fmt: skip
    statements = list(inserts("t", "it's", version, data))
    assert len(statements) == version.parts
    rows = [(sql.rpartition(", '")[2].removesuffix("')"),) for sql in statements]
    assert all("values ('it''s', 'prod'" in sql and len(sql) < PART + 500 for sql in statements)
    assert joined(rows, version) == data
    assert joined(rows[1:], version) is None
    assert joined([("?",)], version) is None


def test_equal_artifacts_are_equal_archives() -> None:
    assert pack({"a": b"1", "b": b"2"}) == pack({"b": b"2", "a": b"1"})


@pytest.mark.postgres
def test_two_may_publish_at_once(postgres_server: Any, tmp_path: Path) -> None:
    for place in made(tmp_path, postgres_server):
        place.rows("drop schema if exists upriver cascade")
        place.env["UPRIVER_CACHE_DIR"] = str(tmp_path / "cache")
        place.ok("build", "-q", "--target", "prod", "--target-path", "prod-state")
        assert publish(place).exit_code == 0
        threads = [threading.Thread(target=publish, args=(place,)) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        place.ok("ls", "-s", "state:modified", "--state", "warehouse:")
        assert sum(rows for _, rows, _ in versions(place)) == 4
        place.rows("drop schema if exists upriver cascade")
