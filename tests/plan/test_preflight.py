"""Names in texts, before anything is sent."""

from __future__ import annotations

import msgspec
from tests.small_graphs import small_graph

from upriver.plan.plan import Decision, Plan, Step
from upriver.plan.preflight import written_reads
from upriver.resources.relation import RelationName
from upriver.state.rules.denial import Denials
from upriver.workspace.upriver_file.rules import DenyRule

TEXTS = {"a": "select 1\nfrom prod.x", "b": "select * from prod.y", "c": "select * from prod.z"}


def test_each_text_is_looked_at_once_with_its_line() -> None:
    graph = small_graph({f"model.p.{name}": "" for name in TEXTS})
    resources = {
        unique_id: msgspec.structs.replace(node, raw_code=TEXTS[node.name], line=3)  # type: ignore[type-var]
        for unique_id, node in graph.resources.items()
    }
    graph = msgspec.structs.replace(graph, resources=resources)
    rule = DenyRule(name="place", schema=("prod",))
    denials = Denials((rule,), graph, (frozenset(),), str)
    inlined = Decision(target="model.p.b", place="inlined", reason="ephemeral",
                       relation=None, relation_name=None)  # fmt: skip
    steps = tuple(
        Step(unique_id=f"model.p.{name}", action=action, inputs=(inlined,))
        for name, action in (("a", "run"), ("c", "clone"), ("a", "test"))
    )
    plan = Plan(command="run", steps=steps, selected=())
    found = written_reads(plan, graph, denials)
    assert [(one.unique_id, one.span and one.span.line) for one in found] == [
        ("model.p.a", 4),
        ("model.p.b", 3),
    ]
    assert denials.of_written(RelationName(database="db", schema="dev", identifier="q")) is None
