"""Reading `ref('x')` and `source('a', 'b')` where they stand as plain text in YAML."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from upriver.graph.drafts import Scope
from upriver.problems import Span
from upriver.resources.calls import Facts, RefCall, SourceCall

_TEXT = r"""\s*(?:'([^'\\]*)'|"([^"\\]*)")\s*"""
_REF = re.compile(
    rf"\s*(?:\{{\{{-?\s*)?ref\({_TEXT}(?:,{_TEXT})?"
    r"(?:,\s*(?:v|version)\s*=\s*(?:'([^'\\]*)'|\"([^\"\\]*)\"|(\d+)|(\d+\.\d+))\s*)?\)"
    r"\s*(?:-?\}\}\s*)?"
)
_SOURCE = re.compile(rf"\s*(?:\{{\{{-?\s*)?source\({_TEXT},{_TEXT}\)\s*(?:-?\}}\}}\s*)?")
_MAY_ASK = re.compile(r"\b(?:ref|source|metric|function)\s*\(|\{\{")


def read_call(text: str) -> RefCall | SourceCall | None:
    """Return the call a text consists of; None if it is anything else."""
    match = _REF.fullmatch(text)
    if match is not None:
        first, second, third, fourth, v_single, v_double, v_int, v_float = match.groups()
        a = first if first is not None else second
        b = third if third is not None else fourth
        version: str | int | float | None = v_single if v_single is not None else v_double
        if v_int is not None:
            version = int(v_int)
        elif v_float is not None:
            version = float(v_float)
        if b is None:
            return RefCall(name=a, version=version)
        return RefCall(name=b, package=a, version=version)
    match = _SOURCE.fullmatch(text)
    if match is not None:
        first, second, third, fourth = match.groups()
        return SourceCall(
            source=first if first is not None else second,
            table=third if third is not None else fourth,
        )
    return None


class Asked:
    """References gathered from texts, in order, as often as they were made."""

    def __init__(self) -> None:
        self.refs: list[RefCall] = []
        self.sources: list[SourceCall] = []
        self.macros: dict[str, None] = {}
        self.configs: list[dict[str, Any]] = []

    def add(self, call: RefCall | SourceCall) -> None:
        """Add one call."""
        if isinstance(call, RefCall):
            self.refs.append(call)
        else:
            self.sources.append(call)

    def add_facts(self, facts: Facts) -> None:
        """Add what a rendered template asked for."""
        self.refs += facts.refs
        self.sources += facts.sources
        self.macros.update(dict.fromkeys(facts.macros))
        self.configs.extend(facts.configs)


def gather(scope: Scope, value: Any, package: str, span: Span, asked: Asked) -> None:
    """Gather the references in a test argument, however nested (PROJ-202, PROJ-207)."""
    if isinstance(value, str):
        # Most arguments are names and plain values.
        if "(" not in value and "{" not in value:
            return
        call = read_call(value)
        if call is not None:
            asked.add(call)
        elif _MAY_ASK.search(value):
            _render(scope, value, package, span, asked)
    elif isinstance(value, dict):
        for item in value.values():
            gather(scope, item, package, span, asked)
    elif isinstance(value, list | tuple):
        for item in value:
            gather(scope, item, package, span, asked)


def _render(scope: Scope, text: str, package: str, span: Span, asked: Asked) -> None:
    rendered = scope.inputs.templates.render_argument(text, package)
    # dbt does not count the macros that an argument calls.
    asked.add_facts(msgspec.structs.replace(rendered.facts, macros=()))
    if rendered.problem is not None:
        scope.problems.append(
            msgspec.structs.replace(rendered.problem, span=rendered.problem.span or span)
        )


def render_text(scope: Scope, text: str, package: str, span: Span) -> Any:
    """Render one YAML value that may hold Jinja; a failure is reported and gives the text."""
    if "{{" not in text and "{%" not in text:
        return text
    rendered = scope.inputs.templates.render_argument(text, package)
    if rendered.problem is None:
        return rendered.value
    scope.problems.append(
        msgspec.structs.replace(rendered.problem, span=rendered.problem.span or span)
    )
    return text
