"""The texts whose lineage is read: each resource's own code, rendered without running anything."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import msgspec

from upriver.adapters.cache import RelationCache
from upriver.adapters.session import Session
from upriver.graph.graph import Graph
from upriver.jinja.errors import CompilationError, MacroReturn
from upriver.jinja.subject import Overrides
from upriver.plan.plan import Step
from upriver.problems import WarehouseError
from upriver.project.warehouse import Door
from upriver.resources.nodes import Node
from upriver.run.compile import Compiler
from upriver.run.ctes import cte_name
from upriver.run.narrowing import EVERYTHING
from upriver.run.resolve import LocalDecisions
from upriver.run.setting import RunSetting
from upriver.run.world import RunWorld

Running = Callable[[], tuple[Door, RunSetting]]
"""Gives what running in the project's warehouse needs; nothing is opened by that."""
_ASKS_WHETHER = "is_incremental"


class Rendering:
    """Renders code; a warehouse is opened only by a template that asks it something."""

    def __init__(self, graph: Graph, running: Running) -> None:
        self._graph = graph
        self._start = running
        self._door: Door | None = None
        self._session: Session | None = None
        self._world: RunWorld | None = None

    def texts(self, node: Node, parents: Iterable[str]) -> tuple[str, ...]:
        """Return the code of a node: once, or for the first build and for later ones.

        `parents` are what it may refer to. Raises UpriverError.
        """
        if node.config.get("materialized") != "incremental" or _ASKS_WHETHER not in node.raw_code:
            return (self._text(node, parents, Overrides()),)
        overrides = (Overrides(macros={_ASKS_WHETHER: answer}) for answer in (False, True))
        return tuple(dict.fromkeys(self._text(node, parents, one) for one in overrides))

    def _text(self, node: Node, parents: Iterable[str], overrides: Overrides) -> str:
        entries = self._graph.entries
        targets = tuple(dict.fromkeys(parents))
        decisions = tuple(LocalDecisions(entries, targets, ()).values())
        step = Step(unique_id=node.unique_id, action="compile", inputs=decisions)
        compiler = Compiler(step, self._running(), narrowing=EVERYTHING, overrides=overrides)
        try:
            return compiler.own_code(msgspec.structs.replace(node, depends_on=targets))
        except MacroReturn as error:
            raise CompilationError(str(error)) from error

    def _running(self) -> RunWorld:
        if self._world is None:
            self._door, setting = self._start()
            setting = msgspec.structs.replace(setting, writer=None)
            self._session = Session(
                setting.warehouse, setting.cache or RelationCache(), name="lineage"
            )
            world = RunWorld(setting, say=lambda *_: None)
            self._world = world.for_worker(self._session)
        return self._world

    def relation_parts(self, unique_id: str) -> tuple[str, ...]:
        """Return the name under which a text reads a resource, part by part."""
        entry = self._graph.entries[unique_id]
        if entry.relation is None:
            resource = self._graph.resources[unique_id]
            return (cte_name(resource.alias if isinstance(resource, Node) else entry.name),)
        parts = (entry.relation.database, entry.relation.schema, entry.relation.identifier)
        return tuple(part for part in parts if part)

    def with_names(self, text: str, inputs: Sequence[str]) -> str:
        """Return a text with names where it reads what has none, such as a file."""
        for unique_id in inputs:
            entry = self._graph.entries[unique_id]
            rendered = entry.relation_name
            if entry.kind == "source" and rendered and not _is_name(rendered):
                text = text.replace(rendered, ".".join(map(_quoted, self.name_of(unique_id))))
        return text

    def name_of(self, unique_id: str) -> tuple[str, ...]:
        """Return the name of an input in a text that `with_names` gave."""
        entry = self._graph.entries[unique_id]
        if entry.kind == "source" and entry.relation_name and not _is_name(entry.relation_name):
            return (unique_id,)
        return self.relation_parts(unique_id)

    def columns(self, relation_name: str) -> tuple[str, ...]:
        """Return the columns that the warehouse says a relation has; none if there is none."""
        self._running()
        assert self._session is not None  # noqa: S101 - made with the world
        try:
            found = self._session.query_columns(f"select * from {relation_name}")  # noqa: S608
        except WarehouseError:
            return ()
        return tuple(column.name for column in found)

    def close(self) -> None:
        """Close what was opened."""
        if self._session is not None:
            self._session.close()
        if self._door is not None:
            self._door.close()


def _is_name(rendered: str) -> bool:
    return "(" not in rendered and "'" not in rendered


def _quoted(name: str) -> str:
    return f'"{name}"'
