"""PostgreSQL's keys in `profiles.yml`, as dbt-postgres reads them (ADPT-108)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from upriver.adapters.contract import Credentials
from upriver.adapters.output import Field, Where, read_output
from upriver.problems import Problem, has_errors

_ALIASES = {"dbname": "database", "pass": "password"}
_FIELDS: dict[str, Field] = {
    "host": Field(is_required=True),
    "port": Field(kind="integer", is_required=True),
    "user": Field(is_required=True),
    "password": Field(is_required=True),
    "database": Field(is_required=True),
    "schema": Field(is_required=True),
    "connect_timeout": Field(kind="integer", default=10),
    "role": Field(),
    "search_path": Field(),
    "keepalives_idle": Field(kind="integer", default=0),
    "sslmode": Field(),
    "sslcert": Field(),
    "sslkey": Field(),
    "sslrootcert": Field(),
    "application_name": Field(default="dbt"),
    "autocommit": Field(kind="boolean", default=False),
    "retries": Field(kind="integer", default=1),
    "threads": Field(kind="integer", default=1),
}
# What dbt gives to templates as `target`, in its order (PROJ-43).
_SHOWN = (
    "host", "port", "user", "database", "schema", "connect_timeout", "role", "search_path",
    "keepalives_idle", "sslmode", "sslcert", "sslkey", "sslrootcert", "application_name",
    "autocommit", "retries",
)  # fmt: skip


def parse_credentials(
    output: Mapping[str, Any], *, profile: str, target: str
) -> tuple[Credentials | None, tuple[Problem, ...]]:
    """Check a rendered output; the credentials are None when an error was found."""
    where = Where(profile=profile, target=target)
    values, problems = read_output(output, _FIELDS, _ALIASES, where)
    if has_errors(problems):
        return None, problems
    shown = {key: values[key] for key in _SHOWN}
    credentials = Credentials(
        type="postgres",
        database=values["database"],
        schema=values["schema"],
        threads=values["threads"],
        shown={**shown, "dbname": values["database"]},
        secret=values,
        unique_field=values["host"],
    )
    return credentials, problems
