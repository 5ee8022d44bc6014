"""dbt's names of PostgreSQL's types."""

from __future__ import annotations

import pytest

from upriver.adapters.postgres.types import type_name


@pytest.mark.parametrize(
    ("oid", "name"),
    [(23, "INTEGER"), (20, "LONGINTEGER"), (1043, "TEXT"), (25, "TEXT"), (1700, "DECIMAL"),
     (1184, "DATETIMETZ"), (1007, "INTEGERARRAY"), (2950, "unknown type_code 2950")],
)  # fmt: skip
def test_a_type_is_named_after_its_group(oid: int, name: str):
    assert type_name(oid) == name
