"""Quoting follows the side that owns a relation (defect D18)."""

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upriver.resources.dialect import Dialect, render_name
from upriver.resources.nodes import Source
from upriver.resources.relation import Quoting, RelationName
from upriver.run.relations import quoting_of, source_relation

DIALECT = Dialect(type="duckdb")
NAME = RelationName(database="db", schema="prod", identifier="a")
quotings = st.builds(
    Quoting, database=st.booleans(), schema=st.booleans(), identifier=st.booleans()
)


@given(quotings, quotings)
def test_a_name_renders_as_its_owner_rendered_it(owner, usual):
    rendered = render_name(DIALECT, NAME, owner)
    found = quoting_of(DIALECT, NAME, rendered, usual)
    assert render_name(DIALECT, NAME, found) == rendered


def test_what_quoting_cannot_explain_is_rendered_as_usual():
    assert quoting_of(DIALECT, NAME, "somewhere.else", Quoting()) == Quoting()


@pytest.mark.parametrize(
    ("own", "rendered"), [({}, '"db"."raw"."t"'), ({"identifier": False}, '"db"."raw".t')]
)
def test_a_source_is_read_under_its_own_quoting_and_not_the_projects(
    own: dict[str, Any], rendered: str
) -> None:
    source = Source(
        unique_id="source.p.s.t", name="t", source_name="s", package="p", path="p.yml",
        original_file_path="p.yml", fqn=("p", "s", "t"), database="db", schema="raw",
        identifier="t", relation_name='"db".raw.t', quoting=own,
    )  # fmt: skip
    world: Any = SimpleNamespace(dialect=DIALECT, quoting=Quoting(schema=False, identifier=False))
    assert source_relation(world, source).render() == rendered


@pytest.mark.parametrize(
    ("dialect", "rendered"),
    [
        (Dialect(type="duckdb", has_external_sources=True), "read_csv('t.csv')"),
        (Dialect(type="postgres"), '"db"."raw"."t"'),
    ],
)
def test_a_source_may_stand_for_files(dialect: Dialect, rendered: str) -> None:
    source = Source(
        unique_id="source.p.s.t", name="t", source_name="s", package="p", path="p.yml",
        original_file_path="p.yml", fqn=("p", "s", "t"), database="db", schema="raw",
        identifier="t", relation_name="read_csv('t.csv')",
    )  # fmt: skip
    world: Any = SimpleNamespace(dialect=dialect, quoting=Quoting())
    assert source_relation(world, source).render() == rendered
