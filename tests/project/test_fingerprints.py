"""Fingerprints of an open project: warm equals cold, and only what changed is worked out again."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.cli.shop_project import Shop

from upriver.project.fingerprints import LocalPrints
from upriver.project.opened import Caller, OpenedProject
from upriver.project.requests import GlobalOptions, Parse

IDS = ("model.shop.orders", "model.shop.customers", "seed.shop.raw")


def prints(
    root: Path,
    *,
    env: Mapping[str, str] | None = None,
    ids: tuple[str, ...] = IDS,
    **options: object,
) -> tuple[dict[str, str | None], int]:
    """Return the fingerprints, and how many meanings were worked out."""
    caller = Caller(env=env or {}, cwd=str(root), listener=lambda _: None)
    given = GlobalOptions(project_dir=str(root), **options)  # type: ignore[arg-type]
    opened = OpenedProject(Parse(options=given), "parse", caller)
    try:
        found = LocalPrints(opened.load(), opened.store, opened.workspace.root)
        values = {unique_id: found.fingerprint(unique_id) for unique_id in ids}
        made = len(found.meanings.made)  # type: ignore[attr-defined]
        found.save()
    finally:
        opened.close()
    return values, made


def edit(path: Path, text: str) -> None:
    """Write a file as if some time had gone by: its stamp tells it apart."""
    path.write_text(text)
    stat = path.stat()
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns - 10**10))


@pytest.fixture
def root(shop: Shop) -> Path:
    for path in shop.root.rglob("*.*"):
        if path.is_file():
            edit(path, path.read_text())
    return shop.root


def test_warm_equals_cold_and_works_out_nothing(root: Path) -> None:
    cold, made = prints(root)
    assert made == 3
    assert None not in cold.values()
    assert prints(root) == (cold, 0)


def test_only_the_edited_resource_is_worked_out_again(root: Path) -> None:
    before, _ = prints(root)
    edit(root / "models/orders.sql", "select id, customer, 1 as x from {{ ref('raw') }}")
    after, made = prints(root)
    assert made == 1
    assert after["seed.shop.raw"] == before["seed.shop.raw"]
    assert after["model.shop.orders"] != before["model.shop.orders"]
    assert after["model.shop.customers"] != before["model.shop.customers"]


def test_layout_changes_nothing(root: Path) -> None:
    before, _ = prints(root)
    edit(root / "models/orders.sql", "-- a comment\nSELECT id,\n  customer FROM {{ref('raw')}}\n")
    assert prints(root)[0] == before


def test_the_other_target_has_the_same_fingerprints(root: Path) -> None:
    assert prints(root, target="prod")[0] == prints(root, target="dev")[0]


def test_a_model_that_reads_the_target_differs_between_targets(root: Path) -> None:
    edit(root / "models/orders.sql", "select '{{ target.name }}' as n from {{ ref('raw') }}")
    dev, prod = prints(root, target="dev")[0], prints(root, target="prod")[0]
    assert dev["seed.shop.raw"] == prod["seed.shop.raw"]
    assert dev["model.shop.orders"] != prod["model.shop.orders"]
    assert dev["model.shop.customers"] != prod["model.shop.customers"]


def test_variables_count_by_value_even_where_parsing_does_not_reach_them(root: Path) -> None:
    edit(root / "models/orders.sql", "{% if execute %}select {{ var('a', 1) }} as a{% endif %}")
    values = [prints(root, vars={"a": value})[0]["model.shop.orders"] for value in (1, 2, 1)]
    assert values[0] == values[2] != values[1]


def test_environment_variables_count_and_secrets_do_not(root: Path) -> None:
    edit(
        root / "models/orders.sql",
        "select '{{ env_var('START', '') }}{{ env_var('A_TOKEN', '') }}'",
    )
    base = prints(root, env={"START": "1", "A_TOKEN": "x"})[0]
    assert prints(root, env={"START": "1", "A_TOKEN": "y"})[0] == base
    assert prints(root, env={"START": "2", "A_TOKEN": "x"})[0] != base


def test_a_large_seed_counts_by_its_content(root: Path) -> None:
    rows = "".join(f"{at},{'x' * 90}\n" for at in range(12000))
    edit(root / "seeds/raw.csv", "id,customer\n" + rows)
    before, _ = prints(root)
    edit(root / "seeds/raw.csv", "id,customer\n" + rows.replace("7,x", "7,y"))
    after, _ = prints(root)
    assert before["seed.shop.raw"] != after["seed.shop.raw"]


def test_a_changed_macro_changes_its_users_only(root: Path) -> None:
    edit(root / "macros/own.sql", "{% macro own() %}1{% endmacro %}")
    edit(root / "models/orders.sql", "select {{ own() }} as id, 'x' as customer")
    before, _ = prints(root)
    edit(root / "macros/own.sql", "{% macro own() %}2{% endmacro %}")
    after, _ = prints(root)
    assert before["seed.shop.raw"] == after["seed.shop.raw"]
    assert before["model.shop.orders"] != after["model.shop.orders"]
