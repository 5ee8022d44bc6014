"""The lean index with the ledger laid over it, and the artifacts of a state."""

from __future__ import annotations

import hashlib

import msgspec
import pytest
from tests.server.conftest import Project
from tests.server_process import manifest, run_results

from upriver.state.baseline import is_deferrable, read_baseline

FIRST = "2026-01-01T00:00:00+00:00"
SECOND = "2026-01-02T00:00:00+00:00"
BOTH = {"manifest": manifest("a", "b"), "run_results": run_results("a", "b", generated_at=FIRST)}


def test_the_index_reads_like_a_manifest(project: Project) -> None:
    project.upload(**BOTH)
    answer = project.get("state/index")
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["etag"] == project.get("state").headers["etag"]
    baseline, problems = read_baseline(answer.content, "the server")
    assert (baseline is not None, problems) == (True, ())
    assert baseline is not None
    a = baseline.published["model.shop.a"]
    assert (a.relation_name, a.checksum, is_deferrable(a)) == ('"db"."prod"."a"', "sum-a", True)
    assert "raw_code" not in answer.text


def test_one_node_is_handed_out_alone(project: Project) -> None:
    project.upload(**BOTH)
    found = project.get("state/index", params={"node": ["model.shop.b", "model.shop.none"]}).json()
    assert [*found["nodes"]] == ["model.shop.b"]
    assert [*found["upriver_builds"]] == ["model.shop.b"]
    assert found["nodes"]["model.shop.b"]["config"] == {"enabled": True, "materialized": "table"}


def test_builds_are_merged_across_runs(project: Project) -> None:
    project.upload(**BOTH)
    first = project.get("state").json()["run"]["id"]
    # Later, one of two models is built, into another schema, by upriver, which says from what.
    builds = [
        {
            "unique_id": "model.shop.a",
            "relation": '"db"."other"."a"',
            "fingerprint": "f1",
            "built_at": SECOND,
            "git_sha": "beef",
            "status": "success",
        }
    ]
    project.upload(
        manifest=manifest("a", "b", generated_at=SECOND),
        run_results=run_results("a", generated_at=SECOND),
        upriver_builds=msgspec.json.encode({"builds": builds}),
    )
    found = project.get("state/index").json()
    assert found["nodes"]["model.shop.a"]["relation_name"] == '"db"."other"."a"'
    assert found["nodes"]["model.shop.b"]["relation_name"] == '"db"."prod"."b"'
    a, b = (found["upriver_builds"][f"model.shop.{name}"] for name in "ab")
    second = project.get("state").json()["run"]["id"]
    assert (a["fingerprint"], a["built_at"], a["run_id"], a["git_sha"]) == (
        "f1", SECOND, second, "beef",
    )  # fmt: skip
    assert (b["fingerprint"], b["built_at"], b["run_id"]) == (None, FIRST, first)
    assert project.get("state").json()["ledger"] == {"revision": 2, "nodes": 2}


def test_an_older_build_does_not_replace_a_newer_one(project: Project) -> None:
    project.upload(manifest=manifest("a"), run_results=run_results("a", generated_at=SECOND))
    project.upload(manifest=manifest("a"), run_results=run_results("a", generated_at=FIRST))
    found = project.get("state/index").json()
    assert found["upriver_builds"]["model.shop.a"]["built_at"] == SECOND


def test_what_a_failed_run_did_build_counts(project: Project) -> None:
    project.upload(**BOTH)
    before = project.get("state")
    project.upload(
        manifest=manifest("a", "b"),
        run_results=run_results("a", failed=["b"], generated_at=SECOND),
    )
    after = project.get("state")
    assert after.json()["run"]["id"] == before.json()["run"]["id"]
    assert after.headers["etag"] != before.headers["etag"]
    found = project.get("state/index").json()["upriver_builds"]
    assert found["model.shop.a"]["built_at"] == SECOND
    assert found["model.shop.b"]["built_at"] == FIRST


@pytest.mark.parametrize("args", [{"empty": True}, {"sample": "3 days"}], ids=str)
def test_relations_without_their_rows_are_not_builds(
    project: Project, args: dict[str, object]
) -> None:
    project.upload(**BOTH)
    project.upload(
        manifest=manifest("a"), run_results=run_results("a", generated_at=SECOND, args=args)
    )
    assert project.get("state").json()["ledger"]["revision"] == 1


def test_the_index_is_not_sent_twice(project: Project) -> None:
    project.upload(**BOTH)
    etag = project.get("state/index").headers["etag"]
    assert project.get("state/index", headers={"If-None-Match": etag}).status_code == 304


def test_artifacts_of_the_state(project: Project) -> None:
    project.upload(**BOTH)
    for encoding in ("gzip", "identity"):
        answer = project.get(
            "state/artifacts/manifest.json", headers={"Accept-Encoding": encoding}
        )
        assert answer.content == BOTH["manifest"]
        assert answer.headers["etag"] == f'"{hashlib.sha256(BOTH["manifest"]).hexdigest()}"'
        assert answer.headers.get("content-encoding", "identity") == encoding
        assert answer.headers["content-type"] == "application/json"
    known = project.get(
        "state/artifacts/manifest.json", headers={"If-None-Match": answer.headers["etag"]}
    )
    assert known.status_code == 304
    assert project.get("state/artifacts/run_results.json").content == BOTH["run_results"]
    for absent in ("catalog.json", "secrets.json", "..%2Fmanifest.json"):
        assert project.get(f"state/artifacts/{absent}").status_code == 404


def test_artifacts_that_other_commands_write_are_found(project: Project) -> None:
    project.upload(**BOTH)
    project.upload(manifest=manifest("a"), catalog=b'{"nodes": {}}',
                   run_results=run_results("a", which="generate"))  # fmt: skip
    assert project.get("state/artifacts/catalog.json").content == b'{"nodes": {}}'


def test_stock_engines_find_the_manifest(project: Project) -> None:
    project.upload(**BOTH)
    base = f"/api/private/accounts/{project.account_id}/projects/{project.id}/manifest"
    for path in (f"{base}/latest/", f"{base}/{project.production}/"):
        address = project.api.get(path).json()["data"]["manifest_href"]
        answer = project.api.get(address, headers={"Authorization": ""})
        assert answer.content == BOTH["manifest"]
        tampered = project.api.get(address[:-2] + "xx", headers={"Authorization": ""})
        assert tampered.status_code == 403
