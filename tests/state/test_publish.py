"""Artifacts appear whole or not at all (invariant 11)."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from upriver.state.publish import write_atomically


def test_a_file_is_written_with_its_directories(tmp_path):
    path = tmp_path / "a" / "b" / "manifest.json"
    write_atomically(str(path), b"one")
    write_atomically(str(path), b"two")
    assert path.read_bytes() == b"two"
    assert [item.name for item in path.parent.iterdir()] == ["manifest.json"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "manifest.json"
    path.write_bytes(b"old")

    def refuse(_self, _target):
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OSError, match="disk full"):
        write_atomically(str(path), b"new")
    assert path.read_bytes() == b"old"
    assert [item.name for item in tmp_path.iterdir()] == ["manifest.json"]
