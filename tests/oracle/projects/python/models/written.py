def model(dbt, session):
    dbt.config(materialized="external", location="written.parquet")
    return dbt.ref("base").filter("id > 1")
