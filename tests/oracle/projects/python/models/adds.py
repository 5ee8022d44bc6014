def model(dbt, session):
    dbt.config(materialized="incremental", incremental_strategy="append")
    rows = dbt.source("raw", "renamed")
    if dbt.is_incremental:
        rows = session.sql(f"select * from rows where id > (select max(id) from {dbt.this})")
    return rows
