"""References are look-ups in what was decided."""

import pytest

from upriver.graph.graph import Entry
from upriver.jinja.errors import CompilationError
from upriver.plan.plan import Decision
from upriver.resources.calls import RefCall, SourceCall
from upriver.resources.relation import RelationName
from upriver.run.resolve import InputResolver, LocalDecisions


def entry(unique_id, **more):
    kind, package, *names = unique_id.split(".")
    if kind == "source":
        more["source_name"] = names[0]
    fields = {"name": names[-1] if kind == "source" else names[0], **more}
    return Entry(
        unique_id=unique_id, kind=kind, package=package, fqn=(package, *names), **fields,
        relation=RelationName(database="db", schema="dev", identifier=names[-1]),
    )  # fmt: skip


ENTRIES = {
    e.unique_id: e
    for e in (
        entry("model.p.a"),
        entry("model.q.a"),
        entry("model.q.only"),
        entry("model.p.dim.v1", version=1, latest_version=2),
        entry("model.p.dim.v2", version=2, latest_version=2),
        entry("source.p.raw.t"),
        entry("model.p.hidden"),
    )
}
INPUTS = [unique_id for unique_id in ENTRIES if unique_id != "model.p.hidden"]


def resolver(package="p", inputs=INPUTS):
    decisions = LocalDecisions(ENTRIES, inputs, ())
    return InputResolver(package, "reader", decisions, ENTRIES, lambda d: d.target, root="p")


@pytest.mark.parametrize(
    ("package", "call", "expected"),
    [
        ("p", RefCall(name="a"), "model.p.a"),
        ("q", RefCall(name="a"), "model.q.a"),
        ("x", RefCall(name="a"), "model.p.a"),
        ("p", RefCall(name="a", package="q"), "model.q.a"),
        ("p", RefCall(name="only"), "model.q.only"),
        ("p", RefCall(name="dim"), "model.p.dim.v2"),
        ("p", RefCall(name="dim", version=1), "model.p.dim.v1"),
        ("p", RefCall(name="dim", version="2"), "model.p.dim.v2"),
    ],
)
def test_refs(package, call, expected):
    assert resolver(package).ref(call) == expected


def test_sources():
    assert resolver().source(SourceCall(source="raw", table="t")) == "source.p.raw.t"


def test_a_source_is_read_though_no_input():
    call = SourceCall(source="raw", table="t")
    assert resolver(inputs=[]).source(call) == "source.p.raw.t"


@pytest.mark.parametrize(
    ("call", "code", "hint"),
    [
        (RefCall(name="hidden"), "ref-not-declared", "-- depends_on: {{ ref('hidden') }}"),
        (RefCall(name="onyl"), "ref-not-found", "only"),
        (RefCall(name="a", package="zz"), "ref-not-found", None),
    ],
)
def test_refs_that_lead_nowhere(call, code, hint):
    with pytest.raises(CompilationError) as caught:
        resolver().ref(call)
    assert caught.value.code == code
    if hint is not None:
        assert hint in caught.value.hint


def test_a_source_that_leads_nowhere():
    with pytest.raises(CompilationError) as caught:
        resolver().source(SourceCall(source="raw", table="u"))
    assert caught.value.code == "source-not-found"


def test_local_decisions_prefer_what_the_plan_decided():
    decided = Decision(target="model.p.a", place="baseline", reason="favoured", relation=None)
    decisions = LocalDecisions(ENTRIES, ["model.p.a", "model.q.a", "gone"], (decided,))
    assert decisions["model.p.a"] is decided
    assert decisions["model.q.a"].place == "here"
    assert list(decisions) == ["model.p.a", "model.q.a"]
    assert len(decisions) == 2
