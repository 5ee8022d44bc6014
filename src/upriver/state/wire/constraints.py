"""Constraints as dbt publishes them: with the defaults of absent keys filled in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def column_constraint(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return a constraint of a column."""
    return {
        "type": item.get("type"),
        "name": item.get("name"),
        "expression": item.get("expression"),
        "warn_unenforced": item.get("warn_unenforced", True),
        "warn_unsupported": item.get("warn_unsupported", True),
        "to": item.get("to"),
        "to_columns": item.get("to_columns") or [],
    }


def model_constraint(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return a constraint of a model, which names columns."""
    return {**column_constraint(item), "columns": item.get("columns") or []}
