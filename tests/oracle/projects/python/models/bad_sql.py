def model(dbt, session):
    return session.sql("select nope from things_that_are_not")
