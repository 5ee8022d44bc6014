"""By which columns the rows of a relation can be told apart, as far as the project says so.

A key is declared by a primary key or a uniqueness constraint, tested by a test of uniqueness, or
configured as `unique_key`. Whether it holds is for whoever uses it to find out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from upriver.graph.graph import Graph
from upriver.resources.nodes import Model, Node, Test

_COMBINATIONS = ("combination_of_columns", "column_list", "combination", "columns")
"""Arguments under which packages' tests of uniqueness take several columns."""


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """Columns that should tell rows apart, and who says so."""

    columns: tuple[str, ...]
    origin: str


def keys_of(graph: Graph, unique_id: str) -> tuple[Key, ...]:
    """Return the keys of a resource, the most trustworthy first."""
    node = graph.resources[unique_id]
    if not isinstance(node, Node):
        return ()
    found = [*_declared(node), *_tested(graph, unique_id), *_configured(node.config)]
    return tuple({key.columns: key for key in reversed(found)}.values())[::-1]


def _declared(node: Node) -> Iterator[Key]:
    constraints = node.constraints if isinstance(node, Model) else ()
    for kind in ("primary_key", "unique"):
        origin = f"{kind.replace('_', ' ')} constraint"
        for constraint in constraints:
            if constraint.get("type") == kind and constraint.get("columns"):
                yield Key(columns=tuple(map(_plain, constraint["columns"])), origin=origin)
        for column in node.columns.values():
            if any(constraint.get("type") == kind for constraint in column.constraints):
                yield Key(columns=(_plain(column.name),), origin=origin)


def _tested(graph: Graph, unique_id: str) -> list[Key]:
    """Return keys that tests assert; of several the one whose columns are tested not to be null."""
    keys: list[Key] = []
    filled: set[str] = set()
    for child in graph.children.get(unique_id, ()):
        test = graph.resources[child] if child.startswith("test.") else None
        if not isinstance(test, Test) or test.attached_node != unique_id:
            continue
        name = (test.test_name or "").rpartition(".")[2]
        if name == "not_null" and test.column_name:
            filled.add(_plain(test.column_name))
        # A test of some rows says nothing of the others.
        if "uniq" in name and not test.config.get("where"):
            keys += _of_test(name, test)
    return sorted(keys, key=lambda key: not filled.issuperset(key.columns))


def _of_test(name: str, test: Test) -> Iterator[Key]:
    if name == "unique" and test.column_name:
        yield Key(columns=(_plain(test.column_name),), origin="test unique")
        return
    for argument in _COMBINATIONS:
        columns = test.test_kwargs.get(argument)
        if isinstance(columns, list | tuple) and columns:
            yield Key(columns=tuple(map(_plain, columns)), origin=f"test {name}")


def _configured(config: Mapping[str, Any]) -> Iterator[Key]:
    key = config.get("unique_key")
    columns = [key] if isinstance(key, str) else key
    # A snapshot keeps several rows of a key on purpose.
    if isinstance(columns, list | tuple) and columns and not config.get("strategy"):
        yield Key(columns=tuple(map(_plain, columns)), origin="unique_key")


def _plain(name: Any) -> str:
    """Return a column's name without the quotes that a property file may give it."""
    return str(name).strip().strip('"`')
