"""The comment that marks every statement with what sent it (PROJ-246)."""

from __future__ import annotations

import json
from collections.abc import Callable

from upriver.jinja.context import render_node
from upriver.resources.nodes import Resource
from upriver.run.compile import any_reference
from upriver.run.graph_view import resource_dict
from upriver.run.result_view import ViewedDict
from upriver.run.subjects import operation_subject
from upriver.run.world import RunWorld
from upriver.workspace.settings import QueryComment

_CONNECTION_NAME = "master"


def step_comment(world: RunWorld, resource: Resource | None) -> Callable[[str], str] | None:
    """Return what marks the statements of one step; None where comments are off.

    Hooks and operations are not nodes of the graph in dbt's eyes: they are marked with the
    connection's name.
    """
    setting = world.setting.query_comment
    if setting.is_off:
        return None
    if resource is not None and resource.unique_id.startswith("operation."):
        resource = None
    if setting.comment is None:
        return commenter(setting, _default(world, resource))
    if "{" not in setting.comment:
        return commenter(setting, setting.comment)
    node = None if resource is None else ViewedDict(resource_dict(resource))
    names = {
        "connection_name": _CONNECTION_NAME if node is None else node["unique_id"],
        "node": node,
    }
    subject = operation_subject(world.project_name, None, any_reference(world), names)
    return commenter(setting, render_node(world, subject, setting.comment))


def _default(world: RunWorld, resource: Resource | None) -> str:
    target = world.target()
    return default_comment(
        world.invocation().dbt_version,
        str(target.get("profile_name", "")),
        str(target.get("target_name") or target.get("name", "")),
        None if resource is None else resource.unique_id,
    )


def default_comment(
    dbt_version: str, profile_name: str, target_name: str, node_id: str | None
) -> str:
    """Return dbt's own comment: JSON that says which node, or that a command, sent it."""
    who = {"connection_name": _CONNECTION_NAME} if node_id is None else {"node_id": node_id}
    return json.dumps(
        {
            "app": "dbt",
            "dbt_version": dbt_version,
            "profile_name": profile_name,
            "target_name": target_name,
            **who,
        }
    )


def commenter(setting: QueryComment, text: str) -> Callable[[str], str] | None:
    """Return what adds the rendered comment to a statement; None where comments are off.

    A comment that would end itself early is left out rather than sent as SQL.
    """
    text = text.strip()
    if setting.is_off or not text or "*/" in text:
        return None
    comment = f"/* {text} */"
    if not setting.append:
        head = f"{comment}\n"
        return head.__add__

    def append(sql: str) -> str:
        bare = sql.rstrip()
        if bare.endswith(";"):
            return f"{bare[:-1]}\n{comment};"
        return f"{bare}\n{comment}"

    return append
