"""Statements that name what a rule denies."""

from __future__ import annotations

import pytest
from tests.small_graphs import small_graph

from upriver.jinja.errors import CompilationError
from upriver.state.rules.denial import Denials
from upriver.state.rules.statements import written_guard
from upriver.workspace.upriver_file.rules import DenyRule

GRAPH = small_graph({"model.p.a": ""})


def test_only_without_rules_nothing_is_looked_at() -> None:
    assert written_guard(None, None) is None


@pytest.mark.parametrize("written", ["deny", "warn"])
def test_a_statement_is_refused_where_the_rule_denies(written: str) -> None:
    rule = DenyRule(name="place", schema=("prod",), written=written)
    guard = written_guard(Denials((rule,), GRAPH, (frozenset(),), str), None)
    assert guard is not None
    guard("select * from db.dev.a join dev.other on true")
    if written == "warn":
        guard("select * from prod.x")
        return
    with pytest.raises(CompilationError) as raised:
        guard("select * from prod.x")
    assert raised.value.code == "deferral-denied"
