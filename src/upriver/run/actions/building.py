"""What models, snapshots and tests share: compile, leave the compiled file, materialize."""

from __future__ import annotations

from typing import Any

from upriver.resources.nodes import Node, kind_of
from upriver.run.compile import Compiler, code_path, node_of
from upriver.run.materialize import Materialized, materialize
from upriver.run.subjects import RunParts
from upriver.run.task import Task


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
