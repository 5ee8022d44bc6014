def model(dbt, session):
    dbt.config(enabled=False)
    return dbt.ref("base")
