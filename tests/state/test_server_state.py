from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from tests.state.seam_server import TOKEN, Seam, seam

from upriver.problems import Interrupted
from upriver.state.baseline import load_baseline
from upriver.state.remote import server_api
from upriver.state.remote.bounded import OutOfTime, Pending
from upriver.state.remote.cache import Cache
from upriver.state.remote.server_api import (
    Patience,
    Server,
    Trouble,
    environments,
    who_am_i,
)
from upriver.state.remote.server_state import Asked, Served, served_index, served_manifest

ENV = {"NO_PROXY": "*"}
UNREACHABLE = (
    "reset", "half_close", "silence", "loris", "truncated", "junk", "damaged", "captive",
    "portal", "error", "unavailable", "busy", "elsewhere", "other_shape",
)  # fmt: skip
"""Faults in which the last answer may still be the right one."""


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    quick = Patience(silent=0.3, total=0.5, attempts=2)
    monkeypatch.setattr(server_api, "QUICK", quick)
    monkeypatch.setattr(server_api, "STEADY", quick)
    monkeypatch.setattr(server_api, "LONG", quick)


@pytest.fixture
def server() -> Iterator[Seam]:
    with seam() as found:
        found.publish("2", {"manifest.json": manifest("a")}, commit="abc12345def")
        yield found


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "state")


def manifest(alias: str) -> bytes:
    node = {
        "unique_id": "model.shop.orders", "resource_type": "model", "name": "orders",
        "package_name": "shop", "database": "db", "schema": "prod", "alias": alias,
        "relation_name": f'"db"."prod"."{alias}"', "raw_code": "select 1",
        "config": {"enabled": True, "materialized": "table"},
        "checksum": {"name": "sha256", "checksum": alias},
    }  # fmt: skip
    metadata = {
        "dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v12.json",
        "generated_at": "2026-01-02T03:04:05Z", "project_name": "shop", "adapter_type": "duckdb",
    }  # fmt: skip
    return json.dumps({"metadata": metadata, "nodes": {"model.shop.orders": node}}).encode()


def asked(server: Seam, **more: str) -> Asked:
    whom = Server(host=server.url, token=more.pop("token", TOKEN), env=ENV)
    return Asked(server=whom, **{"project_id": "7", "account_id": "1", **more})


def served(server: Seam, cache: Cache, now: float = 1000.0, **more: str) -> Served:
    found = served_index(asked(server, **more), cache, now)
    assert isinstance(found, Served), found
    return found


def troubled(server: Seam, cache: Cache, **more: str) -> Trouble:
    found = served_index(asked(server, **more), cache, 1000.0)
    assert isinstance(found, Trouble), found
    return found


def relation(found: Served) -> str | None:
    baseline, problems = load_baseline(found.directory)
    assert baseline is not None, problems
    return baseline.published["model.shop.orders"].relation_name


def test_a_current_copy_costs_one_question(server: Seam, cache: Cache) -> None:
    first = served(server, cache)
    assert server.paths() == ["/projects/7/state", "/projects/7/state/index"]
    assert relation(first) == '"db"."prod"."a"'
    assert (first.state.environment.name, first.state.run.git_sha) == ("Production", "abc12345def")
    second = served(server, cache)
    assert server.paths() == ["/projects/7/state"]
    assert (second, second.warning) == (first, None)


def test_a_new_run_is_seen_at_once(server: Seam, cache: Cache) -> None:
    served(server, cache)
    server.publish("2", {"manifest.json": manifest("b")})
    assert relation(served(server, cache)) == '"db"."prod"."b"'


def test_an_index_belongs_to_its_state(server: Seam, cache: Cache) -> None:
    """A run that ends between the two questions is noticed."""
    original = server.index_of

    def index_of(key: str) -> bytes:
        server.index_of = original  # type: ignore[method-assign]
        server.publish("2", {"manifest.json": manifest("b")})
        return original(key)

    server.index_of = index_of  # type: ignore[method-assign]
    found = served(server, cache)
    assert relation(found) == '"db"."prod"."b"'
    assert found.state.run.id == 2


