"""Building the commonest models without templates: views and tables on DuckDB.

A materialization is a macro, and calls some twenty others; for a small model that takes longer than
everything else. Most models have no hooks, grants, contract or indexes, and most projects replace
none of those macros. Then only a handful of statements is left of them, which are sent from here.
Whatever else a model has, the macros build it; a test holds both ways to the same statements, the
same files and the same relation cache.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from upriver.adapters.session import Session
from upriver.jinja.relation import Relation, listed_relation, name_of, policy_of
from upriver.jinja.subject import Overrides
from upriver.resources.answers import Response
from upriver.resources.macro import Macro
from upriver.resources.nodes import Node
from upriver.resources.relation import RelationName
from upriver.run.relations import this_relation
from upriver.run.subjects import RunParts
from upriver.run.task import Task

KINDS: Mapping[str, str] = {
    "macro.dbt.materialization_view_default": "view",
    "macro.dbt_duckdb.materialization_table_duckdb": "table",
}
"""The materializations that are known here, and the type of relation each makes."""
_UNUSUAL = ("pre-hook", "post-hook", "grants", "indexes", "sql_header")
"""Config keys under which the macros do more."""
_BASES = (
    "apply_grants", "copy_grants", "create_indexes", "create_table_as", "create_view_as",
    "drop_relation", "get_create_view_as_sql", "make_backup_relation",
    "make_intermediate_relation", "persist_docs", "rename_relation",
)  # fmt: skip
NAMES = frozenset({
    *_BASES,
    *(f"{prefix}__{name}" for prefix in ("duckdb", "default") for name in _BASES),
    "drop_relation_for_rebuild", "drop_relation_if_exists", "enforced_constraint_types",
    "has_foreign_key_constraints", "load_cached_relation", "may_be_foreign_key_target",
    "restore_foreign_key_dependents", "should_revoke", "statement",
    # What every template is offered, a macro may replace as well.
    "adapter", "compiled_code", "config", "execute", "load_result", "model", "post_hooks",
    "pre_hooks", "return", "sql", "store_result", "submit_python_job", "this", "write",
})  # fmt: skip
"""Every name that stands in the macros on the way: none may mean something of the project's."""


class PlainBuild(msgspec.Struct, frozen=True):
    """What a build without templates left behind."""

    relation: Relation
    response: Response


class _Names(msgspec.Struct, frozen=True):
    """The relations a build is about."""

    target: Relation
    intermediate: Relation
    existing: Relation | None
    backup: Relation


def build_plainly(task: Task, node: Node, macro: Macro, parts: RunParts) -> PlainBuild | None:
    """Build a node as its materialization would; None, and nothing done, if it takes the macro."""
    kind = KINDS.get(macro.unique_id)
    if kind is None or not _is_usual(task, node, parts):
        return None
    names = _names(task, node, kind)
    if names is None:
        return None
    session = task.session
    code = (
        f"\n  create view {names.intermediate} as (\n    {parts.code}\n  );"
        if kind == "view"
        else f"\n    create table {names.intermediate}\n    as (\n      {parts.code}\n    );"
    )
    task.write_sent(node.package, parts.path, code)
    response = session.execute(code, auto_begin=True).response
    if kind == "table":
        _drop_for_rebuild(session, names.existing)
    elif names.existing is not None:
        _rename(task, names.existing, names.backup)
    _rename(task, names.intermediate, names.target)
    session.commit()
    if kind == "view" and names.existing is not None:
        session.cache_dropped(name_of(names.backup))
        session.execute(_drop(names.backup))
    return PlainBuild(names.target, response)


def _is_usual(task: Task, node: Node, parts: RunParts) -> bool:
    """Whether nothing of the node or the project is seen by the macros only."""
    config = node.config
    contract, docs = config.get("contract"), config.get("persist_docs") or {}
    return (
        task.world.dialect.type == "duckdb"
        and node.language == "sql"
        and parts.code is not None
        and parts.config is None
        and parts.batch is None
        and parts.overrides == Overrides()
        and parts.names.keys() <= {"thread_id"}
        and not any(config.get(key) for key in _UNUSUAL)
        and isinstance(contract, Mapping)
        and not contract.get("enforced")
        and not (docs.get("relation") or docs.get("columns"))
        and not task.setting.macros.has_own(NAMES)
    )


def _names(task: Task, node: Node, kind: str) -> _Names | None:
    """Return the names; None where something lies in the way."""
    this = this_relation(task.world, node)
    if this is None or this.identifier is None:
        return None
    target = this.incorporate(type=kind)
    intermediate = target.replace_path(identifier=f"{this.identifier}__dbt_tmp")
    backup = target.replace_path(identifier=f"{this.identifier}__dbt_backup")
    existing = _found(task, this)
    beside = (intermediate, backup) if kind == "view" else (intermediate,)
    if existing is False or any(_found(task, relation) is not None for relation in beside):
        return None
    if existing is not None and existing.type != kind:
        return None
    return _Names(target, intermediate, existing, backup)


def _found(task: Task, relation: Relation) -> Any:
    """Return a relation the warehouse has, or None; False for one that is spelt otherwise."""
    wanted: RelationName = name_of(relation)
    found = task.session.relation(wanted)
    if found is None:
        return None
    return listed_relation(task.world.dialect, found) if found.name == wanted else False


def _rename(task: Task, old: Relation, new: Relation) -> None:
    task.session.cache_renamed(name_of(old), name_of(new))
    name = new.identifier or ""
    # As adapter.quote_as_configured: what the project quotes, whatever the relation does.
    shown = new.quoted(name) if policy_of(task.world.quoting).identifier else name
    task.session.execute(f"alter {old.type} {old} rename to {shown}", auto_begin=True)


def _drop_for_rebuild(session: Session, existing: Relation | None) -> None:
    if existing is not None:
        session.execute(_drop(existing), auto_begin=True)
        session.cache_dropped(name_of(existing))


def _drop(relation: Relation) -> str:
    return f"drop {relation.type} if exists {relation.render()} cascade"
