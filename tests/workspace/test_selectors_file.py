"""Reading `selectors.yml` (SEL-65, SEL-71)."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.workspace.project_directory import codes, open_at, opened, write_project


def test_definitions_are_rendered_and_kept_as_written(tmp_path: Path) -> None:
    text = """
selectors:
  - name: nightly
    description: d
    default: "{{ (target.name == 'dev') | as_bool }}"
    definition: &nightly {union: [{method: tag, value: "{{ var('t') }}"}]}
  - {name: again, definition: *nightly}
"""
    workspace = opened(write_project(tmp_path, {"selectors.yml": text}), vars={"t": "night"})
    definition = {"union": [{"method": "tag", "value": "night"}]}
    assert workspace.selectors["nightly"]["default"] is True
    assert workspace.selectors["nightly"]["definition"] == definition
    assert workspace.selectors["again"] == {"name": "again", "definition": definition}


@pytest.mark.parametrize(
    "text",
    [
        "[a]",
        "selectors: {a: b}",
        "selectors: [a]",
        "selectors: [{definition: x}]",
        "selectors: [{name: a}]",
        "selectors: [{name: a, definition: x}, {name: a, definition: y}]",
        "selectors: [{name: a, definition: x, defult: true}]",
        "selectors: [{name: a, definition: x, default: soon}]",
    ],
)
def test_mistakes(tmp_path: Path, text: str) -> None:
    _, problems = open_at(write_project(tmp_path, {"selectors.yml": text}))
    assert codes(problems) == ["selectors-file-invalid"]
