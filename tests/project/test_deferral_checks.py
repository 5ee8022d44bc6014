"""Which environment a deferring run may write to: its own, under whichever of its names."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.shop_project import Shop

PROFILE = """
shop:
  target: {default}
  outputs:
    dev: {{type: duckdb, path: shop.duckdb, schema: {dev}}}
    large: {{type: duckdb, path: shop.duckdb, schema: mine, threads: 8}}
    prod: {{type: duckdb, path: shop.duckdb, schema: mine}}
"""
FILES = {"models/a.sql": "select 1 as n", "models/b.sql": "select * from {{ ref('a') }}"}


@pytest.mark.parametrize(
    ("default", "dev", "made", "run", "is_refused"),
    [
        ("dev", "mine", "dev", "large", False),
        ("large", "mine", "large", "dev", False),
        # Whoever runs the default target does not know the other one for his own.
        ("dev", "mine", "prod", "dev", True),
        ("dev", "mine", "prod", "large", True),
        # The default target is elsewhere, so that neither is one's own.
        ("dev", "other", "prod", "large", True),
        ("dev", "other", "large", "large", False),
    ],
)
def test_two_targets_at_one_place(
    tmp_path: Path, default: str, dev: str, made: str, run: str,
    is_refused: bool,  # noqa: FBT001 - a parameter of the test
) -> None:  # fmt: skip
    profile = PROFILE.format(default=default, dev=dev)
    shop = Shop(tmp_path, {**FILES, "profiles.yml": profile})
    first = shop("run", "--target", made, "--target-path", "state")
    assert first.exit_code == 0, first.out
    said = shop("run", "-s", "b", "--target", run, "--defer", "--state", "state")
    assert (said.exit_code == 2) is is_refused, said.out
    assert ("deferral-overwrites-state" in said.out + said.err) is is_refused
