"""What property files say of macros (PROJ-154)."""

from __future__ import annotations

import pytest
from tests.parse.yaml_world import codes, parse_yaml

from upriver.resources.definitions import MacroPatch
from upriver.resources.macro import MacroArgument


def test_a_macro_patch() -> None:
    parsed = parse_yaml("""
macros:
  - name: m
    description: "{{ doc('x') }}"
    meta: {a: 1}
    docs: {show: false}
    config: {meta: {b: 1}}
    arguments: [{name: x, type: string, description: "{{ zork }}"}, {name: y}]
""")
    assert codes(parsed) == []
    [patch] = parsed.definitions
    assert isinstance(patch, MacroPatch)
    assert patch.arguments == (
        MacroArgument(name="x", type="string", description="{{ zork }}"),
        MacroArgument(name="y"),
    )
    assert (patch.meta, patch.docs, patch.config) == (
        {"a": 1}, {"show": False}, {"meta": {"b": 1}},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ("arguments: [{type: x}]", "property-without-name"),
        ("arguments: {a: b}", "property-type"),
        ("arguments: [{name: a, type: 5}]", "property-type"),
    ],
)
def test_mistakes(entry: str, code: str) -> None:
    assert codes(parse_yaml(f"macros:\n- name: m\n  {entry}\n")) == [code]
