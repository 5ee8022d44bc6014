"""Breaking changes of enforced contracts (deferral.md section 12.5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from upriver.state.comparable import Contract

ENFORCING = frozenset({"table", "incremental"})
"""Materializations that create their relation with constraints."""


def breaking_changes(
    old: Contract, new: Contract, *, is_enforced: bool, constraint_support: Mapping[str, str]
) -> tuple[str, ...]:
    """Say what an enforced contract promised that the model no longer promises.

    `is_enforced` is about the new side. `constraint_support` is the adapter's (ADPT): only
    constraints that the warehouse enforces can be broken. Added columns, and changes of length or
    precision alone, break nothing.
    """
    if is_enforced and old.checksum == new.checksum:
        return ()
    found = []
    if not is_enforced:
        found.append("contract enforcement was removed")
    found += _removed_columns(old, new)
    found += _changed_types(old, new)
    enforced = {kind for kind, support in constraint_support.items() if support == "enforced"}
    if old.materialized in ENFORCING:
        found += _removed_column_constraints(old, new, enforced)
        found += _removed_model_constraints(old, new, enforced)
        if new.materialized not in ENFORCING and _has_constraints(old, enforced):
            found.append(
                f"the materialization changed from `{old.materialized}` to"
                f" `{new.materialized}`, which enforces no constraints"
            )
    return tuple(found)


def base_type(data_type: str | None) -> str | None:
    """Return a column type without length or precision, in lower case."""
    return None if data_type is None else data_type.partition("(")[0].strip().lower()


def _removed_columns(old: Contract, new: Contract) -> list[str]:
    return [f"the column `{name}` was removed" for name in old.columns if name not in new.columns]


def _changed_types(old: Contract, new: Contract) -> list[str]:
    found = []
    for name, (old_type, _) in old.columns.items():
        if name not in new.columns:
            continue
        new_type = new.columns[name][0]
        if base_type(old_type) != base_type(new_type):
            found.append(f"the type of `{name}` changed from `{old_type}` to `{new_type}`")
    return found


def _removed_column_constraints(old: Contract, new: Contract, enforced: set[str]) -> list[str]:
    found = []
    for name, (_, constraints) in old.columns.items():
        if name not in new.columns:
            continue
        kept = new.columns[name][1]
        found += [
            f"the constraint {_call(item)} of the column `{name}` was removed"
            for item in constraints
            if item["type"] in enforced and item not in kept
        ]
    return found


def _removed_model_constraints(old: Contract, new: Contract, enforced: set[str]) -> list[str]:
    return [
        f"the constraint {_call(item)} on ({', '.join(map(str, item['columns']))}) was removed"
        for item in old.constraints
        if item["type"] in enforced and item not in new.constraints
    ]


def _has_constraints(contract: Contract, enforced: set[str]) -> bool:
    listed = [*contract.constraints]
    for _, constraints in contract.columns.values():
        listed += constraints
    return any(item["type"] in enforced for item in listed)


def _call(constraint: dict[str, Any]) -> str:
    return f"`{constraint['name'] or constraint['type']}`"
