"""Clone: put a copy of the published relation at the target's name (deferral.md section 10)."""

from __future__ import annotations

from upriver.resources.nodes import Node
from upriver.run.actions.building import type_of
from upriver.run.compile import Compiler, code_path, node_of
from upriver.run.materialize import materialize, response_of
from upriver.run.relations import deferred_relation
from upriver.run.subjects import RunParts
from upriver.run.task import Done, Task
from upriver.state.baseline import is_deferrable

_MATERIALIZATION = "clone"


def run_clone(task: Task) -> Done:
    """Run the `clone` materialization, which chooses between a copy and a view.

    A node that was never published has nothing to clone; that is no failure.
    """
    node = node_of(task.step, task.world)
    published = task.setting.published.get(node.unique_id)
    if published is None or not is_deferrable(published):
        return Done(message=f"No relation found in state manifest for {node.unique_id}")
    source = deferred_relation(task.world, published)
    with task.timed("execute"):
        parts = _parts(task, node, str(source))
        made = materialize(task, node, _MATERIALIZATION, parts, needs_main=False)
    if made.main is None:
        return Done(message="No-op")
    response = response_of(made.main)
    return Done(message=response.message, response=response, relation_type=type_of(made))


def _parts(task: Task, node: Node, source: str) -> RunParts:
    compiler = Compiler(task.step, task.world)
    return RunParts(
        resolver=compiler.resolver(node),
        code=f"select * from {source}",  # noqa: S608 (a rendered name)
        path=code_path(node),
    )
