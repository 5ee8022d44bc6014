"""Reading the state that options name (deferral.md 2 to 4)."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.cli.shop_project import Shop

from upriver.project.published import load_state
from upriver.project.resolve import Deferring
from upriver.project.store import Store


@pytest.fixture
def deferring(shop: Shop) -> Shop:
    """Production is built and published to `prod-state`; the development schema is empty."""
    assert shop("build", "--target", "prod", "--target-path", "prod-state", "-q").exit_code == 0
    return shop


def test_a_deferring_run_says_what_it_read_from_where_and_how_old_it_is(deferring: Shop) -> None:
    # Defect D1
    said = deferring("run", "-s", "customers", "--defer", "--state", "prod-state")
    assert said.exit_code == 0
    assert "Deferred 1 of 1 reference to prod-state (under a minute old)" in said.lines
    assert deferring.rows("select count(*) from dev.customers") == [(2,)]


def test_the_commit_is_told_where_it_is_known(deferring: Shop) -> None:
    path = deferring.root / "prod-state" / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["metadata"]["env"] = {"GIT_COMMIT": "0123456789abcdef"}
    manifest["metadata"]["generated_at"] = "2020-01-01T00:00:00.000000Z"
    path.write_text(json.dumps(manifest))
    said = deferring("plan", "-s", "customers", "--defer", "--state", "prod-state")
    assert "State: prod-state @01234567 (" in said.out
    assert " days old), policy exists" in said.out
    assert said.exit_code == 0


def test_state_outside_of_the_project_is_named_in_full(deferring: Shop, tmp_path: Path) -> None:
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    (deferring.root / "prod-state").rename(outside)
    said = deferring("run", "-s", "customers", "--defer", "--state", str(outside))
    assert any(line.startswith(f"Deferred 1 of 1 reference to {outside} (") for line in said.lines)


@pytest.mark.parametrize(
    ("args", "code", "text"),
    [
        (
            ("--defer",),
            "state-required",
            "--state or --defer-state are required for deferral, but neither was provided",
        ),
        (
            ("--defer", "--state", "nowhere"),
            "state-not-found",
            "Could not find manifest in --state path:",
        ),
        (
            ("-s", "state:modified"),
            "state-missing",
            "Got a state selector method, but no comparison manifest",
        ),
        (
            ("-s", "state:modified", "--defer-state", "prod-state"),
            "state-missing",
            "no comparison manifest",
        ),
        (("--state", "profiles.yml"), "option-value", "is a file"),
    ],
)
def test_what_is_missing_is_told_in_dbts_words(
    deferring: Shop, args: tuple[str, ...], code: str, text: str
) -> None:
    said = deferring("run", *args)
    assert said.exit_code == 2
    assert f"error[{code}]" in said.out
    assert text in said.out


@pytest.mark.parametrize("body", ["not json", '{"metadata": {}}', "[]"])
def test_a_manifest_that_cannot_be_read_stops_the_run(deferring: Shop, body: str) -> None:
    # Defect D17
    deferring.write({"prod-state/manifest.json": body})
    said = deferring("run", "--state", "prod-state")
    assert said.exit_code == 2
    assert "prod-state/manifest.json" in said.out
    assert "Traceback" not in said.out


def test_nothing_selected_ends_before_the_state_is_needed(shop: Shop) -> None:
    assert shop("run", "--defer", "-s", "nothing").exit_code == 0


def test_the_target_as_state_is_worth_a_warning(deferring: Shop) -> None:
    said = deferring("run", "-s", "orders", "--state", "target", "--target-path", "target")
    assert "warning[state-is-target]" in said.out


def test_a_manifest_is_remembered_under_its_stamp(deferring: Shop) -> None:
    from upriver.project.open import open_project  # one test needs it

    graph = open_project(deferring.root, env=deferring.env).graph()
    state_dir = str(deferring.root / "prod-state")
    wanted = Deferring(policy="exists", state=state_dir, baseline=state_dir)
    store = Store(str(deferring.root / "store"))
    first, second = (
        load_state(
            wanted, graph, store, target_path="x", root=str(deferring.root), more_unrendered=False
        )[0]
        for _ in range(2)
    )
    store.close()
    assert first.baseline is not None
    assert second.baseline is not None
    assert dict(first.baseline.published) == dict(second.baseline.published)
    assert first.comparison is not None


def git(shop: Shop, *args: str) -> str:
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", *args]
    return subprocess.run(
        command, cwd=shop.root, check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_the_commit_is_published_and_told_by_who_defers(shop: Shop) -> None:
    git(shop, "init", "-q")
    git(shop, "add", ".")
    git(shop, "commit", "-q", "-m", "first")
    commit = git(shop, "rev-parse", "HEAD")
    shop("build", "--target", "prod", "--target-path", "prod-state", "-q")
    manifest = json.loads((shop.root / "prod-state" / "manifest.json").read_text())
    assert manifest["metadata"]["env"]["UPRIVER_GIT_COMMIT"] == commit
    said = shop("plan", "-s", "customers", "--defer", "--state", "prod-state")
    assert f"State: prod-state @{commit[:8]} (under a minute old), policy exists" in said.out
