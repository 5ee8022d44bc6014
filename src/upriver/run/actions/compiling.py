"""Compile only, and compile to look at rows."""

from __future__ import annotations

import msgspec

from upriver.jinja.context import call_macro
from upriver.resources.nodes import Node, Seed
from upriver.run.actions.building import compile_task
from upriver.run.compile import Compiler, code_path
from upriver.run.relations import this_relation
from upriver.run.subjects import RunParts, run_subject
from upriver.run.task import Done, Task


def run_compile(task: Task) -> Done:
    """Compile a node; nothing is sent unless its templates ask the warehouse."""
    if isinstance(task.resource, Seed):
        return Done()
    node, _ = compile_task(task)
    if node.config.get("materialized") != "ephemeral":
        # dbt has nothing to execute either, and says how long that took.
        with task.timed("execute"):
            pass
    return Done()


def run_show(task: Task) -> Done:
    """Compile a node and return its first rows (CLI-119)."""
    node, compiler = compile_task(task)
    code = "" if task.compiled is None else task.compiled.code
    if isinstance(node, Seed):
        code = f"select * from {this_relation(task.world, node)}"  # noqa: S608 (a rendered name)
    with task.timed("execute"):
        sql = _show_sql(task, node, compiler, code)
        answer = task.session.execute(sql, fetch=True)
    if task.compiled is not None:
        # What was sent is what artifacts show; the file has the model's own code.
        task.compiled = msgspec.structs.replace(task.compiled, code=sql)
    return Done(response=answer.response, column_names=answer.column_names, rows=answer.rows)


def _show_sql(task: Task, node: Node, compiler: Compiler, code: str) -> str:
    limit = task.setting.show.limit
    parts = RunParts(resolver=compiler.resolver(node), code=code, path=code_path(node))
    subject = run_subject(task.world, node, parts)
    arguments = (code, node.config.get("sql_header"), limit)
    return str(call_macro("get_show_sql", task.world, subject, arguments))
