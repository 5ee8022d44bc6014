"""A project that is linked to a server, whose production was pushed there."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import yaml
from tests.cli.shop_project import Shop
from tests.state.seam_server import TOKEN, Seam, seam

from upriver.state.pushed import summarise

COMMIT = "abc12345def0"


class LinkedShop(Shop):
    """The project's directory, the server, and what was asked of it."""

    seam: Seam

    def link(self, **more: object) -> None:
        """Write the user's file."""
        folder = self.root / ".dbt"
        folder.mkdir(exist_ok=True)
        entry = {
            "project-id": "7", "project-name": "shop", "account-id": "1",
            "account-host": self.seam.url, "token-name": "laptop", "token-value": TOKEN, **more,
        }  # fmt: skip
        body = {"version": "1", "context": {"active-project": "7"}, "projects": [entry]}
        path = folder / "dbt_cloud.yml"
        path.write_text(yaml.safe_dump(body))
        path.chmod(0o600)

    def unlink(self) -> None:
        shutil.rmtree(self.root / ".dbt")


def build_production(root: Path) -> None:
    """Build production once; tests work on copies."""
    shop = Shop(root)
    said = shop("build", "--target", "prod", "--target-path", "published")
    assert said.exit_code == 0, said.out


@contextlib.contextmanager
def linked(root: Path, production: Path) -> Iterator[LinkedShop]:
    """Production is built and pushed; the development schema is empty; the project is linked."""
    shutil.copytree(production, root, dirs_exist_ok=True)
    with seam() as server:
        shop = LinkedShop(root)
        shop.seam = server
        shop.env |= {"UPRIVER_CACHE_DIR": str(root / "cache"), "NO_PROXY": "*"}
        artifacts = {path.name: path.read_bytes() for path in (root / "published").glob("*.json")}
        summary = summarise(artifacts["manifest.json"], artifacts["run_results.json"])
        assert summary is not None
        assert summary.builds is not None
        artifacts["upriver_builds.json"] = summary.builds
        server.publish("2", artifacts, commit=COMMIT)
        shop.link()
        yield shop
