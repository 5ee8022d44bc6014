"""What models, snapshots and tests share: compile, leave the compiled file, materialize."""

from __future__ import annotations

from typing import Any

from upriver.resources.nodes import Node, kind_of
from upriver.resources.relation import RelationName
from upriver.run.compile import Compiler, code_path, node_of
from upriver.run.materialize import Materialized, materialize
from upriver.run.subjects import RunParts
from upriver.run.task import Task

_WHOLE = frozenset({"view", "table", "materialized_view", "seed", "snapshot"})
"""Materializations that leave no row of another code behind; a snapshot's history is meant."""


def is_added_to(task: Task, node: Node, name: str) -> bool:
    """Whether building a node may keep rows that its relation has already."""
    if name in _WHOLE:
        return False
    asked = node.config.get("full_refresh")
    if asked is None:
        asked = task.setting.settings.flags.get("FULL_REFRESH")
    if asked:
        return False
    relation = RelationName(database=node.database, schema=node.schema, identifier=node.alias)
    found = task.session.relation(relation)
    return found is not None and found.type != "view"


def type_of(made: Materialized) -> str | None:
    """Return the type of the relation that a materialization built."""
    for relation in made.relations:
        return str(relation.type or "table")
    return None


def compile_task(task: Task) -> tuple[Node, Compiler]:
    """Compile the task's node, remember the code in the task, and write the compiled file."""
    node = node_of(task.step, task.world)
    compiler = Compiler(task.step, task.world, task.names)
    with task.timed("compile"):
        task.compiled = compiler.compile(node)
        if kind_of(node.unique_id) != "snapshot":
            # Of snapshots only the sent statement is left (as observed).
            task.write_compiled(node.package, code_path(node))
    return node, compiler


def build(
    task: Task, node: Node, compiler: Compiler, name: str, names: dict[str, Any] | None = None
) -> Materialized:
    """Run a materialization over the task's compiled code."""
    with task.timed("execute"):
        return materialize(
            task,
            node,
            name,
            RunParts(
                resolver=compiler.resolver(node),
                code=None if task.compiled is None else task.compiled.code,
                path=code_path(node),
                names={**task.names, **(names or {})},
            ),
        )
