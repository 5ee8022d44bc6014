def model(dbt, session):
    value = dbt.config.get("limit_to")
    nothing = dbt.config.get("nothing")
    return session.sql(f"select {value} as v, '{nothing}' as n")
