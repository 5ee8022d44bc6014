def model(dbt, session):
    return 7
