from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.small_graphs import small_graph

from upriver.plan.catalog import Catalog
from upriver.plan.decide import Deferral
from upriver.plan.explain import as_json, summarise, summary_line
from upriver.plan.make import PlanRequest, make_plan
from upriver.plan.plan import Plan
from upriver.plan.preflight import preflight
from upriver.plan.select import Selection
from upriver.state.baseline import Baseline, Origin, Published
from upriver.state.defer import Policy

GRAPH = small_graph(
    {
        "source.p.raw.tickets": "",
        "model.p.stg": "source.p.raw.tickets",
        "model.p.eph": "model.p.stg",
        "model.p.int": "model.p.eph",
        "model.p.fct": "model.p.int model.p.stg",
        "model.p.new": "model.p.fct",
        "test.p.unique_int": "model.p.int",
        "test.p.rel": "model.p.int model.p.stg",
        "operation.p.p-on-run-end-0": "model.p.fct",
    },
    eph={"materialized": "ephemeral"},
    unique_int={"test_name": "unique"},
)


def published(*names: str) -> dict[str, Published]:
    return {
        f"model.p.{name}": Published(
            unique_id=f"model.p.{name}",
            kind="model",
            name=name,
            database="db",
            schema="prod",
            alias=name,
            relation_name=f'"db"."prod"."{name}"',
            materialized="table",
        )
        for name in names
    }


def plan(
    command: str,
    ids: str,
    *,
    exists: str = "",
    policy: Policy | None = None,
    matched: str = "",
    only: str | None = None,
) -> Plan:
    """Plan for `model.p.<id>` names; production has everything but `new`."""
    baseline = Baseline(
        origin=Origin(location="prod"),
        published=published("stg", "int", "fct"),
        comparables={},
        macros={},
    )
    full = frozenset(map(long, ids.split()))
    return make_plan(
        PlanRequest(
            command=command,
            graph=GRAPH,
            selection=Selection(ids=full, matched=full | {long(i) for i in matched.split()}),
            catalog=Catalog(listings={("db", "dev"): dict.fromkeys(exists.split(), "table")}),
            deferral=None
            if policy is None
            else Deferral(policy=policy, baseline=baseline, name="prod"),
            baseline_line="prod",
            only=None if only is None else frozenset(map(long, only.split())),
        )
    )


def long(name: str) -> str:
    return f"test.p.{name}" if name in ("unique_int", "rel") else f"model.p.{name}"


def reads(made: Plan, name: str) -> dict[str, str]:
    step = next(step for step in made.steps if step.unique_id == long(name))
    return {d.target.rpartition(".")[2]: d.place for d in step.inputs}


def test_without_deferral_everything_is_here() -> None:
    assert reads(plan("run", "stg int"), "int") == {"eph": "inlined", "stg": "built-here"}
    assert reads(plan("run", "int"), "int") == {"eph": "inlined", "stg": "here"}


@pytest.mark.parametrize(
    ("case", "command", "ids", "exists", "policy", "reader", "expected"),
    [
        ("E1", "run", "int", "", "exists", "int", {"eph": "inlined", "stg": "baseline"}),
        (
            "E3",
            "run",
            "fct",
            "stg int",
            "exists",
            "fct",
            {"int": "exists-here", "stg": "exists-here"},
        ),
        (
            "E4",
            "run",
            "fct",
            "stg int",
            "favor-state",
            "fct",
            {"int": "baseline", "stg": "baseline"},
        ),
        (
            "E5",
            "run",
            "int fct",
            "stg int",
            "favor-state",
            "fct",
            {"int": "built-here", "stg": "baseline"},
        ),
        ("E7", "compile", "stg int", "", "exists", "int", {"eph": "inlined", "stg": "baseline"}),
        (
            "E7f",
            "compile",
            "stg int",
            "",
            "favor-state",
            "int",
            {"eph": "inlined", "stg": "baseline"},
        ),
        ("E8", "run", "stg fct", "", "exists", "fct", {"int": "baseline", "stg": "built-here"}),
        ("E10", "test", "rel", "int", "exists", "rel", {"int": "exists-here", "stg": "baseline"}),
        (
            "E12",
            "build",
            "int rel",
            "",
            "favor-state",
            "rel",
            {"int": "built-here", "stg": "baseline"},
        ),
        ("new", "run", "new", "", "exists", "new", {"fct": "baseline"}),
    ],
)
def test_worked_examples(
    case: str,
    command: str,
    ids: str,
    exists: str,
    policy: Policy,
    reader: str,
    expected: dict[str, str],
) -> None:
    # deferral.md section 8
    assert reads(plan(command, ids, exists=exists, policy=policy), reader) == expected, case


def test_naming_a_model_under_test_selects_it() -> None:
    # D4: dbt would test production's relation here, although `int` was named.
    made = plan("test", "unique_int", exists="int", policy="favor-state", matched="int")
    assert reads(made, "unique_int") == {"int": "exists-here"}


