from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.shop_project import Shop


@pytest.fixture
def nowhere(tmp_path: Path) -> Shop:
    """A directory without a project."""
    shop = Shop(tmp_path)
    for path in tmp_path.iterdir():
        if path.is_file():
            path.unlink()
    return shop


def test_a_new_project_builds_at_once(nowhere: Shop) -> None:
    # CLI-122
    said = nowhere("init", "coffee")
    assert said.exit_code == 0
    made = Shop.__new__(Shop)
    made.root, made.env = nowhere.root / "coffee", nowhere.env
    built = made("build", "--warn-error")
    assert built.exit_code == 0, built.out
    assert made("ls", "-q").out.splitlines()[0] == "coffee.marts.customers"


def test_without_a_name_the_directory_gives_it(nowhere: Shop) -> None:
    (nowhere.root / "tea shop").mkdir()
    made = Shop.__new__(Shop)
    made.root, made.env = nowhere.root / "tea shop", nowhere.env
    assert made("init").exit_code == 0
    assert "name: tea_shop" in (made.root / "dbt_project.yml").read_text()


def test_the_profile_may_be_left_out(nowhere: Shop) -> None:
    nowhere("init", "coffee", "-s")
    assert not (nowhere.root / "coffee" / "profiles.yml").exists()


@pytest.mark.parametrize(("name", "code"), [("1st", "init-name"), ("a b", "init-name")])
def test_names(nowhere: Shop, name: str, code: str) -> None:
    said = nowhere("init", name)
    assert said.exit_code == 2
    assert code in said.out


def test_nothing_is_overwritten(shop: Shop) -> None:
    said = shop("init")
    assert said.exit_code == 2
    assert "init-profile-exists" in said.out
    (shop.root / "new").mkdir()
    (shop.root / "new" / "README.md").write_text("mine")
    assert shop("init", "new").exit_code == 0
    assert (shop.root / "new" / "README.md").read_text() == "mine"
