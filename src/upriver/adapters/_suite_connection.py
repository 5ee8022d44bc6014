"""Checks of one connection: statements, transactions, listings, bound values."""
# ruff: noqa: S608 - the statements name relations that the subject owns

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal

from upriver.adapters._suite_subject import (
    Subject,
    connected,
    expect,
    expect_error,
    expect_true,
    names_of,
    one_value,
)
from upriver.problems import WarehouseError


def fetches_rows(subject: Subject) -> None:
    with connected(subject) as connection:
        sql = "select 1 as one, 'a%b' as two, cast(null as integer) as three"
        answer = connection.execute(sql, fetch=True)
        expect(answer.column_names, ("one", "two", "three"), "column names")
        expect(answer.rows, ((1, "a%b", None),), "rows")
        expect(len(answer.column_types), 3, "column types")
        expect(connection.execute(sql).rows, (), "rows where none were asked for")


def limits_rows(subject: Subject) -> None:
    with connected(subject) as connection:
        sql = "select 1 as n union all select 2 union all select 3"
        expect(len(connection.execute(sql, fetch=True, limit=2).rows), 2, "limited rows")
        expect(len(connection.execute(sql, fetch=True).rows), 3, "rows after a limited answer")


def takes_percent_signs(subject: Subject) -> None:
    with connected(subject) as connection:
        sql = "select '%s %(name)s %% 100%' as text, 7 % 4 as modulo -- 100% sure"
        expect(connection.execute(sql, fetch=True).rows, (("%s %(name)s %% 100%", 3),), "rows")


def runs_several_statements(subject: Subject) -> None:
    with connected(subject) as connection:
        table = subject.text("several")
        create, insert = f"create table {table} (n integer)", f"insert into {table} values (4)"
        sql = f"{create}; {insert}; select n from {table};"
        expect(connection.execute(sql, fetch=True).rows, ((4,),), "rows of the last statement")


def reports_the_warehouse_words(subject: Subject) -> None:
    with connected(subject) as connection:
        with expect_error(WarehouseError, "a missing column") as messages:
            connection.execute("select no_such_column from (select 1 as a) as t")
        expect_true("no_such_column" in messages[0], f"the column is not named: {messages[0]}")
        expect(one_value(connection, "select 5"), 5, "a statement after an error")


def lists_relations(subject: Subject) -> None:
    with connected(subject) as connection:
        expect(connection.list_relations(subject.database, subject.schema), (), "an empty schema")
        connection.execute(f"create table {subject.text('a_table')} (n integer)")
        connection.execute(f"create table {subject.text('MixedCase')} (n integer)")
        found = connection.list_relations(subject.database.upper(), subject.schema.upper())
        expect(names_of(found), [("MixedCase", "table"), ("a_table", "table")], "listing")
        expect(found[0].name.schema, subject.schema, "the schema's own spelling")
        expect(found[0].name.database, subject.database, "the database's own spelling")
        missing = connection.list_relations(subject.database, "no_such_schema")
        expect(missing, (), "a missing schema")


def lists_functions(subject: Subject) -> None:
    with connected(subject) as connection:
        expect(connection.list_functions(subject.database, subject.schema), (), "no functions")
        missing = connection.list_functions(subject.database, "no_such_schema")
        expect(missing, (), "a missing schema")


def lists_views(subject: Subject) -> None:
    with connected(subject) as connection:
        connection.execute(f"create table {subject.text('base')} (n integer)")
        view, base = subject.text("on_base"), subject.text("base")
        connection.execute(f"create view {view} as select n from {base}")
        found = connection.list_relations(subject.database, subject.schema)
        expect(names_of(found), [("base", "table"), ("on_base", "view")], "listing")
        if subject.adapter.capabilities.drops_dependent_views:
            depends = {relation.name.identifier: relation.depends_on for relation in found}
            expect(depends["on_base"], (subject.name("base"),), "what the view selects from")


def lists_schemas(subject: Subject) -> None:
    with connected(subject) as connection:
        schemas = connection.list_schemas(subject.database)
        expect_true(subject.schema in schemas, f"{subject.schema} is not in {schemas}")
        expect(connection.list_schemas(None), schemas, "schemas of the connected database")


def describes_queries(subject: Subject) -> None:
    with connected(subject) as connection:
        sql = "-- first\nselect 1 as a, cast('x' as varchar(5)) as b, cast(1 as bigint) as c;"
        columns = connection.query_columns(sql)
        expect([column.name for column in columns], ["a", "b", "c"], "column names")
        kinds = {column.data_type for column in columns}
        expect(len(kinds), 3, f"types told apart ({kinds})")
        with expect_error(WarehouseError, "a query of a missing table"):
            connection.query_columns("select * from no_such_table_at_all")
        expect(one_value(connection, "select 6"), 6, "a statement after an error")


