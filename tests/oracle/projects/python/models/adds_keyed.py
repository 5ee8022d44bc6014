def model(dbt, session):
    dbt.config(materialized="incremental", unique_key="id", on_schema_change="append_new_columns")
    return dbt.source("raw", "things").project("id, name")
