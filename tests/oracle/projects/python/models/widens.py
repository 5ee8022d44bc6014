import decimal


def model(dbt, session):
    dbt.config(materialized="incremental", unique_key=["id"], incremental_strategy="merge")
    rows = [(1, decimal.Decimal("1.5")), (2, decimal.Decimal("2.5"))]
    session.execute("create or replace temp table python_rows (id integer, amount decimal(10,2))")
    session.executemany("insert into python_rows values (?, ?)", rows)
    return session.table("python_rows")