def rolls_back(subject: Subject) -> None:
    with connected(subject) as connection:
        table = subject.text("kept")
        connection.execute(f"create table {table} (n integer)")
        expect(connection.in_transaction, False, "in a transaction before begin")
        connection.begin()
        expect(connection.in_transaction, True, "in a transaction after begin")
        connection.execute(f"insert into {table} values (1)")
        connection.rollback()
        expect(connection.in_transaction, False, "in a transaction after rollback")
        expect(one_value(connection, f"select count(*) from {table}"), 0, "rows after rollback")
        connection.begin()
        connection.execute(f"insert into {table} values (1)")
        connection.commit()
        connection.rollback()
        expect(one_value(connection, f"select count(*) from {table}"), 1, "rows after commit")


def follows_transaction_statements(subject: Subject) -> None:
    """Hooks and macros send `begin` and `commit` as SQL."""
    with connected(subject) as connection:
        for sql, is_open in (
            ("begin", True),
            ("/* comment; */ commit;", False),
            ("begin; select 1", True),
            ("select 1; rollback", False),
            ("begin; select 1; commit;", False),
        ):
            connection.execute(sql)
            expect(connection.in_transaction, is_open, f"in a transaction after `{sql}`")
        connection.commit()
        connection.rollback()
        connection.begin()
        connection.begin()
        connection.rollback()
        with expect_error(WarehouseError, "a failing statement"):
            connection.execute("begin; select no_such_column")
        connection.rollback()
        expect(one_value(connection, "select 7"), 7, "a statement after a rollback")


def binds_rows(subject: Subject) -> None:
    rows = [(at, f"it's 100% {at}", None if at % 2 else Decimal("1.50")) for at in range(1200)]
    with connected(subject) as connection:
        table = subject.text("seeded")
        connection.execute(f"create table {table} (n integer, t varchar(40), d decimal(10, 2))")
        connection.execute_many(f"insert into {table} (n, t, d) values (%s, %s, %s)", rows)
        groups = ", ".join(["(%s,%s,%s)"] * len(rows))
        flat = [value for row in rows for value in row]
        sql = f"/* comment */ insert into {table} (n, t, d) values\n {groups} /* after */"
        connection.execute_bound(sql, flat)
        found = connection.execute(f"select * from {table} order by n", fetch=True).rows
        expect(found, tuple(row for row in rows for _ in range(2)), "rows")


def binds_either_style(subject: Subject) -> None:
    with connected(subject) as connection:
        table = subject.text("bound")
        connection.execute(f"create table {table} (n integer, t varchar(40))")
        connection.execute_bound(f"insert into {table} values (?, '?100%'), (?, ?)", [1, 2, "b"])
        connection.execute_bound(f"insert into {table} values (%s, '?100%%')", [3])
        connection.execute_many(f"insert into {table} values (? + 1, ?)", [(3, "d")])
        found = connection.execute(f"select t from {table} order by n", fetch=True).rows
        expect(found, (("?100%",), ("b",), ("?100%",), ("d",)), "rows")
        with expect_error(WarehouseError, "too few values"):
            connection.execute_bound(f"insert into {table} values (?, ?)", [1])


def loads_every_seed_type(subject: Subject) -> None:
    values = {
        "integer": "12", "number": "1.5", "text": "a", "boolean": "true", "date": "2024-02-29",
        "datetime": "2024-02-29 10:30:00", "time": "10:30:00",
    }  # fmt: skip
    with connected(subject) as connection:
        table = subject.text("typed")
        kinds = [f"c_{kind} {subject.adapter.convert_type(kind)}" for kind in values]
        connection.execute(f"create table {table} ({', '.join(kinds)})")
        marks = ", ".join(["%s"] * len(values))
        sql = f"insert into {table} values ({marks})"
        connection.execute_many(sql, [tuple(values.values()), (None,) * len(values)])
        expect(one_value(connection, f"select count(c_time) from {table}"), 1, "rows with a time")


def shows_no_secret(subject: Subject) -> None:
    warehouse = subject.open()
    shown = [repr(warehouse)]
    try:
        connection = warehouse.connect("suite")
        shown.append(repr(connection))
        with suppress(WarehouseError):
            connection.execute(f"select '{subject.secret}' from no_such_table")
        try:
            connection.execute(f"select cast('{subject.secret}' as integer)", fetch=True)
        except WarehouseError as error:
            shown.extend((str(error), repr(error), repr(error.__context__ or "")))
    finally:
        warehouse.close()
    if subject.secret is not None:
        expect_true(not any(subject.secret in text for text in shown), "a secret is shown")


def closes_twice(subject: Subject) -> None:
    warehouse = subject.open()
    connection = warehouse.connect("suite")
    connection.execute("select 1")
    connection.close()
    connection.close()
    connection.cancel()
    warehouse.close()
    warehouse.close()
