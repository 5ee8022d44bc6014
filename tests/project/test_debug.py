from __future__ import annotations

import pytest
from tests.cli.shop_project import Shop, unstamped


def test_everything_is_fine(shop: Shop) -> None:
    # CLI-121
    said = shop("debug")
    assert said.exit_code == 0
    lines = [unstamped(line) for line in said.out.splitlines()]
    root = shop.root
    for line in (
        "dbt version: 1.11.16",
        f"Using profiles.yml file at {root}/profiles.yml",
        f"Using dbt_project.yml file at {root}/dbt_project.yml",
        "adapter type: duckdb",
        "  profiles.yml file [OK found and valid]",
        "  dbt_project.yml file [OK found and valid]",
        "  path: shop.duckdb",
        "  Connection test: [OK connection ok]",
    ):
        assert line in lines
    assert lines[-1] == "All checks passed!"


def test_only_the_connection(shop: Shop) -> None:
    out = shop("debug", "--connection").out
    assert "python version" not in out
    assert "Connection test: [OK connection ok]" in out


@pytest.mark.parametrize(
    ("files", "line", "code"),
    [
        ({"profiles.yml": "shop: ["}, "  profiles.yml file [ERROR invalid]", "yaml-invalid"),
        ({"profiles.yml": "x: {}"}, "  profiles.yml file [ERROR invalid]", "profile-not-found"),
        ({"dbt_project.yml": "name: ["}, "  dbt_project.yml file [ERROR invalid]", "yaml-invalid"),
    ],
)
def test_files_that_cannot_be_used(
    shop: Shop, files: dict[str, str], line: str, code: str
) -> None:
    shop.write(files)
    said = shop("debug")
    assert said.exit_code == 1
    assert line in [unstamped(text) for text in said.out.splitlines()]
    assert f"error[{code}]" in said.out
    assert said.lines[-1] == "1 check failed"


def test_a_warehouse_that_is_down(shop: Shop) -> None:
    output = "{type: postgres, host: 127.0.0.1, port: 1, user: u, password: hidden1, dbname: d,"
    output += " schema: s}"
    shop.write({"profiles.yml": f"shop: {{target: dev, outputs: {{dev: {output}}}}}"})
    said = shop("debug")
    assert said.exit_code == 1
    assert "Connection test: [ERROR]" in said.out
    assert "Connection refused" in said.out
    assert "hidden1" not in said.out


def test_where_profiles_are_looked_for(shop: Shop) -> None:
    assert "/there" in shop("debug", "--config-dir", "--profiles-dir", "/there").out
    assert ".dbt" in shop("debug", "--config-dir").out
