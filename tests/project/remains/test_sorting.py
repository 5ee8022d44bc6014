"""Names taken apart, and whose a relation is."""

from __future__ import annotations

import pytest
from tests.small_graphs import small_graph

from upriver.project.remains.sorting import Remain, is_in, key_of_rendered, readers_first
from upriver.resources.relation import RelationName


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


def test_what_reads_comes_before_what_is_read() -> None:
    graph = small_graph({
        "model.p.a": "", "model.p.b": "model.p.a", "model.p.c": "model.p.b model.p.a",
        "model.p.d": "model.p.c",
    })  # fmt: skip
    names = ("a", "d", "gone", "c", "b")
    remains = [
        Remain(
            name=RelationName(database="db", schema="dev", identifier=name),
            type="view",
            why="",
            unique_id=f"model.p.{name}",
        )
        for name in names
    ]
    order = [one.name.identifier for one in readers_first(remains, graph)]
    assert order == ["gone", "d", "c", "b", "a"]
