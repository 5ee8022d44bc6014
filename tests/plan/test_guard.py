"""A deferring run is stopped where it would write over what it defers to."""

from __future__ import annotations

import pytest
from tests.small_graphs import small_graph

from upriver.plan.decide import Deferral
from upriver.plan.guard import overwritten
from upriver.plan.plan import Action, Plan, Step
from upriver.state.baseline import Baseline, Origin, Published

GRAPH = small_graph({"model.p.a": "", "model.p.b": "model.p.a", "model.p.c": "model.p.b"})


def deferral(schemas: str, target_name: str | None) -> Deferral:
    """Production's schema of `a`, `b` and `c`; the graph's own is `dev`."""
    published = {
        f"model.p.{name}": Published(
            unique_id=f"model.p.{name}",
            kind="model",
            name=name,
            database="DB",
            schema=schema,
            alias=name,
            relation_name=None,
            materialized="table",
        )
        for name, schema in zip("abc", schemas.split(), strict=True)
    }
    origin = Origin(location="prod", target_name=target_name)
    baseline = Baseline(origin=origin, published=published, comparables={}, macros={})
    return Deferral(policy="exists", baseline=baseline, name="prod")


@pytest.mark.parametrize(
    ("schemas", "target_name", "refused"),
    [
        ("prod prod prod", "prod", ""),
        ("prod prod dev", "prod", "c"),
        ("prod prod dev", None, "c"),
        ("prod dev dev", "dev", ""),
        ("prod dev dev", None, ""),
        ("dev dev dev", None, ""),
        ("dev dev dev", "dev", ""),
        ("dev dev dev", "prod", "b c"),
        ("prod prod DEV", "dev", "c"),
    ],
)
def test_only_another_environment_is_protected(
    schemas: str, target_name: str | None, refused: str
) -> None:
    steps = tuple(Step(unique_id=f"model.p.{name}", action="run") for name in "bc")
    plan = Plan(command="run", steps=steps, selected=())
    problems = overwritten(plan, GRAPH, deferral(schemas, target_name), "dev")
    assert [p.unique_id for p in problems] == [f"model.p.{name}" for name in refused.split()]
    assert {p.code for p in problems} <= {"deferral-overwrites-state"}


@pytest.mark.parametrize("action", ["test", "compile", "show", "clone", "hook"])
def test_what_only_reads_is_not_refused(action: Action) -> None:
    plan = Plan(command="test", steps=(Step(unique_id="model.p.c", action=action),), selected=())
    assert overwritten(plan, GRAPH, deferral("prod prod dev", None), "dev") == ()
