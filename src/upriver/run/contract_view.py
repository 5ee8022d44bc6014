"""What the `model` of an enforced contract shows: resolved types and resolved constraints.

Column types are written with dbt's aliases where the contract allows them (JINJA-47), and
`to: ref('x')` of a foreign key becomes the relation the plan chose, like any other reference
(PROJ-230, defect D8).
"""

from __future__ import annotations

from typing import Any

from upriver.jinja.subject import Resolver
from upriver.resources.calls import RefCall
from upriver.resources.dialect import Dialect
from upriver.run.calls import read_call


def resolve_contract(model: dict[str, Any], resolver: Resolver, dialect: Dialect) -> None:
    """Rewrite the columns and constraints of a freshly made `model` dict in place."""
    contract = model.get("contract") or model["config"].get("contract") or {}
    if not contract.get("enforced"):
        return
    columns = list((model.get("columns") or {}).values())
    if contract.get("alias_types", True):
        for column in columns:
            kind = column.get("data_type")
            if kind is not None:
                column["data_type"] = dialect.type_labels.get(str(kind).upper(), kind)
    for owner in (model, *columns):
        for constraint in owner.get("constraints") or ():
            if constraint.get("to"):
                constraint["to"] = _target(str(constraint["to"]), resolver)


def _target(written: str, resolver: Resolver) -> str:
    call = read_call(written)
    if call is None:
        return written
    found = resolver.ref(call) if isinstance(call, RefCall) else resolver.source(call)
    return str(found.render())
