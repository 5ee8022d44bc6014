"""The relations a run believes in."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upriver.adapters.cache import Ask, Change, RelationCache
from upriver.problems import WarehouseError
from upriver.resources.answers import ListedRelation
from upriver.resources.relation import RelationName


def name(identifier: str, schema: str = "s") -> RelationName:
    return RelationName(database="d", schema=schema, identifier=identifier)


def listed(identifier: str, kind: str = "table", *bases: str, schema: str = "s") -> ListedRelation:
    depends_on = tuple(name(base) for base in bases)
    return ListedRelation(name=name(identifier, schema), type=kind, depends_on=depends_on)


def answering(*relations: ListedRelation) -> Ask:
    return lambda: relations


def never() -> tuple[ListedRelation, ...]:
    raise AssertionError("the warehouse was asked again")


def contents(cache: RelationCache) -> list[tuple[str | None, str]]:
    return sorted((r.name.identifier, r.type) for r in cache.listing("d", "s", never))


def filled(*relations: ListedRelation, drops_dependent_views: bool = False) -> RelationCache:
    cache = RelationCache(drops_dependent_views=drops_dependent_views)
    cache.listing("d", "s", answering(*relations))
    return cache


def test_a_schema_is_asked_for_once_whatever_the_case():
    cache = filled(listed("a"))
    assert cache.is_listed("D", "S")
    assert cache.listing("D", "S", never) == (listed("a"),)
    cache.forget("d", "s")
    assert not cache.is_listed("d", "s")
    assert cache.listing("d", "s", answering()) == ()


def test_concurrent_callers_wait_for_one_answer():
    cache, asked = RelationCache(), []

    def slowly() -> tuple[ListedRelation, ...]:
        asked.append(1)
        time.sleep(0.05)
        return (listed("a"),)

    threads = [threading.Thread(target=cache.listing, args=("d", "s", slowly)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert asked == [1]
    assert contents(cache) == [("a", "table")]


def test_a_failed_listing_is_asked_for_again():
    cache = RelationCache()

    def failing() -> tuple[ListedRelation, ...]:
        raise WarehouseError("gone")

    with pytest.raises(WarehouseError, match="gone"):
        cache.listing("d", "s", failing)
    assert cache.listing("d", "s", answering(listed("a"))) == (listed("a"),)


def test_the_exact_spelling_is_found_before_one_that_differs_in_case():
    cache = filled(listed("Orders"), listed("orders"), listed("Items"))
    assert cache.find(name("orders"), never) == listed("orders")
    assert cache.find(name("items"), never) == listed("Items")
    assert cache.find(name("other"), never) is None
    with pytest.raises(WarehouseError, match="is ambiguous: the schema has `Orders`, `orders`"):
        cache.find(name("ORDERS"), never)


def test_created_renamed_and_dropped_relations_are_followed():
    cache = filled(listed("old"))
    cache.added(listed("new", "view"), never)
    cache.renamed(name("old"), name("old__dbt_backup"), never, never)
    cache.renamed(name("new"), name("old"), never, never)
    cache.renamed(name("unheard_of"), name("x"), never, never)
    cache.dropped(name("old__dbt_backup"), never)
    cache.dropped(name("unheard_of"), never)
    assert contents(cache) == [("old", "view")]


def test_a_rename_moves_between_schemas():
    cache = filled(listed("a"))
    cache.renamed(name("a"), name("b", "other"), never, answering())
    assert contents(cache) == []
    assert cache.find(name("b", "other"), never) == listed("b", schema="other")


VIEWS = (listed("t"), listed("v", "view", "t"), listed("w", "view", "v"), listed("u"))


def test_views_go_with_their_table_even_after_it_was_renamed():
    cache = filled(*VIEWS, drops_dependent_views=True)
    cache.renamed(name("t"), name("t__dbt_backup"), never, never)
    assert len(contents(cache)) == len(VIEWS)
    cache.dropped(name("t__dbt_backup"), never)
    assert contents(cache) == [("u", "table")]


def test_views_stay_where_the_warehouse_keeps_them():
    cache = filled(*VIEWS)
    cache.dropped(name("t"), never)
    assert contents(cache) == [("u", "table"), ("v", "view"), ("w", "view")]


def test_views_of_a_schema_listed_before_that_of_their_table_go_too():
    cache = RelationCache(drops_dependent_views=True)
    cache.listing("d", "views", answering(listed("v", "view", "t", schema="views")))
    cache.listing("d", "s", answering(listed("t")))
    cache.dropped(name("t"), never)
    assert cache.listing("d", "views", never) == ()


def test_views_go_with_a_dropped_schema():
    cache = filled(*VIEWS, drops_dependent_views=True)
    cache.listing("d", "views", answering(listed("x", "view", "w", schema="views")))
    cache.schema_dropped("d", "s")
    cache.schema_dropped("d", "never_listed")
    assert contents(cache) == []
    assert cache.listing("d", "views", never) == ()


def test_a_view_made_since_the_listing_is_verified_after_a_drop():
    cache = filled(listed("t"), listed("u"), drops_dependent_views=True)
    cache.added(listed("kept", "view"), never)
    cache.added(listed("gone", "view"), never)
    assert cache.find(name("gone"), never) == listed("gone", "view")
    cache.dropped(name("t"), never)
    truth = answering(listed("u"), listed("kept", "view"))
    assert cache.find(name("gone"), truth) is None
    assert cache.find(name("kept"), truth) == listed("kept", "view")
    assert contents(cache) == [("kept", "view"), ("u", "table")]


def test_a_view_of_an_open_transaction_is_not_looked_for_from_outside():
    cache = filled(listed("t"), drops_dependent_views=True)
    changes = cache.added(listed("mine", "view"), never, owner=object())
    cache.dropped(name("t"), never)
    assert cache.find(name("mine"), never) == listed("mine", "view")
    cache.settle(changes)
    assert cache.find(name("mine"), answering()) is None


def test_undoing_in_a_schema_that_was_forgotten_changes_nothing():
    cache = filled(listed("a"))
    changes = cache.dropped(name("a"), never)
    cache.forget("d", "s")
    cache.undo(changes)
    assert cache.listing("d", "s", answering(listed("b"))) == (listed("b"),)


def test_undoing_a_cascade_brings_the_views_and_their_links_back():
    cache = filled(*VIEWS, drops_dependent_views=True)
    cache.undo(cache.dropped(name("t"), never))
    assert contents(cache) == sorted((r.name.identifier, r.type) for r in VIEWS)
    cache.dropped(name("t"), never)
    assert contents(cache) == [("u", "table")]


Operation = Callable[[RelationCache], list[Change]]
NAMES = st.sampled_from(["a", "b", "c", "A"])


@st.composite
def operations(draw: st.DrawFn) -> Operation:
    first, second = draw(NAMES), draw(NAMES)
    kind = draw(st.sampled_from(["table", "view"]))
    match draw(st.sampled_from(["add", "drop", "rename"])):
        case "add":
            return lambda cache: cache.added(listed(first, kind), never, owner=cache)
        case "drop":
            return lambda cache: cache.dropped(name(first), never)
        case _:
            return lambda cache: cache.renamed(name(first), name(second), never, never)


@given(before=st.lists(operations(), max_size=6), inside=st.lists(operations(), max_size=8))
def test_a_rolled_back_transaction_leaves_the_cache_as_it_was(
    before: list[Operation], inside: list[Operation]
):
    cache = filled(listed("a"), listed("b", "view", "a"), listed("c", "view", "b"))
    for operation in before:
        apply(cache, operation)
    known = contents(cache)
    changes = [change for operation in inside for change in apply(cache, operation)]
    cache.undo(changes)
    assert contents(cache) == known


def apply(cache: RelationCache, operation: Operation) -> list[Change]:
    try:
        return operation(cache)
    except WarehouseError:
        return []  # An ambiguous name changes nothing.