def test_a_retry_sees_the_whole_selection() -> None:
    # D6: `int` was built by the run that is retried, so it is not taken from production.
    made = plan("run", "int fct", exists="int", policy="favor-state", only="fct")
    assert [step.unique_id for step in made.steps] == ["model.p.fct"]
    assert reads(made, "fct") == {"int": "exists-here", "stg": "baseline"}


def test_build_gates_children_with_tests() -> None:
    made = plan("build", "stg int fct unique_int rel")
    waits = {s.unique_id.rpartition(".")[2]: set(s.waits_for) for s in made.steps}
    assert waits["fct"] >= {"test.p.unique_int", "test.p.rel", "model.p.int"}
    assert waits["int"] == {"model.p.stg"}
    assert [s.unique_id for s in made.steps][-1] == "model.p.fct"


def test_run_does_not_wait_for_tests_and_looks_through_unselected_models() -> None:
    made = plan("run", "stg new")
    waits = {s.unique_id: s.waits_for for s in made.steps}
    assert waits["model.p.new"] == ("model.p.stg",)


def test_hooks_come_after_and_read_what_was_built() -> None:
    made = plan("run", "fct", policy="exists")
    assert [(s.action, s.inputs[0].place) for s in made.after] == [("hook", "built-here")]
    assert not plan("compile", "fct").after


def test_schemas_are_created_for_what_is_built_only() -> None:
    assert [s.schema for s in plan("run", "fct", policy="exists").schemas] == ["dev"]
    assert plan("compile", "fct").schemas == ()


def test_summary_and_json() -> None:
    made = plan("run", "fct", exists="stg", policy="exists")
    summary = summarise(made, GRAPH)
    assert (summary.references, summary.deferred, summary.exists_here) == (3, 1, 1)
    assert summary.not_built == 2
    line = summary_line(summary, made.policy)
    assert line is not None
    assert line.startswith("Deferred 1 of 3 references to prod")
    assert summary_line(summary, None) is None
    shown = as_json(made, GRAPH)
    assert shown["steps"][0]["inputs"][0]["why"]


def test_preflight_names_what_will_not_be_found() -> None:
    made = plan("run", "fct", policy="exists")
    catalog = Catalog(listings={("db", "dev"): {}, ("db", "prod"): {"stg": "view"}})
    problems = preflight(made, GRAPH, catalog)
    assert [(p.code, p.severity, p.unique_id) for p in problems] == [
        ("deferral-relation-missing", "error", "model.p.int")
    ]
    unknown = Catalog(listings={("db", "dev"): {}})
    assert preflight(made, GRAPH, unknown) == ()


NODES = [f"model.p.m{index}" for index in range(8)]


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, str]:
    lines: dict[str, str] = {}
    for index, node in enumerate(NODES):
        above = draw(st.lists(st.sampled_from(NODES[:index]), max_size=3)) if index else []
        lines[node] = " ".join(dict.fromkeys(above))
    for index in range(draw(st.integers(0, 4))):
        above = draw(st.lists(st.sampled_from(NODES), min_size=1, max_size=2))
        lines[f"test.p.t{index}"] = " ".join(dict.fromkeys(above))
    return lines


@given(lines=graphs(), data=st.data())
def test_order_respects_every_edge_and_every_gate(
    lines: dict[str, str], data: st.DataObject
) -> None:
    graph = small_graph(lines)
    ids = frozenset(data.draw(st.sets(st.sampled_from(sorted(lines)), min_size=1)))
    made = make_plan(
        PlanRequest(command="build", graph=graph, selection=Selection(ids=ids, matched=ids))
    )
    position = {step.unique_id: at for at, step in enumerate(made.steps)}
    above = {i: _ancestors(lines, i) for i in lines}
    waited = _closure({s.unique_id: set(s.waits_for) for s in made.steps})
    for node in ids:
        for other in above[node] & ids:
            assert position[other] < position[node]
            assert other in waited[node]
        if node.startswith("model"):
            # SEL-38, by its definition.
            gates = {
                t for t in ids if t.startswith("test") and set(lines[t].split()) <= above[node]
            }
            assert gates <= waited[node]
            assert {w for w in waited[node] if w.startswith("test")} == gates


def _ancestors(lines: dict[str, str], node: str) -> set[str]:
    found: set[str] = set()
    front = set(lines[node].split())
    while front:
        found |= front
        front = {p for i in front for p in lines[i].split()} - found
    return found


def _closure(waits: dict[str, set[str]]) -> dict[str, set[str]]:
    closed: dict[str, set[str]] = {}
    for node, first in waits.items():
        found: set[str] = set()
        front = set(first)
        while front:
            found |= front
            front = {p for i in front for p in waits[i]} - found
        closed[node] = found
    return closed
