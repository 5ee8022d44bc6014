"""States are read for what rules go by."""

from __future__ import annotations

from pathlib import Path

import pytest

from upriver.problems import ProblemsError
from upriver.project.deferring.marked_states import marked_graph
from upriver.project.store import Store


def test_a_state_is_read_once(tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.json"
    manifest.write_text('{"nodes": {"model.p.a": {"tags": ["x"]}}}')
    store = Store(str(tmp_path / "store"))
    for _ in "ab":
        assert marked_graph(store, str(manifest)).entries["model.p.a"].tags == ("x",)
    assert len(list(store.items("marked"))) == 1


@pytest.mark.parametrize("text", [None, "{", '{"nodes": {"model.p.a": {"config": "no"}}}'])
def test_a_damaged_state_lifts_no_rule(tmp_path: Path, text: str | None) -> None:
    manifest = tmp_path / "manifest.json"
    if text is not None:
        manifest.write_text(text)
    with pytest.raises(ProblemsError) as raised:
        marked_graph(Store(None), str(manifest))
    assert raised.value.problems[0].code == "deferral-rules-unread"
