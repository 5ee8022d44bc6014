"""Names taken apart, and whose a relation is."""

from __future__ import annotations

import pytest

from upriver.project.remains.sorting import is_in, key_of_rendered


@pytest.mark.parametrize(
    ("rendered", "key"),
    [
        ('"Wh"."Prod"."Raw"', ("wh", "prod", "raw")),
        ("`p-1`.`d`.`t`", ("p-1", "d", "t")),
        ("[a].[b].[c d]", ("a", "b", "c d")),
        ("wh.prod.raw", ("wh", "prod", "raw")),
        ('prod."Ra.w"', ("", "prod", "ra.w")),
        ('"a""b"."s"."t"', ('a"b', "s", "t")),
        ("raw", ("", "", "raw")),
    ],
)
def test_rendered_names(rendered: str, key: tuple[str, str, str]) -> None:
    assert key_of_rendered(rendered) == key


def test_a_schema_without_a_database_counts_in_every_database() -> None:
    assert is_in(("wh", "prod"), frozenset({("", "prod")}))
    assert not is_in(("wh", "prod"), frozenset({("other", "prod")}))
