"""Which columns a resource has, as far as that is said anywhere but in its query."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Mapping

import msgspec

from upriver.graph.graph import Graph
from upriver.project.opened import OpenedProject
from upriver.resources.nodes import Node, Seed, Source


class Columns(msgspec.Struct, frozen=True):
    """Columns of a resource."""

    names: tuple[str, ...]
    is_complete: bool
    """Whether there are no others."""


Ask = Callable[[str], tuple[str, ...]]


class _Table(msgspec.Struct, frozen=True):
    columns: dict[str, msgspec.Raw] = {}


class _Catalog(msgspec.Struct, frozen=True):
    nodes: dict[str, _Table] = {}
    sources: dict[str, _Table] = {}


class Schemas:
    """Columns by what contracts, files, the catalog and property files say, in this order.

    A property file need not name every column, so its word is not the last.
    """

    def __init__(self, opened: OpenedProject, graph: Graph, ask: Ask | None = None) -> None:
        """`ask` tells the columns of a relation in the warehouse."""
        self._ask = ask
        self._asked: dict[str, tuple[str, ...]] = {}
        self._graph = graph
        self._root = opened.workspace.root
        self._catalog_path = os.path.join(opened.target_path, "catalog.json")
        self._catalog: Mapping[str, _Table] | None = None

    def of(self, unique_id: str) -> Columns:
        """Return what is known of the columns of a resource."""
        resource = self._graph.resources[unique_id]
        if not isinstance(resource, Node | Source):
            return Columns((), is_complete=False)
        declared = tuple(column.name for column in resource.columns.values())
        if isinstance(resource, Node):
            contract = resource.config.get("contract") or {}
            if declared and contract.get("enforced"):
                return Columns(declared, is_complete=True)
        if isinstance(resource, Seed):
            header = self._header(resource)
            return Columns(header or declared, is_complete=bool(header))
        if isinstance(resource, Source):
            found = self._catalogued(unique_id) or self._in_warehouse(resource)
            return Columns(found or declared, is_complete=bool(found))
        return Columns(declared, is_complete=False)

    def _header(self, seed: Seed) -> tuple[str, ...]:
        path = os.path.join(seed.root_path or self._root, seed.original_file_path)
        delimiter = str(seed.config.get("delimiter") or ",")
        try:
            with open(path, encoding="utf-8-sig", newline="") as file:
                return tuple(name.strip() for name in next(csv.reader(file, delimiter=delimiter)))
        except (OSError, ValueError, TypeError, StopIteration, csv.Error):
            return ()

    def _in_warehouse(self, source: Source) -> tuple[str, ...]:
        if self._ask is None:
            return ()
        if source.unique_id not in self._asked:
            self._asked[source.unique_id] = self._ask(source.relation_name)
        return self._asked[source.unique_id]

    def _catalogued(self, unique_id: str) -> tuple[str, ...]:
        if self._catalog is None:
            self._catalog = self._read_catalog()
        found = self._catalog.get(unique_id)
        return () if found is None else tuple(found.columns)

    def _read_catalog(self) -> Mapping[str, _Table]:
        try:
            with open(self._catalog_path, "rb") as file:
                return msgspec.json.decode(file.read(), type=_Catalog).sources
        except (OSError, msgspec.MsgspecError):
            return {}
