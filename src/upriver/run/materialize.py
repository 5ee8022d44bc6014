"""Materialize: run the macro that builds a node, and see that it did its part (JINJA-171..177).

A materialization is a macro, because packages bring their own. It gets a fresh context, issues its
statements through the worker's session, and returns the relations it built. A failure anywhere
rolls back what the warehouse can roll back, and the relation cache with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from upriver.jinja.context import build_context, call_in
from upriver.jinja.errors import CompilationError
from upriver.jinja.results import ResponseView
from upriver.resources.answers import ListedRelation, Response
from upriver.resources.macro import Macro
from upriver.resources.nearest import nearest_hint
from upriver.resources.nodes import Node
from upriver.resources.relation import RelationName
from upriver.run.plain_build import build_plainly
from upriver.run.python_job import python_runner
from upriver.run.subjects import RunParts, run_subject
from upriver.run.task import Task


class Materialized(msgspec.Struct, frozen=True, kw_only=True):
    """What a materialization left behind."""

    relations: tuple[Any, ...]
    """Relation objects, as the macro returned them."""
    main: Any
    """The stored result of the statement `main`; None where none ran."""


def materialize(
    task: Task, node: Node, name: str, parts: RunParts, *, needs_main: bool = True
) -> Materialized:
    """Run the materialization `name` for a node; raises CompilationError or WarehouseError.

    Without `needs_main` a materialization may find that there is nothing to do.
    """
    macro = find_materialization(task, node, name)
    made = build_plainly(task, node, macro, parts)
    if made is not None:
        _tell_cache(task, made.relation)
        return Materialized(relations=(made.relation,), main={"response": made.response})
    names: dict[str, Any] = {"write": write_to(task, node.package, parts.path)}
    if node.language == "python":
        names["submit_python_job"] = python_runner(task, node)
    context = build_context(task.world, run_subject(task.world, node, parts, names))
    returned = call_in(context, macro)
    main = context.results.load("main")
    if main is None and needs_main:
        raise CompilationError(
            f"The materialization `{name}` ran no statement named `main`",
            node,
            code="materialization-without-main",
            hint="Run the statement that builds the relation with `{% call statement('main') %}`",
        )
    relations = _relations(returned, name, node)
    for relation in relations:
        # Functions are no relations: a table may have the name of one.
        if not relation.is_function:
            _tell_cache(task, relation)
    return Materialized(relations=relations, main=main)


def write_to(task: Task, package: str, path: str) -> Callable[[str], str]:
    """Return the name `write` of a materialization (JINJA-58)."""

    def write(payload: str) -> str:
        task.write_sent(package, path, payload)
        return ""

    return write


def find_materialization(task: Task, node: Node, name: str) -> Macro:
    """Find the macro of a materialization that supports the node's language."""
    macro = task.setting.macros.find_materialization(name)
    if macro is None:
        dialect = task.world.dialect
        searched = ", ".join((dialect.type, *dialect.parents, "default"))
        raise CompilationError(
            f"There is no materialization `{name}` for {dialect.type} (looked for {searched})",
            node,
            code="materialization-not-found",
            hint=nearest_hint(name, _materializations(task)),
        )
    languages = macro.supported_languages or ("sql",)
    if node.language not in languages:
        raise CompilationError(
            f"The materialization `{name}` builds {' and '.join(languages)} models, and"
            f" `{node.name}` is written in {node.language}",
            node,
            code="materialization-language",
        )
    return macro


def _materializations(task: Task) -> set[str]:
    """Names of all materializations, without the adapters they are for."""
    prefix = "materialization_"
    names = (unique_id.rpartition(".")[2] for unique_id in task.setting.graph.macros)
    return {
        name.removeprefix(prefix).rpartition("_")[0] for name in names if name.startswith(prefix)
    }


def response_of(main: Any) -> Response:
    """Return the response of a stored result, whoever made it."""
    response = main["response"]
    if isinstance(response, ResponseView):
        return response.response
    return response if isinstance(response, Response) else Response(message=str(response))


def _relations(returned: Any, name: str, node: Node) -> tuple[Any, ...]:
    found = returned.get("relations") if isinstance(returned, Mapping) else None
    if not isinstance(found, list | tuple):
        raise CompilationError(
            f"The materialization `{name}` must return the relations it built, and returned"
            f" `{returned!s:.80}`",
            node,
            code="materialization-without-relations",
            hint="End it with `{{ return({'relations': [target_relation]}) }}`",
        )
    return tuple(found)


def _tell_cache(task: Task, relation: Any) -> None:
    name = RelationName(
        database=relation.database, schema=relation.schema, identifier=relation.identifier
    )
    task.session.cache_added(ListedRelation(name=name, type=str(relation.type or "table")))
