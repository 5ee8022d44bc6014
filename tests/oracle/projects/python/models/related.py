def helper(x):
    return x + 1


def model(dbt, session):
    dbt.config(
        materialized="table",
        tags=["py"],
        alias="related_alias",
        fancy={"a": [1, None]},
        packages=["numpy==1.0"],
    )
    base = dbt.ref("base")
    other = dbt.ref("python", "ver", v=1)
    latest = dbt.ref("ver")
    fancy = dbt.config.get("fancy")
    missing = dbt.config.get("missing_one", "dflt")
    limited = dbt.config.get("limit_to")
    owner = dbt.config.meta_get("owner")
    shown = f"{dbt.this} {dbt.this.database} {dbt.this.schema} {dbt.this.identifier}"
    return session.sql(f"""
        select base.id, base.name, '{shown}' as t, {helper(1)} as h, {fancy["a"][0]} as f, '{missing}' as m,
          {limited} as l, '{owner}' as o, {dbt.is_incremental} as inc, other.v as v1, latest.v as v2
        from base left join other using (id) left join latest using (id)
    """)
