"""Quoting follows the side that owns a relation (defect D18)."""

from hypothesis import given
from hypothesis import strategies as st

from upriver.resources.dialect import Dialect, render_name
from upriver.resources.relation import Quoting, RelationName
from upriver.run.relations import quoting_of

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
