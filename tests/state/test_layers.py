"""Several baselines: each resource is read from the first that has really built it."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from upriver.state.baseline import Baseline, Origin, Published
from upriver.state.layers import Layer, Layered, first_built, layered

IDS = ("model.p.a", "model.p.b", "seed.p.c")


class Known(msgspec.Struct, frozen=True):
    """What is known of one resource in one layer."""

    is_named: bool
    is_ephemeral: bool
    is_recorded: bool
    is_there: bool | None
    """None: its schema could not be listed."""


knowns = st.builds(
    Known, st.booleans(), st.integers(0, 5).map(lambda n: n == 0), st.booleans(),
    st.sampled_from([True, False, None]),
)  # fmt: skip
places = st.lists(st.fixed_dictionaries(dict.fromkeys(IDS, knowns)), min_size=1, max_size=4)


def relation(at: int, unique_id: str) -> str:
    return f"env{at}.{unique_id[-1]}"


def layer(at: int, place: dict[str, Known]) -> Layer:
    published = {
        unique_id: Published(
            unique_id=unique_id,
            kind=unique_id.partition(".")[0],
            name=unique_id[-1],
            database="db",
            schema=f"env{at}",
            alias=unique_id[-1],
            relation_name=relation(at, unique_id),
            materialized="ephemeral" if known.is_ephemeral else "table",
        )
        for unique_id, known in place.items()
        if known.is_named
    }
    built = {i: relation(at, i) for i, known in place.items() if known.is_recorded}
    baseline = Baseline(
        origin=Origin(location=f"env{at}"), published=published, comparables={}, macros={},
        built=built,
    )  # fmt: skip
    return Layer(name=f"env{at}", line=f"env{at} (1 day old)", baseline=baseline)


def reference(place_list: list[dict[str, Known]], unique_id: str) -> int | None:
    """Resolve as one would by hand."""
    usable = [
        (at, known)
        for at, place in enumerate(place_list)
        for known in (place[unique_id],)
        if known.is_named and not known.is_ephemeral
    ]
    built = [
        at
        for at, known in usable
        if (known.is_recorded if known.is_there is None else known.is_there)
    ]
    if built:
        return built[0]
    return usable[-1][0] if usable else None


@given(places)
def test_the_first_that_has_built_it(place_list: list[dict[str, Known]]) -> None:
    # D12
    layers = tuple(layer(at, place) for at, place in enumerate(place_list))

    def is_there(published: Published) -> bool | None:
        known: Any = place_list[int((published.schema or "")[-1])][published.unique_id]
        found: bool | None = known.is_there
        return found

    chosen: dict[str, int] = {}
    for unique_id in IDS:
        at = first_built(layers, unique_id, is_there)
        assert at == reference(place_list, unique_id)
        if at is not None:
            chosen[unique_id] = at
    merged = layered(layers, chosen)
    for unique_id, at in chosen.items():
        found = merged.published[unique_id]
        assert found.relation_name == relation(at, unique_id)
        assert found.layer == f"env{at}"
    assert merged.origin == layers[-1].baseline.origin
    named = {i for place in place_list for i, known in place.items() if known.is_named}
    assert set(merged.published) == named
    assert {i for i in IDS if i in merged.published} == named


def test_without_a_choice_the_first_usable_one_counts() -> None:
    nothing = Known(is_named=False, is_ephemeral=False, is_recorded=False, is_there=None)
    inlined = Known(is_named=True, is_ephemeral=True, is_recorded=False, is_there=None)
    table = Known(is_named=True, is_ephemeral=False, is_recorded=False, is_there=None)
    layers = tuple(
        layer(at, dict.fromkeys(IDS, known)) for at, known in enumerate((nothing, inlined, table))
    )
    assert Layered(layers)[IDS[0]].layer == "env2"
    assert Layered(layers[:1]).get(IDS[0]) is None
