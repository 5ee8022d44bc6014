"""What a manifest marks, for selectors and rules."""

from __future__ import annotations

import json

from upriver.state.rules.marked import decode_marked, encode_marked, read_marked

NODE = {
    "resource_type": "model", "name": "a", "package_name": "p", "fqn": ["p", "a"], "tags": ["x"],
    "config": {"materialized": "table", "tags": ["y"], "meta": {"k": 1}}, "meta": {"k": 1},
    "columns": {
        "c": {"name": "c", "config": {"tags": ["pii"], "meta": {"m": 1}}, "tags": []},
        "d": {"name": "d", "description": "nothing"},
    },
    "database": "w", "schema": "s", "alias": "a_v", "depends_on": {"nodes": ["model.p.z", "lost"]},
}  # fmt: skip


def test_entries_edges_and_marks() -> None:
    other = {"name": "z", "columns": [{"name": "q", "tags": "one"}]}
    nodes = {"model.p.a": NODE, "model.p.z": other}
    found = read_marked(json.dumps({"metadata": {"project_name": "p"}, "nodes": nodes}).encode())
    assert found is not None
    assert found.parents["model.p.a"] == ("model.p.z",)
    assert found.children["model.p.z"] == ("model.p.a",)
    entry, body = found.entries["model.p.a"], found.resources["model.p.a"]
    assert (entry.tags, entry.materialized) == (("x", "y"), "table")
    assert entry.relation is not None
    assert entry.relation.identifier == "a_v"
    assert list(body.columns) == ["c"]  # type: ignore[union-attr]
    assert body.columns["c"].tags == ("pii",)  # type: ignore[union-attr]
    assert found.resources["model.p.z"].columns["q"].tags == ("one",)  # type: ignore[union-attr]
    again = decode_marked(encode_marked(found))
    assert again is not None
    assert (again.entries, again.parents) == (found.entries, found.parents)
    assert again.resources == found.resources


def test_what_cannot_be_read_marks_nothing() -> None:
    assert read_marked(b"[]") is None
    assert read_marked(b'{"nodes": {"a": {"config": "no"}}}') is None
    assert decode_marked(b"\xc1") is None
