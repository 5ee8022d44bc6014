"""The page of compatibility keeps up with the tests."""

from __future__ import annotations

import runpy

import pytest
from tests.hygiene.source_tree import DOCS

GENERATOR = runpy.run_path(str(DOCS / "generate_compatibility.py"))
KNOWN = {row.id for row in GENERATOR["rows"]()}


def test_the_page_is_up_to_date() -> None:
    assert (DOCS / "compatibility.md").read_text("utf-8") == GENERATOR["page"](), (
        "run `python docs/generate.py`"
    )


@pytest.mark.parametrize(
    "ids", [GENERATOR["cited"](), GENERATOR["meant"]()], ids=["cited", "meant"]
)
def test_only_rows_that_exist_are_named(ids: dict[str, object]) -> None:
    assert not ids.keys() - KNOWN
