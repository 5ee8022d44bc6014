"""Records of builds: of one warehouse, and never of what a killed run was at."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from upriver.adapters.duckdb.credentials import parse_credentials
from upriver.project.build_store import BuildStore, builds_path
from upriver.state.builds import Built
from upriver.workspace.profile import Profile

ONE = Built(unique_id="model.p.a", relation_name='"d"."s"."A"', materialized="table", identity="i",
            form="f", fingerprint="1", is_stored=True)  # fmt: skip


def rows(path: Path) -> list[str]:
    if not path.exists():
        return []
    with closing(sqlite3.connect(path)) as connection:
        tables = connection.execute("select name from sqlite_master").fetchall()
        found = connection.execute("select relation from builds").fetchall() if tables else []
    return [row[0] for row in found]


def profile_in(root: Path, path: str) -> Profile:
    output = {"type": "duckdb", "path": path}
    credentials, _ = parse_credentials(output, profile="p", target="dev", root=str(root))
    assert credentials is not None
    return Profile(
        name="p", target_name="dev", adapter_type="duckdb", threads=1, credentials=credentials,
        target={}, profiles_path="",
    )  # fmt: skip


def test_each_checkout_has_a_database_of_its_own(tmp_path: Path) -> None:
    env = {"HOME": str(tmp_path)}
    here, there = (
        builds_path(profile_in(tmp_path / name, "dev.duckdb"), env, "") for name in ("a", "b")
    )
    shared = builds_path(profile_in(tmp_path / "b", str(tmp_path / "a/dev.duckdb")), env, "")
    assert here != there
    assert here == shared


def test_a_record_is_in_the_file_a_moment_after_its_relation(tmp_path: Path) -> None:
    store = BuildStore(tmp_path / "x.db")
    store.put(ONE)
    assert store.record(ONE.relation_name, ONE.unique_id) == ONE
    until = time.monotonic() + 20
    while not rows(tmp_path / "x.db"):
        assert time.monotonic() < until
        time.sleep(0.05)
    store.close()


@pytest.mark.parametrize("is_new", [True, False])
def test_what_is_about_to_change_has_no_record_from_then_on(
    tmp_path: Path,
    is_new: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    path = tmp_path / "x.db"
    if not is_new:
        before = BuildStore(path)
        before.put(ONE)
        before.close()
    store = BuildStore(path)
    store.record(ONE.relation_name, ONE.unique_id)
    other = msgspec.structs.replace(ONE, relation_name="b")
    store.put(other)
    store.put(ONE)
    store.forget(ONE.relation_name)
    # As another process, or the next one after this was killed, sees it.
    assert ONE.relation_name.lower() not in rows(path)
    store.close()
    assert rows(path) == ["b"]


def test_what_another_checkout_recorded_meanwhile_is_taken_away_too(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    store = BuildStore(path)
    store.put(msgspec.structs.replace(ONE, relation_name="b"))
    store.save()
    assert store.record(ONE.relation_name, ONE.unique_id) is None
    other = BuildStore(path)
    other.put(ONE)
    other.close()
    store.forget(ONE.relation_name)
    assert rows(path) == ["b"]
    store.close()
