"""Definitions sorted by kind, and the order they are drafted in."""

from __future__ import annotations

from tests.graph.linked_project import link_inputs

from upriver.graph.drafts import Scope
from upriver.graph.kinds.definitions import Pieces, draft_all

TEXTS = {
    "models/p.yml": """
models: [{name: m, columns: [{name: id, data_tests: [unique]}]}]
sources: [{name: s, tables: [{name: t, columns: [{name: id, data_tests: [unique]}]}]}]
exposures: [{name: e, type: ml, owner: {name: n}}]
unit_tests: [{name: u, model: m, given: [], expect: {rows: []}}]
macros: [{name: x}]
""",
    "tests/fixtures/f.csv": "a",
    "seeds/sd.csv": "a",
    "models/m.sql": "select 1",
    "models/off.sql": "{{ config(enabled=false) }}",
}


def test_pieces_are_sorted_by_what_they_are() -> None:
    pieces = Pieces(link_inputs(TEXTS).files)
    assert [one.name for one in pieces.sql] == ["m", "off"]
    assert [one.name for one in pieces.seeds] == ["sd"]
    assert [patch.name for patch, _ in pieces.patches] == ["m"]
    assert [one.name for one in pieces.macro_patches] == ["x"]
    assert [one.name for one in pieces.fixtures] == ["f"]
    assert sorted(pieces.yaml) == ["exposure", "unit_test"]


def test_nodes_come_first_and_unit_tests_last() -> None:
    inputs = link_inputs(TEXTS)
    drafts = draft_all(Scope(inputs, (), {}), Pieces(inputs.files))
    assert [draft.kind for draft in drafts] == [
        "model", "model", "seed", "test", "source", "test", "exposure", "unit_test",
    ]  # fmt: skip
    assert [draft.name for draft in drafts if not draft.is_enabled] == ["off"]
