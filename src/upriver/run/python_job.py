"""`submit_python_job`: how the statement of a Python model reaches the warehouse (JINJA-181)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from upriver.adapters.contract import PythonJob
from upriver.jinja.errors import CompilationError
from upriver.jinja.results import ResponseView
from upriver.resources.nodes import Node
from upriver.run.task import Task


def python_runner(task: Task, node: Node) -> Callable[[Any, str], ResponseView]:
    """Return the function by which a materialization runs a Python model."""

    def submit_python_job(_model: Any, compiled_code: str) -> ResponseView:
        _refuse_ephemeral(task, node)
        answer = task.session.run_python(_job(task, node, str(compiled_code)))
        return ResponseView(message=answer.response.message)

    return submit_python_job


def _refuse_ephemeral(task: Task, node: Node) -> None:
    inlined = [decision.target for decision in task.step.inputs if decision.place == "inlined"]
    if not inlined:
        return
    names = ", ".join(f"`{target.rpartition('.')[2]}`" for target in inlined)
    raise CompilationError(
        f"The Python model `{node.name}` reads {names}, which is ephemeral: it exists only inside"
        " SQL",
        node,
        code="python-model-ephemeral",
        hint="Materialize it as a view or a table",
    )


def _job(task: Task, node: Node, code: str) -> PythonJob:
    path = Path(task.setting.project_root).absolute() / node.original_file_path
    # What precedes the user's code in the statement is white space of the macro around it.
    return PythonJob(
        code=code.lstrip(),
        file=str(path),
        name=node.name,
        lines=node.raw_code.count("\n") + 1,
    )
