from __future__ import annotations

import pytest
from tests.cli.shop_project import PROJECT, Shop


def with_targets(shop: Shop, *targets: str) -> None:
    shop.write({"dbt_project.yml": f"{PROJECT}clean-targets: [{', '.join(targets)}]\n"})


def test_targets_are_deleted_and_told(shop: Shop) -> None:
    # CLI-53, CLI-123
    with_targets(shop, "target", "gone")
    shop("ls")
    said = shop("clean")
    assert said.exit_code == 0
    assert not (shop.root / "target").exists()
    assert said.lines == [
        "Running with dbt=1.11.16",
        f"Checking {shop.root}/target/*",
        f"Cleaned {shop.root}/target/*",
        f"Checking {shop.root}/gone/*",
        "Finished cleaning all paths.",
    ]


@pytest.mark.parametrize("target", ["models", ".", "models/..", "seeds", "../outside"])
def test_sources_and_what_is_outside_are_refused(shop: Shop, target: str) -> None:
    with_targets(shop, f"'{target}'", "target")
    (shop.root.parent / "outside").mkdir(exist_ok=True)
    shop("ls")
    said = shop("clean")
    assert said.exit_code == 2
    assert "error[clean-refused]" in said.out
    assert (shop.root / "models").is_dir()
    assert (shop.root.parent / "outside").is_dir()
    # Nothing is deleted where anything is refused.
    assert (shop.root / "target").exists()


def test_outside_on_request(shop: Shop) -> None:
    with_targets(shop, "../elsewhere")
    outside = shop.root.parent / "elsewhere"
    outside.mkdir()
    assert shop("clean", "--no-clean-project-files-only").exit_code == 0
    assert not outside.exists()


def test_no_profile_is_needed(shop: Shop) -> None:
    # PROJ-6
    (shop.root / "profiles.yml").unlink()
    assert shop("clean").exit_code == 0
