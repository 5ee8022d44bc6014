"""Statements that name what may not be read are not sent.

Rules about data that must not cross environments are kept by planning, as far as references go. A
name that a template or a macro writes out is known for certain only when its statement is.
"""

from __future__ import annotations

from collections.abc import Callable

from upriver.jinja.errors import CompilationError
from upriver.problems import Span
from upriver.resources.macro import Macro
from upriver.resources.nodes import Node, Resource
from upriver.state.rules.denial import Denials
from upriver.state.rules.written import names_read, written_hint


def written_guard(
    denials: Denials | None, resource: Resource | Macro | None
) -> Callable[[str], None] | None:
    """Return what raises CompilationError for a statement that a rule denies; None without rules."""
    if denials is None:
        return None

    def look_at(sql: str) -> None:
        for name in names_read(sql):
            rule = denials.of_written(name.relation)
            if rule is not None and rule.written == "deny":
                raise CompilationError(
                    f"A statement names {name.text}, which the rule `{rule.name}` denies",
                    code="deferral-denied",
                    span=_place(resource, name.relation.identifier or ""),
                    hint=written_hint(rule),
                )

    return look_at


def _place(resource: Resource | Macro | None, identifier: str) -> Span | None:
    """Return the line of a node's own text that has the name, if one has."""
    if not isinstance(resource, Node):
        return None
    for at, line in enumerate(resource.raw_code.lower().splitlines()):
        if identifier.lower() in line:
            return Span(file=resource.original_file_path, line=resource.line + at)
    return None