@pytest.mark.parametrize("fault", UNREACHABLE)
def test_the_last_copy_serves_and_its_age_is_told(server: Seam, cache: Cache, fault: str) -> None:
    #
    served(server, cache, now=1000.0)
    server.fault = fault
    started = time.monotonic()
    found = served(server, cache, now=1000.0 + 7200)
    assert time.monotonic() - started < 2
    assert relation(found) == '"db"."prod"."a"'
    assert found.warning is not None
    assert "the copy that was current 2 hours ago is used" in found.warning
    assert TOKEN not in found.warning


@pytest.mark.parametrize("fault", [*UNREACHABLE, "forbidden"])
def test_without_a_copy_there_is_trouble_in_bounded_time(
    server: Seam, cache: Cache, fault: str
) -> None:
    server.fault = fault
    started = time.monotonic()
    trouble = troubled(server, cache)
    assert time.monotonic() - started < 2
    assert trouble.said
    assert TOKEN not in trouble.said


@pytest.mark.parametrize("fault", ["captive", "truncated", "damaged", "error", "other_shape"])
def test_a_wrong_index_is_never_taken(server: Seam, cache: Cache, fault: str) -> None:
    served(server, cache)
    server.publish("2", {"manifest.json": manifest("b")})
    server.fault, server.fault_path = fault, "/index"
    found = served(server, cache)
    assert relation(found) == '"db"."prod"."a"'
    assert found.warning is not None
    server.fault = None
    assert relation(served(server, cache)) == '"db"."prod"."b"'


@pytest.mark.parametrize("fault", ["unavailable", "busy", "reset"])
def test_what_passes_is_asked_again(server: Seam, cache: Cache, fault: str) -> None:
    server.fault, server.fault_count = fault, 1
    assert served(server, cache).warning is None


@pytest.mark.parametrize(
    ("more", "kind", "said"),
    [
        ({"token": "wrong"}, "unauthorised", "Invalid token"),
        ({"project_id": "8"}, "absent", "No such project"),
        ({"environment_id": "9"}, "absent", "No such environment"),
        ({"environment_id": "1"}, "absent", "No deploy run has succeeded yet in the environment"
         " Development"),
    ],
)  # fmt: skip
def test_a_refusal_is_told_in_the_servers_words(
    server: Seam, cache: Cache, more: dict[str, str], kind: str, said: str
) -> None:
    # DEF-09, DEF-10: no copy is used where the server says no
    served(server, cache)
    trouble = troubled(server, cache, **more)
    assert (trouble.kind, trouble.said) == (kind, said)


def test_a_withdrawn_token_ends_the_use_of_copies(server: Seam, cache: Cache) -> None:
    served(server, cache)
    server.token = "another"  # noqa: S105 - made up
    assert troubled(server, cache).kind == "unauthorised"


def test_staging_comes_before_production_for_who_names_none(server: Seam, cache: Cache) -> None:
    served(server, cache)
    server.environments["3"] = {**server.environments["2"], "id": 3, "name": "Staging",
                                "deployment_type": "staging"}  # fmt: skip
    assert "Staging" in troubled(server, cache).said
    server.publish("3", {"manifest.json": manifest("s")})
    assert relation(served(server, cache)) == '"db"."prod"."s"'
    assert relation(served(server, cache, environment_id="2")) == '"db"."prod"."a"'


@pytest.mark.parametrize(
    "more", [{"project_id": "8"}, {"account_id": "2"}, {"environment_id": "2"}]
)
def test_copies_are_kept_apart(server: Seam, cache: Cache, more: dict[str, str]) -> None:
    served(server, cache)
    server.fault = "error"
    assert troubled(server, cache, **more).said


