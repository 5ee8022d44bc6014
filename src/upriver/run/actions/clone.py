"""Clone: put a copy of a published relation at the target's name (deferral.md section 10).

`clone` does nothing else; a model or a snapshot that later runs add to may be copied before its
first build.
"""

from __future__ import annotations

import msgspec

from upriver.plan.plan import Decision
from upriver.problems import WarehouseError
from upriver.resources.nodes import Node
from upriver.run.actions.building import type_of
from upriver.run.compile import Compiler, code_path, node_of
from upriver.run.materialize import Materialized, materialize, response_of
from upriver.run.relations import decided_relation
from upriver.run.setting import CloneOptions
from upriver.run.subjects import RunParts
from upriver.run.task import Done, Task

_MATERIALIZATION = "clone"
_NOTHING = "No-op"


def run_clone(task: Task) -> Done:
    """Run the `clone` materialization, which chooses between a copy and a view.

    A node that was never published has nothing to clone; that is no failure.
    """
    step = task.step
    if step.clone is None:
        return Done(message=f"No relation found in state manifest for {step.unique_id}")
    with task.timed("execute"):
        made = _made(task, step.clone, task.setting.cloning)
    if made.main is None:
        return Done(message=_NOTHING)
    response = response_of(made.main)
    # Nothing is known of a relation that was there and stays.
    made_type = None if response.message == _NOTHING else type_of(made)
    return Done(message=response.message, response=response, relation_type=made_type)


def clone_first(task: Task) -> None:
    """Copy what the step's plan says is copied before it is built; all of it, as a table."""
    source = task.step.clone
    if source is None:
        return
    try:
        _made(task, source, CloneOptions(mode="copy"))
    except WarehouseError as error:
        message = f"{source.relation_name} could not be copied before it is added to: {error}"
        raise WarehouseError(message) from error


def _made(task: Task, source: Decision, options: CloneOptions) -> Materialized:
    node = _plain(node_of(task.step, task.world))
    names = {
        "upriver_clone": {
            "mode": options.mode,
            "is_partial": options.is_partial,
            "is_replaced": task.step.is_whole,
            "source": decided_relation(task.world, source),
        }
    }
    parts = RunParts(
        resolver=Compiler(task.step, task.world).resolver(node),
        code=_query(str(names["upriver_clone"]["source"]), options),
        path=code_path(node),
        names=names,
    )
    return materialize(task, node, _MATERIALIZATION, parts, needs_main=False)


def _query(source: str, options: CloneOptions) -> str:
    lines = [f"select * from {source}"]  # noqa: S608 (a rendered name)
    if options.where is not None:
        lines.append(f"where (\n{options.where}\n)")
    if options.limit is not None:
        lines.append(f"limit {options.limit}")
    return "\n".join(lines)


def _plain(node: Node) -> Node:
    """Return the node as one that selects from a relation.

    That is SQL whatever the model is written in, and has the columns of the relation, which may be
    older than the contract: the next run checks that.
    """
    contract = {**(node.config.get("contract") or {}), "enforced": False}
    config = {**node.config, "contract": contract}
    return msgspec.structs.replace(node, language="sql", config=config)
