"""Which rule denies what."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.small_graphs import small_graph

from upriver.graph.graph import Graph
from upriver.resources.nodes import Column
from upriver.resources.relation import RelationName
from upriver.state.baseline import Published
from upriver.state.rules.denial import Denials, Guarded
from upriver.workspace.upriver_file.rules import DenyRule

PATIENTS = "model.p.patients"


def graph() -> Graph:
    found = small_graph(
        {PATIENTS: "source.p.raw.people", "source.p.raw.people": "", "model.p.plain": ""},
        patients={"tags": ("phi", "core"), "config": {"meta": {"contains": "phi", "rank": 2}}},
    )
    columns = {
        "name": Column(name="name", tags=("pii",), meta={"class": ["a", "b"]}),
        "id": Column(name="id"),
    }
    patients = msgspec.structs.replace(found.resources[PATIENTS], columns=columns)
    resources = {**found.resources, PATIENTS: patients}
    return msgspec.structs.replace(found, resources=resources)


def published(unique_id: str = PATIENTS, schema: str = "prod") -> Published:
    name = unique_id.rpartition(".")[2]
    return Published(
        unique_id=unique_id, kind="model", name=name, database="db", schema=schema, alias=name,
        relation_name=f"db.{schema}.{name}", materialized="table",
    )  # fmt: skip


def denials(*rules: DenyRule, named: frozenset[str] = frozenset()) -> Denials:
    def render(name: RelationName) -> str:
        return f"{name.database}.{name.schema}.{name.identifier}"

    return Denials(rules, graph(), tuple(named if rule.select else frozenset() for rule in rules),
                   render)  # fmt: skip


@pytest.mark.parametrize(
    ("says", "is_denied"),
    [
        ({"tag": ("phi",)}, True),
        ({"tag": ("ph*",)}, True),
        ({"tag": ("other",)}, False),
        ({"schema": ("PROD",)}, True),
        ({"schema": ("prod_*",)}, False),
        ({"database": ("d?",), "schema": ("prod",)}, True),
        ({"database": ("other",), "schema": ("prod",)}, False),
        ({"meta": {"contains": "phi"}}, True),
        ({"meta": {"contains": ["pii", "phi"]}}, True),
        ({"meta": {"rank": "2"}}, True),
        ({"meta": {"contains": "phi", "rank": 3}}, False),
        ({"meta": {"unsaid": None}}, False),
        ({"column_tag": ("pii",)}, True),
        ({"column_meta": {"class": "b"}}, True),
        ({"column_tag": ("pii",), "column_meta": {"class": "c"}}, False),
        ({"select": ("x",)}, True),
        ({"select": ("x",), "tag": ("other",)}, False),
    ],
)
def test_everything_that_a_rule_says_must_hold(says: dict[str, Any], is_denied: bool) -> None:  # noqa: FBT001
    found = denials(DenyRule(name="r", **says), named=frozenset({PATIENTS}))
    assert (found.of_published(published()) is not None) is is_denied
    assert found.of_published(published("model.p.plain")) is None or "tag" not in says


def test_the_targets_own_place_is_no_other_environment() -> None:
    rule = DenyRule(name="r", tag=("phi",))
    assert denials(rule).of_published(published(schema="DEV")) is None


def test_sources_only_where_they_are_meant() -> None:
    source = "source.p.raw.people"
    by_schema = DenyRule(name="r", schema=("raw",))
    assert denials(by_schema).of_source(source) is None
    assert denials(msgspec.structs.replace(by_schema, has_sources=True)).of_source(source)
    selected = DenyRule(name="r", select=("source:raw",))
    assert denials(selected, named=frozenset({source})).of_source(source)


def test_the_first_rule_holds_and_may_mask() -> None:
    mask = DenyRule(name="mask", tag=("core",), use="{schema}_masked.{identifier}_m")
    deny = DenyRule(name="deny", tag=("phi",))
    through = denials(mask, deny).let_through(published())
    assert isinstance(through, Published)
    assert (through.database, through.schema, through.alias) == ("db", "prod_masked", "patients_m")
    assert through.relation_name == "db.prod_masked.patients_m"
    assert denials(deny, mask).let_through(published()) == deny
    plain = published("model.p.plain")
    assert denials(deny, mask).let_through(plain) == plain


def test_counterparts_are_guarded() -> None:
    both = {PATIENTS: published(), "model.p.plain": published("model.p.plain")}
    guarded = Guarded(both, denials(DenyRule(name="deny", tag=("phi",))))
    assert set(guarded) == {"model.p.plain"}
    assert (guarded.get(PATIENTS), len(guarded)) == (None, 1)