def test_a_server_that_packs_on_the_way_marks_its_revisions(
    server: Seam, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    tag = server.tag_of("2")
    tags = iter([tag, f'W/{tag[:-1]}-gzip"'])
    monkeypatch.setattr(server, "tag_of", lambda _: next(tags))
    assert served(server, cache).warning is None


def test_the_whole_manifest_is_fetched_once_per_run(server: Seam, cache: Cache) -> None:
    data = manifest("a")
    server.publish("2", {"manifest.json": data, "run_results.json": b"{}"})
    for _ in range(2):
        index = served(server, cache)
        whole = served_manifest(asked(server), cache, 1000.0, index)
        assert isinstance(whole, Served)
        directory = Path(whole.directory)
        assert (directory / "manifest.json").read_bytes() == data
        assert (directory / "run_results.json").read_bytes() == b"{}"
    asked_paths = server.paths()
    assert asked_paths.count("/projects/7/state/artifacts/manifest.json") == 1


def test_a_manifest_that_is_not_the_named_one_is_refused(server: Seam, cache: Cache) -> None:
    index = served(server, cache)
    server.states["2"]["manifest.json"] = manifest("b")
    trouble = served_manifest(asked(server), cache, 1000.0, index)
    assert isinstance(trouble, Trouble)
    assert "not the one it named" in trouble.said


def test_a_manifest_that_lies_packed_is_unpacked(server: Seam, cache: Cache) -> None:
    index = served(server, cache)
    data = server.states["2"]["manifest.json"]
    server.states["2"]["manifest.json"] = gzip.compress(data)
    whole = served_manifest(asked(server), cache, 1000.0, index)
    assert isinstance(whole, Served)
    assert (Path(whole.directory) / "manifest.json").read_bytes() == data


def test_the_last_manifest_serves_with_its_age(server: Seam, cache: Cache) -> None:
    index = served(server, cache)
    assert isinstance(served_manifest(asked(server), cache, 1000.0, index), Served)
    server.publish("2", {"manifest.json": manifest("b")})
    index = served(server, cache)
    server.fault, server.fault_path = "error", "manifest.json"
    whole = served_manifest(asked(server), cache, 4600.0, index)
    assert isinstance(whole, Served)
    assert whole.warning is not None
    assert "1 hour ago" in whole.warning


def test_who_did_not_answer_a_moment_ago_is_not_waited_for(
    server: Seam, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_api, "QUICK", Patience(silent=1.0, total=1.5))
    hasty = Patience(silent=0.2, total=0.2, attempts=1)
    monkeypatch.setattr("upriver.state.remote.server_state.HASTY", hasty)
    server.fault = "silence"

    def seconds(now: float) -> float:
        started = time.monotonic()
        assert isinstance(served_index(asked(server), cache, now), Trouble)
        return time.monotonic() - started

    assert seconds(1000.0) > 0.9
    assert seconds(1030.0) < 0.9
    assert seconds(2000.0) > 0.9
    server.fault = None
    assert served(server, cache, now=2001.0).warning is None
    assert cache.failed_at(server.url) == 0.0


def test_whoami_and_environments(server: Seam) -> None:
    whom = asked(server).server
    me = who_am_i(whom)
    assert not isinstance(me, Trouble)
    assert (me.account.name, me.projects[0].id, me.token.name) == ("Example", 7, "laptop")
    found = environments(whom, "7")
    assert not isinstance(found, Trouble)
    assert [(e.name, e.state is not None) for e in found] == [
        ("Development", False),
        ("Production", True),
    ]
    assert set(server.authorizations) == {f"Bearer {TOKEN}"}
    assert TOKEN not in repr(whom) + repr(asked(server))


def test_stopping_is_noticed_while_waiting(server: Seam) -> None:
    server.fault = "silence"

    def stop() -> None:
        raise Interrupted

    whom = msgspec.structs.replace(asked(server).server, check_stop=stop)
    with pytest.raises(Interrupted):
        who_am_i(whom)


def test_what_fails_in_bounded_work_fails_where_it_is_waited_for() -> None:
    def work(_: object) -> int:
        raise KeyError("x")

    with pytest.raises(KeyError):
        Pending(work, 5.0).wait(lambda: None)
    with pytest.raises(OutOfTime):
        Pending(lambda _: time.sleep(5), 0.05).wait(lambda: None)
