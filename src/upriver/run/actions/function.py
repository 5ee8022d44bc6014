"""Create a function in the warehouse (JINJA-167)."""

from __future__ import annotations

from upriver.run.actions.building import build, compile_task
from upriver.run.materialize import response_of
from upriver.run.task import Done, Task


def run_function(task: Task) -> Done:
    """Compile a function's body and run the `function` materialization."""
    node, compiler = compile_task(task)
    name = str(node.config.get("materialized") or "function")
    response = response_of(build(task, node, compiler, name).main)
    return Done(message=response.message, response=response, relation_type="function")
