"""Inlining ephemeral models: their SQL becomes CTEs at the head of a query (CLI-134)."""

from __future__ import annotations

import re
from collections.abc import Sequence

PREFIX = "__dbt__cte__"

_SKIPPED = r"(?:\s|--[^\n]*(?:\n|\Z)|/\*.*?\*/)*"
_WITH = re.compile(rf"({_SKIPPED}with\b(?:{_SKIPPED}recursive\b)?\s*)", re.IGNORECASE | re.DOTALL)


def cte_name(identifier: str) -> str:
    """Return the name under which an ephemeral model is inlined."""
    return PREFIX + identifier


def cte_text(name: str, sql: str) -> str:
    """Return one CTE as it stands in the list."""
    return f" {name} as (\n{sql}\n)"


def inject_ctes(sql: str, ctes: Sequence[str]) -> str:
    """Put `cte_text`s at the head of a query, joining the list of a query that has one.

    dbt looks at the first keyword only, comments aside, and so do we: a parenthesised query gets
    a list of its own in front, which is what standard SQL allows.
    """
    if not ctes:
        return sql
    listed = ", ".join(ctes)
    match = _WITH.match(sql)
    if match is None:
        body = sql.lstrip()
        lead = sql[: len(sql) - len(body)]
        return f"{lead}with{listed} {body}"
    return f"{match.group(1)}{listed}, {sql[match.end() :]}"
