"""What relations hold, worked out from records."""

from __future__ import annotations

from typing import Any

import pytest

from upriver.state.builds import Built, BuiltInput, Holdings, after_build, data_of, held_by
from upriver.state.fingerprint.prints import combine


def built(name: str, *parents: str, is_stored: bool = False, **changes: Any) -> Built:
    fields: dict[str, Any] = {
        "unique_id": name, "relation_name": name, "materialized": "view", "identity": f"i-{name}",
        "form": None, "fingerprint": f"f-{name}", "is_stored": is_stored, "parents": parents,
        "inputs": tuple(BuiltInput(unique_id=p, place="here", relation_name=p) for p in parents),
        "data": f"d-{name}", **changes,
    }  # fmt: skip
    return Built(**fields)


def holdings(*records: Built, published: str | None = None) -> Holdings:
    by_name = {record.relation_name: record for record in records}
    return Holdings(
        record=lambda name, _: by_name.get(name), published=lambda _id, _name: published
    )


def test_a_table_holds_what_it_was_given() -> None:
    table = built("t", "gone", is_stored=True)
    assert held_by(table, holdings()) == "f-t"
    assert data_of(table, holdings()) == "d-t"


def test_a_view_holds_what_its_inputs_hold_now() -> None:
    view, table = built("v", "t"), built("t", is_stored=True)
    assert held_by(view, holdings(table)) == combine("i-v", {"t": "f-t"})
    changed = built("t", is_stored=True, fingerprint="other", data="other")
    assert held_by(view, holdings(changed)) == combine("i-v", {"t": "other"})
    assert data_of(view, holdings(table)) != data_of(view, holdings(changed))
    assert held_by(view, holdings()) is None


def test_a_view_over_the_baseline_holds_what_that_holds() -> None:
    inputs = (BuiltInput(unique_id="p", place="baseline", relation_name="prod.p"),)
    view = built("v", "p", inputs=inputs)
    assert held_by(view, holdings(published="x")) == combine("i-v", {"p": "x"})
    clone = built("c", "p", inputs=inputs, identity=None)
    assert held_by(clone, holdings(published="x")) == "x"


def test_many_views_over_each_other_are_looked_at_once_each() -> None:
    layers = [built("v0", is_stored=True)]
    for at in range(1, 60):
        layers += [built(f"v{at}", f"v{at - 1}", f"w{at - 1}"), built(f"w{at}", f"v{at - 1}")]
    layers.append(built("w0", is_stored=True))
    assert held_by(layers[-2], holdings(*layers)) is not None


@pytest.mark.parametrize(
    ("previous", "is_whole", "is_partial", "doubt"),
    [
        (None, True, False, None),
        (built("t", is_stored=True), False, False, None),
        (built("t", is_stored=True, fingerprint="other"), False, False, "mixed"),
        (None, False, False, "mixed"),
        (None, True, True, "partial"),
    ],
)
def test_what_a_build_leaves(
    previous: Built | None,
    is_whole: bool,  # noqa: FBT001 - a parameter of the test
    is_partial: bool,  # noqa: FBT001
    doubt: str | None,
) -> None:
    left = after_build(
        built("t", is_stored=True), previous, is_whole=is_whole, is_partial=is_partial
    )
    assert left.doubt == doubt
    assert (left.fingerprint is None) == (doubt is not None)


def test_inputs_of_unknown_origin_make_the_output_unknown() -> None:
    left = after_build(built("t", fingerprint=None), None, is_whole=True, is_partial=False)
    assert (left.doubt, left.is_stored) == ("inputs", False)
