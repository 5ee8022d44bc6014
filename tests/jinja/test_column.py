"""Columns (JINJA-125); expected values are what dbt's DuckDB and PostgreSQL adapters give."""

from __future__ import annotations

import pytest
from tests.jinja.contexts import ADAPTERS

from upriver.jinja.column import ColumnFactory
from upriver.jinja.errors import CompilationError
from upriver.resources.answers import ColumnType

DUCKDB = ColumnFactory(ADAPTERS["duckdb"].dialect)
POSTGRES = ColumnFactory(ADAPTERS["postgres"].dialect)


@pytest.mark.parametrize(
    ("dtype", "size", "on_postgres", "on_duckdb"),
    [
        ("text", None, "text", "character varying(256)"),
        ("text", 5, "text", "character varying(256)"),
        ("varchar", None, "character varying(256)", "character varying(256)"),
        ("VARCHAR", 10, "character varying(10)", "character varying(10)"),
        ("character varying", None, "character varying", "character varying(256)"),
        ("character", 3, "character varying(3)", "character varying(3)"),
        ("bigint", None, "bigint", "bigint"),
        ("STRUCT(a INTEGER)", None, "STRUCT(a INTEGER)", "STRUCT(a INTEGER)"),
    ],
)
def test_data_type(dtype: str, size: int | None, on_postgres: str, on_duckdb: str) -> None:
    assert POSTGRES("a", dtype, size).data_type == on_postgres
    assert DUCKDB("a", dtype, size).data_type == on_duckdb


@pytest.mark.parametrize(
    ("dtype", "on_postgres", "on_duckdb"),
    [
        ("double precision", "float", ""),
        ("double", "float", "float"),
        ("FLOAT", "float", "float"),
        ("decimal", "numeric", "numeric"),
        ("int", "", "integer"),
        ("integer", "integer", "integer"),
        ("serial8", "integer", ""),
        ("hugeint", "", "integer"),
        ("ubigint", "", "integer"),
        ("int4", "integer", "integer"),
        ("timestamp", "", ""),
        ("text", "string", "string"),
        ("bpchar", "", ""),
    ],
)
def test_kinds(dtype: str, on_postgres: str, on_duckdb: str) -> None:
    for factory, expected in ((POSTGRES, on_postgres), (DUCKDB, on_duckdb)):
        column = factory("a", dtype)
        kinds = [
            k for k in ("string", "float", "integer", "numeric") if getattr(column, f"is_{k}")()
        ]
        assert kinds == ([expected] if expected else [])
        assert column.is_number() == (expected not in {"", "string"})


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("varchar(20)", ("varchar", 20, None, None)),
        ("numeric(10, 2)", ("numeric", None, 10, 2)),
        ("int", ("int", None, None, None)),
        ("timestamp(6) without time zone", ("timestamp", 6, None, None)),
    ],
)
def test_from_description(raw: str, expected: tuple[object, ...]) -> None:
    found = DUCKDB.from_description("x", raw)
    assert (found.dtype, found.char_size, found.numeric_precision, found.numeric_scale) == expected


@pytest.mark.parametrize("raw", ["x(a)", "numeric(1,2,3)", "()"])
def test_a_description_that_is_none(raw: str) -> None:
    with pytest.raises(CompilationError) as caught:
        DUCKDB.from_description("x", raw)
    assert caught.value.code == "column-type"


def test_the_rest() -> None:
    short, long = DUCKDB("a", "varchar", 10), DUCKDB("a", "text")
    assert short.can_expand_to(long)
    assert not short.can_expand_to(DUCKDB("a", "varchar", 5))
    assert not DUCKDB("a", "int").can_expand_to(long)
    assert (short.name, short.quoted, short.literal(1)) == ("a", '"a"', "1::character varying(10)")
    assert DUCKDB("c", "numeric", None, 10, 2).data_type == "numeric(10,2)"
    assert (DUCKDB.translate_type("string"), DUCKDB.create("a", "STRING").dtype) == (
        "TEXT",
        "TEXT",
    )
    assert (DUCKDB.string_type(5), DUCKDB.numeric_type("numeric", None, 2)) == (
        "character varying(5)", "numeric",
    )  # fmt: skip
    assert DUCKDB.TYPE_LABELS == {"STRING": "TEXT"}
    assert DUCKDB("a", "int") == DUCKDB.of(ColumnType(name="a", data_type="int"))
    with pytest.raises(CompilationError):
        DUCKDB("a", "int").string_size()


def test_structs_are_flattened() -> None:
    column = DUCKDB("s", 'STRUCT(a INTEGER, "b c" STRUCT(d VARCHAR, e DECIMAL(3,2)[]))')
    flat = [(field.name, field.dtype) for field in column.flatten()]
    assert flat == [("s.a", "INTEGER"), ("s.b c.d", "VARCHAR"), ("s.b c.e", "DECIMAL(3,2)[]")]
    assert DUCKDB("a", "int").flatten() == [DUCKDB("a", "int")]
