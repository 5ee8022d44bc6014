"""Parse-time rendering: run a template with `execute` false and note what it asks for."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from upriver.jinja.config import CaptureConfig
from upriver.jinja.context import build_context, render
from upriver.jinja.environment import native_values
from upriver.jinja.errors import Origin, located
from upriver.jinja.relation import relation_of
from upriver.jinja.scope import Context
from upriver.jinja.subject import Subject
from upriver.jinja.world import World
from upriver.resources.calls import Facts, RefCall, SourceCall
from upriver.resources.nodes import kind_of
from upriver.resources.relation import RelationName


class Capture:
    """Private working state of one parse: what was asked, in order; macros once each."""

    def __init__(self, this: Any) -> None:
        """`this` is the answer to every reference: the node's own relation (JINJA-38)."""
        self._this = this
        self.refs: list[RefCall] = []
        self.sources: list[SourceCall] = []
        self.metrics: dict[RefCall, None] = {}
        self.functions: dict[RefCall, None] = {}
        self.configs: list[dict[str, Any]] = []
        self.macros: dict[str, None] = {}

    def ref(self, call: RefCall) -> Any:
        """Note a ref."""
        self.refs.append(call)
        return self._this

    def source(self, call: SourceCall) -> Any:
        """Note a source."""
        self.sources.append(call)
        return self._this

    def metric(self, call: RefCall) -> Any:
        """Note a metric; the answer renders as its name."""
        self.metrics[call] = None
        return call.name

    def function(self, call: RefCall) -> Any:
        """Note a function."""
        self.functions[call] = None
        return self._this

    def config(self, values: dict[str, Any]) -> None:
        """Note a config call; a template may change lists it passed, so they are copied."""
        self.configs.append(copy.deepcopy(values))

    def macro(self, unique_id: str) -> None:
        """Note a macro called directly."""
        self.macros[unique_id] = None

    def facts(self) -> Facts:
        """Return what was asked."""
        return Facts(
            refs=tuple(self.refs),
            sources=tuple(self.sources),
            metrics=tuple(self.metrics),
            functions=tuple(self.functions),
            configs=tuple(self.configs),
            macros=tuple(self.macros),
        )


def capture_facts(
    text: str,
    world: World,
    package: str,
    unique_id: str,
    name: str,
    *,
    this: object = None,
    extra: Mapping[str, object] | None = None,
    origin: Origin | None = None,
) -> Facts:
    """Render a node's text and return the refs, sources, configs and macros it was seen to use.

    Raises CompilationError for syntax errors and for errors the template raises itself.
    """
    capture, context = _capturing(world, package, unique_id, name, this=this, extra=extra)
    render(text, context, origin)
    return capture.facts()


def capture_native(
    text: str, world: World, package: str, unique_id: str, name: str
) -> tuple[Any, Facts]:
    """Render a text of YAML natively, and return its value with what it asked for."""
    capture, context = _capturing(world, package, unique_id, name)
    place = Origin(file="", unique_id=unique_id, name=name)
    try:
        values = native_values(text, context.names, world.remember, origin=place)
    except Exception as error:
        raise located(error, place, context.known_names()) from error
    value = values[0] if len(values) == 1 else "".join(map(str, values))
    return value, capture.facts()


def _capturing(
    world: World,
    package: str,
    unique_id: str,
    name: str,
    *,
    this: object = None,
    extra: Mapping[str, object] | None = None,
) -> tuple[Capture, Context]:
    target = world.target()
    database, schema = target.get("database"), target.get("schema")
    if this is None:
        # The real name is settled when all files are known.
        own = RelationName(database=database, schema=schema, identifier=name)
        this = relation_of(world.dialect, own, world.quoting)
    capture = Capture(this)

    def model() -> dict[str, Any]:
        return {
            "unique_id": unique_id, "name": name, "alias": name, "package_name": package,
            "resource_type": kind_of(unique_id), "database": database, "schema": schema,
            "config": {}, "columns": {}, "tags": [], "meta": {}, "description": "",
            "language": "sql", "depends_on": {"nodes": [], "macros": []}, "refs": [],
            "sources": [],
        }  # fmt: skip

    subject = Subject(
        package=package,
        resolver=capture,
        config=CaptureConfig(capture.config),
        name=name,
        unique_id=unique_id,
        this=this,
        model=model,
        pre_hooks=(),
        post_hooks=(),
        extra=extra or {},
        is_capturing=True,
        on_macro=capture.macro,
    )
    return capture, build_context(world, subject)
