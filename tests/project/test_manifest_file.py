"""Replacing pieces of a manifest gives what writing it anew gives."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.project.test_memory import EDITS, make, settle_stamps, write

from upriver.project.open import Project, open_project
from upriver.project.option_groups import Selecting
from upriver.project.requests import Compile, Parse


def opened(root: Path, target: str) -> Project:
    return open_project(root, env={}, profiles_dir=str(root), target_path=target, write_json=True)


def manifest(root: Path, target: str) -> dict[str, Any]:
    """Read a manifest without what differs from one writing to the next."""
    whole = json.loads((root / target / "manifest.json").read_bytes())
    del whole["metadata"]
    for section in whole.values():
        if isinstance(section, dict):
            for value in section.values():
                if isinstance(value, dict):
                    value.pop("created_at", None)
                    for key in ("build_path", "compiled_path"):
                        value.pop(key, None)
    return whole


def compiled(name: str) -> Compile:
    return Compile(selecting=Selecting(select=(name,)))


@pytest.mark.parametrize("edit", ["body of a", "a reads the seed", "test edited"])
def test_an_edited_manifest_equals_a_new_one(tmp_path: Path, edit: str) -> None:
    make(tmp_path)
    settle_stamps(tmp_path)
    project = opened(tmp_path, "target")
    assert project.perform(Parse()).is_success
    inode = (tmp_path / "target" / "manifest.json").stat().st_ino
    assert project.perform(compiled("b")).is_success
    write(tmp_path, *EDITS[edit])
    settle_stamps(tmp_path)
    assert project.perform(compiled("c")).is_success
    assert (tmp_path / "target" / "manifest.json").stat().st_ino != inode
    fresh = opened(tmp_path, "fresh")
    assert fresh.perform(compiled("c")).is_success
    assert manifest(tmp_path, "target") == manifest(tmp_path, "fresh")


def test_what_was_compiled_before_is_plain_again(tmp_path: Path) -> None:
    make(tmp_path)
    settle_stamps(tmp_path)
    project = opened(tmp_path, "target")
    for name in ("b", "c", "b"):
        assert project.perform(compiled(name)).is_success
    nodes = manifest(tmp_path, "target")["nodes"]
    assert "compiled_code" in nodes["model.p.b"]
    assert "compiled_code" not in nodes["model.p.c"]


def test_a_manifest_changed_by_others_is_written_anew(tmp_path: Path) -> None:
    make(tmp_path)
    settle_stamps(tmp_path)
    project = opened(tmp_path, "target")
    assert project.perform(Parse()).is_success
    (tmp_path / "target" / "manifest.json").write_text("{}")
    assert project.perform(Parse()).is_success
    assert manifest(tmp_path, "target")["nodes"]


def test_a_graph_that_is_not_remembered_is_written_whole(tmp_path: Path) -> None:
    make(tmp_path)
    settle_stamps(tmp_path)
    project = opened(tmp_path, "target")
    assert project.perform(Parse()).is_success
    # What a description asks of the invocation has no stable answer.
    text = "models: [{name: c, description: '{{ invocation_id is defined }}'}]"
    write(tmp_path, "models/asks.yml", text)
    write(tmp_path, "models/d.sql", "select 1 as id")
    settle_stamps(tmp_path)
    assert project.perform(Parse()).is_success
    nodes = manifest(tmp_path, "target")["nodes"]
    assert "model.p.d" in nodes
    assert nodes["model.p.c"]["description"] == "True"
