"""Run one on-run-start or on-run-end hook (PROJ-242): outside transactions, empty SQL is fine."""

from __future__ import annotations

from upriver.problems import WarehouseError
from upriver.resources.nodes import Node, Operation
from upriver.run.actions.building import compile_task
from upriver.run.messages import HookError
from upriver.run.task import Done, Task


def run_hook(task: Task) -> Done:
    """Render a hook and send what it gives."""
    node, _ = compile_task(task)
    name = hook_name(node)
    code = "" if task.compiled is None else task.compiled.code.strip()
    with task.timed("execute"):
        if code:
            try:
                task.session.execute(code)
            except WarehouseError as error:
                raise HookError(f"{name} failed, error:\n {error}") from error
    return Done(message=f"{name} passed", failures=0)


def hook_name(node: Node) -> str:
    """Name a hook as logs do: `package.on-run-start.0`."""
    moment = "on-run-end" if "on-run-end" in node.name else "on-run-start"
    index = node.index if isinstance(node, Operation) else 0
    return f"{node.package}.{moment}.{index}"
