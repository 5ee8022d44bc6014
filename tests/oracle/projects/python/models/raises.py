def inner(x):
    raise ValueError(f"no {x}")


def model(dbt, session):
    inner("luck")
    return dbt.ref("base")
