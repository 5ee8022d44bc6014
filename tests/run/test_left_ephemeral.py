"""Selected ephemeral models are compiled whoever reads them, and have no results (as observed)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.cli.shop_project import Shop

EPHEMERAL = "{{ config(materialized='ephemeral') }} "
FILES = {
    "models/lonely.sql": EPHEMERAL + "select n + 1 as n from {{ ref('over') }}",
    "models/over.sql": EPHEMERAL + "select n from {{ ref('used') }}",
    "models/used.sql": EPHEMERAL + "select 2 as n",
    "models/a.sql": "select * from {{ ref('over') }}",
    "models/z.sql": "select 1 as n",
}
ALL = {"a", "lonely", "over", "used", "z"}


@pytest.mark.parametrize(
    ("args", "compiled", "results"),
    [
        (("compile",), ALL, {"a", "z"}),
        (("run",), ALL, {"a", "z"}),
        (("build",), ALL, {"a", "z"}),
        (("run", "-s", "lonely"), {"lonely", "over", "used"}, set()),
        (("run", "-s", "used", "z"), {"used", "z"}, {"z"}),
        (("run", "-s", "a"), {"a", "over", "used"}, {"a"}),
        (("compile", "-s", "lonely"), {"lonely", "over", "used"}, {"lonely"}),
    ],
)
def test_what_is_compiled(
    tmp_path: Path, args: tuple[str, ...], compiled: set[str], results: set[str]
) -> None:
    shop = Shop(tmp_path, FILES)
    said = shop(*args)
    assert said.exit_code == 0, said.out
    folder = tmp_path / "target" / "compiled" / "shop" / "models"
    assert {path.stem for path in folder.glob("*.sql")} == compiled
    nodes = json.loads((tmp_path / "target" / "manifest.json").read_text())["nodes"]
    kept = {node["name"]: node["compiled_code"] for node in nodes.values() if node.get("compiled")}
    assert kept.keys() == compiled
    for name, code in kept.items():
        assert (folder / f"{name}.sql").read_text() == code
    assert {unique_id.rpartition(".")[2] for unique_id in shop.statuses()} == results


def test_one_that_cannot_be_compiled_fails_nothing(tmp_path: Path) -> None:
    broken = EPHEMERAL + "{{ exceptions.raise_compiler_error('no') if execute }}"
    shop = Shop(tmp_path, {**FILES, "models/lonely.sql": broken})
    said = shop("run")
    assert said.exit_code == 0, said.out
    assert "`model.shop.lonely` could not be compiled" in said.out
    assert set(shop.statuses().values()) == {"success"}
