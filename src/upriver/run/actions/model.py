"""Build a model or a snapshot."""

from __future__ import annotations

from upriver.resources.nodes import Node
from upriver.run.actions.building import build, compile_task, is_added_to, type_of
from upriver.run.actions.clone import clone_first
from upriver.run.actions.microbatch import is_batched, run_batches
from upriver.run.compile import Compiler
from upriver.run.materialize import response_of
from upriver.run.task import Done, Task


def run_model(task: Task) -> Done:
    """Compile a model and run its materialization, once or once per batch."""
    clone_first(task)
    if is_batched(task):
        return run_batches(task)
    node, compiler = compile_task(task)
    return _built(task, node, compiler, str(node.config.get("materialized") or "view"))


def run_snapshot(task: Task) -> Done:
    """Compile a snapshot's query and run the `snapshot` materialization."""
    clone_first(task)
    node, compiler = compile_task(task)
    return _built(task, node, compiler, str(node.config.get("materialized") or "snapshot"))


def _built(task: Task, node: Node, compiler: Compiler, name: str) -> Done:
    is_kept = is_added_to(task, node, name)
    made = build(task, node, compiler, name)
    response = response_of(made.main)
    return Done(
        message=response.message,
        response=response,
        relation_type=type_of(made),
        is_added_to=is_kept,
    )
