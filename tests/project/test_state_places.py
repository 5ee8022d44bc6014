from __future__ import annotations

import gzip
import subprocess

import pytest
from tests.cli.shop_project import Shop
from tests.state.artifact_server import serving


@pytest.fixture
def built(shop: Shop) -> Shop:
    """Production is built, its revision is `main`, and a branch changes `orders`."""
    shop.env["UPRIVER_CACHE_DIR"] = str(shop.root.parent / "cache")
    git(shop, "init", "-q", "-b", "main")
    git(shop, "add", "-A")
    git(shop, "commit", "-q", "-m", "one")
    assert shop("build", "--target", "prod", "--target-path", "published").exit_code == 0
    git(shop, "checkout", "-q", "-b", "branch")
    shop.write({"models/orders.sql": "select id, customer, 1 as k from {{ ref('raw') }}"})
    return shop


def git(shop: Shop, *args: str) -> str:
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    return subprocess.run(
        ["git", "-C", str(shop.root), *who, *args], capture_output=True, text=True, check=True
    ).stdout.strip()


def modified(shop: Shop, place: str, *args: str) -> list[str]:
    said = shop("ls", "-q", "-s", "state:modified", "--state", place, *args)
    assert said.exit_code == 0, said.out
    return said.out.split()


def test_a_revision_is_what_production_would_be(built: Shop) -> None:
    # D22
    assert modified(built, "git:main") == ["shop.orders"]
    said = built("run", "-s", "orders", "--defer", "--state", "git:main")
    assert said.exit_code == 0, said.out
    commit = git(built, "rev-parse", "main")
    assert f"Deferred 1 of 1 reference to git:main @{commit[:8]}" in said.out
    assert built.rows("select count(*) from dev.orders") == [(3,)]


def test_three_dots_are_where_the_branch_began(built: Shop) -> None:
    git(built, "checkout", "-q", "main")
    built.write({"seeds/raw.csv": "id,customer\n1,Ada\n"})
    git(built, "commit", "-q", "-m", "two", "seeds/raw.csv")
    git(built, "checkout", "-q", "branch", "--", ".")
    git(built, "checkout", "-q", "branch")
    built.write({"models/orders.sql": "select id, customer, 1 as k from {{ ref('raw') }}"})
    assert modified(built, "git:main...") == ["shop.orders"]
    assert set(modified(built, "git:main")) == {"shop.orders", "shop.raw"}


def test_the_working_tree_and_index_are_left_alone(built: Shop) -> None:
    before = git(built, "status", "--porcelain", "--", "models"), git(built, "rev-parse", "HEAD")
    modified(built, "git:main")
    after = git(built, "status", "--porcelain", "--", "models"), git(built, "rev-parse", "HEAD")
    assert after == before
    assert git(built, "rev-parse", "--abbrev-ref", "HEAD") == "branch"


@pytest.mark.parametrize(
    ("place", "more", "code"),
    [
        ("git:nowhere", (), "state-revision"),
        ("git:--help", (), "state-revision"),
        ("git:main", ("--state-target", "nope"), "state-revision"),
        ("http://127.0.0.1:9/x", (), "state-unreachable"),
    ],
)
def test_what_cannot_be_read_is_an_error(
    built: Shop, place: str, more: tuple[str, ...], code: str
) -> None:
    said = built("ls", "-s", "state:modified", "--state", place, *more)
    assert said.exit_code == 2
    assert f"error[{code}]" in said.err
    assert "Traceback" not in said.err


def test_without_a_production_target_one_is_asked_for(built: Shop) -> None:
    text = (built.root / "profiles.yml").read_text().replace("prod:", "live:")
    built.write({"profiles.yml": text})
    said = built("ls", "-s", "state:modified", "--state", "git:main")
    assert "error[state-target]" in said.err
    assert modified(built, "git:main", "--state-target", "live") == ["shop.orders"]


def test_files_and_archives(built: Shop) -> None:
    manifest = (built.root / "published" / "manifest.json").read_bytes()
    (built.root / "prod.json.gz").write_bytes(gzip.compress(manifest))
    (built.root / "packed").mkdir()
    (built.root / "packed" / "manifest.json").write_bytes(gzip.compress(manifest))
    for place in ("published", "published/manifest.json", "prod.json.gz", "packed"):
        assert modified(built, place) == ["shop.orders"]
    (built.root / "broken.gz").write_bytes(b"\x1f\x8bxx")
    said = built("ls", "-s", "state:modified", "--state", "broken.gz")
    assert "error[state-archive]" in said.err


def test_a_server_and_later_none(built: Shop) -> None:
    with serving() as server:
        server.files = {
            "/manifest.json": (built.root / "published" / "manifest.json").read_bytes()
        }
        url = server.url
        assert modified(built, url) == ["shop.orders"]
    said = built("run", "-s", "orders", "--defer", "--state", url)
    assert said.exit_code == 0
    assert "warning[state-offline]" in said.out
    assert f"to {url}" in said.out
