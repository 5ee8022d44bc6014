"""The layout of inlined ephemeral models, as dbt-core 1.11 writes it (CLI-134)."""

import pytest

from upriver.run.ctes import cte_name, cte_text, inject_ctes

E1 = cte_text(cte_name("e"), "\nselect 1 as id")
E2 = cte_text(cte_name("e2"), "select 2")


@pytest.mark.parametrize(
    ("sql", "ctes", "expected"),
    [
        ("select 1", (), "select 1"),
        ("select 1", (E1,), "with __dbt__cte__e as (\n\nselect 1 as id\n) select 1"),
        ("\n\n  select 1", (E1,), "\n\n  with __dbt__cte__e as (\n\nselect 1 as id\n) select 1"),
        (
            "-- c\nselect 1",
            (E1, E2),
            (
                "with __dbt__cte__e as (\n\nselect 1 as id\n),  __dbt__cte__e2 as (\nselect 2\n)"
                " -- c\nselect 1"
            ),
        ),
        (
            "\n-- with\n/* x */ WITH\n  y as (select 1) select 2",
            (E1,),
            (
                "\n-- with\n/* x */ WITH\n   __dbt__cte__e as (\n\nselect 1 as id\n),"
                " y as (select 1) select 2"
            ),
        ),
        (
            "with recursive t as (select 1) select 2",
            (E1, E2),
            (
                "with recursive  __dbt__cte__e as (\n\nselect 1 as id\n),"
                "  __dbt__cte__e2 as (\nselect 2\n), t as (select 1) select 2"
            ),
        ),
        (
            "(with y as (select 1) select 2)",
            (E2,),
            "with __dbt__cte__e2 as (\nselect 2\n) (with y as (select 1) select 2)",
        ),
        (
            "with/*k*/y as (select 1) select 2",
            (E2,),
            "with __dbt__cte__e2 as (\nselect 2\n), /*k*/y as (select 1) select 2",
        ),
        # dbt loses the recursion here; a comment must not change a query's meaning.
        (
            "with --x\n recursive y as (select 1) select 2",
            (E2,),
            "with --x\n recursive  __dbt__cte__e2 as (\nselect 2\n), y as (select 1) select 2",
        ),
        ("withdrawn", (E2,), "with __dbt__cte__e2 as (\nselect 2\n) withdrawn"),
    ],
)
def test_injection(sql, ctes, expected):
    assert inject_ctes(sql, ctes) == expected
