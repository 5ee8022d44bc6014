"""Relations (JINJA-117..124); expected values are what dbt gives."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from tests.jinja.contexts import ADAPTERS

from upriver.jinja.errors import CompilationError
from upriver.jinja.relation import (
    EventTimeFilter,
    Relation,
    RelationType,
    ephemeral_relation,
    listed_relation,
    name_of,
)
from upriver.jinja.relation_factory import RelationFactory
from upriver.resources.answers import ListedRelation
from upriver.resources.relation import Quoting, RelationName

DUCKDB = ADAPTERS["duckdb"].dialect
POSTGRES = ADAPTERS["postgres"].dialect
ON_DUCKDB = RelationFactory(DUCKDB, Quoting())
ON_POSTGRES = RelationFactory(POSTGRES, Quoting())
R = ON_POSTGRES.create("D", "S", "i", "table")
START = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
BETWEEN = "ts >= '2020-01-01 00:00:00+00:00' and ts < '2020-01-02 03:04:05'"
END = datetime.datetime(2020, 1, 2, 3, 4, 5)  # noqa: DTZ001 - windows may be naive


@pytest.mark.parametrize(
    ("relation", "text"),
    [
        (R, '"D"."S"."i"'),
        (R.include(database=False), '"S"."i"'),
        (R.include(database=None), '"D"."S"."i"'),
        (R.quote(identifier=False), '"D"."S".i'),
        (R.incorporate(path={"identifier": "x"}), '"D"."S"."x"'),
        (R.incorporate(quote_policy={"identifier": False}), '"D"."S".i'),
        (R.replace_path(identifier="zz"), '"D"."S"."zz"'),
        (R.without_identifier(), '"D"."S"'),
        (R.information_schema("columns"), '"D".INFORMATION_SCHEMA.columns'),
        (R.information_schema_only(), '"D".INFORMATION_SCHEMA'),
        (R.information_schema("T").include(database=False), "INFORMATION_SCHEMA.T"),
        (ON_POSTGRES.create(schema="S", identifier="i"), '"S"."i"'),
        (ON_POSTGRES.create(), ""),
        (ON_POSTGRES.create("D", "S", "i", quote_policy={"schema": False}), '"D".S."i"'),
        (ON_POSTGRES.create("D", "S", "i", include_policy={"schema": False}), '"D"."i"'),
        (ephemeral_relation(DUCKDB, "a"), "__dbt__cte__a"),
        (ON_DUCKDB.create_ephemeral_from({"name": "a"}), "__dbt__cte__a"),
        (
            ON_DUCKDB.create_from(
                None, {"database": "d", "schema": "s", "alias": "b", "name": "a"}
            ),
            '"d"."s"."b"',
        ),
        (ON_DUCKDB.create(identifier="x", external="read_csv('a.csv')"), "read_csv('a.csv')"),
    ],
)
def test_rendering(relation: Relation, text: str) -> None:
    assert (str(relation), relation.render()) == (text, text)


@pytest.mark.parametrize(
    ("options", "on_postgres", "on_duckdb"),
    [
        ({"limit": 0}, "(select * from X where false limit 0) _dbt_limit_subq_i",
         "(select * from X where false limit 0)"),
        ({"limit": 5}, "(select * from X limit 5) _dbt_limit_subq_i", "(select * from X limit 5)"),
        ({"event_time_filter": EventTimeFilter(field_name="ts", start=START, end=END)},
         (f"(select * from X where {BETWEEN})"
         " _dbt_et_filter_subq_i"),
         f"(select * from X where {BETWEEN})"),
        ({"event_time_filter": EventTimeFilter(field_name="ts")}, "X", "X"),
        ({"limit": 0, "event_time_filter": EventTimeFilter(field_name="ts", end=END)},
         ("(select * from (select * from X where false limit 0) _dbt_limit_subq_i"
         " where ts < '2020-01-02 03:04:05') _dbt_et_filter_subq_i"),
         "(select * from (select * from X where false limit 0) where ts < '2020-01-02 03:04:05')"),
    ],
)  # fmt: skip
def test_limits_and_windows_render_as_subqueries(
    options: dict[str, Any], on_postgres: str, on_duckdb: str
) -> None:
    name = '"D"."S"."i"'
    for factory, expected in ((ON_POSTGRES, on_postgres), (ON_DUCKDB, on_duckdb)):
        relation = factory.create("D", "S", "i", **options)
        assert str(relation).replace(name, "X") == expected
        assert relation.render() == name


def test_equality_has_regard_to_type_and_hash_to_the_name() -> None:
    assert ON_POSTGRES.create("D", "S", "i", type="table") == R
    assert ON_POSTGRES.create("D", "S", "i") != R
    assert R.incorporate(limit=5) != R
    assert hash(R) == hash(R.incorporate(type="view"))
    assert {R: 1}[ON_POSTGRES.create("D", "S", "i", type="table")] == 1
    assert R != "text"


def test_attributes() -> None:
    assert (R.type, R["schema"], R.get("identifier"), R.get("no", 1)) == ("table", "S", "i", 1)
    assert (R.name, R.table, R.path.identifier) == ("i", "i", "i")
    assert (R.quote_policy["schema"], R.quote_policy.get("schema")) == (True, True)
    assert R.get("metadata") == {"type": "Relation"}
    assert (R.is_table, R.is_view, R.incorporate(type="view").is_view) == (True, False, True)
    assert (R.can_be_renamed, ON_DUCKDB.create(type="table").can_be_renamed) == (True, False)
    assert ON_DUCKDB.get_relation_type("view") is RelationType.View
    assert ON_DUCKDB.MaterializedView == "materialized_view"
    assert R.quoted("a") == '"a"'
    assert R.to_dict(omit_none=True)["path"] == {"database": "D", "schema": "S", "identifier": "i"}
    assert name_of(R) == RelationName(database="D", schema="S", identifier="i")
    with pytest.raises(KeyError):
        R["no"]


@pytest.mark.parametrize("use", [iter, len, lambda r: r.items(), lambda r: r.keys()])
def test_a_relation_is_no_mapping(use: Any) -> None:
    with pytest.raises(CompilationError, match="used as a mapping"):
        use(R)


def test_matching() -> None:
    assert R.matches(database="D", schema="S")
    assert not R.matches(identifier="j")
    with pytest.raises(CompilationError) as caught:
        R.matches("d", "s", "i")
    assert caught.value.code == "relation-approximate-match"
    with pytest.raises(CompilationError):
        R.matches()


def test_what_is_refused() -> None:
    with pytest.raises(CompilationError, match="no type of relation"):
        ON_DUCKDB.create(identifier="x", type="bogus")
    with pytest.raises(CompilationError) as caught:
        ON_POSTGRES.create(identifier="x" * 64, type="table")
    assert caught.value.code == "relation-name-too-long"
    assert ON_POSTGRES.create(identifier="x" * 64).identifier == "x" * 64


def test_a_listed_relation_is_quoted_in_full() -> None:
    name = RelationName(database="d", schema="s", identifier="I")
    found = listed_relation(DUCKDB, ListedRelation(name=name, type="view"))
    assert (str(found), found.is_view) == ('"d"."s"."I"', True)
