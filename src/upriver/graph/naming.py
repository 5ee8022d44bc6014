"""Names in the warehouse: alias, schema, database, and the relation they render to.

dbt evaluates `generate_alias_name`, `generate_schema_name` and `generate_database_name` for every
node (PROJ-176..179). Where nobody overrides them their result is known without rendering; where
somebody does, the caller's `naming` is asked, and the answer is kept when it cannot depend on the
node.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Literal

from upriver.graph.inputs import LinkInputs
from upriver.graph.macros import MacroIndex
from upriver.problems import Problem
from upriver.resources.calls import Version
from upriver.resources.dialect import merge_quoting, quote, render_name
from upriver.resources.macro import Macro
from upriver.resources.relation import Quoting, RelationName

Part = Literal["alias", "schema", "database"]
_PARTS: tuple[Part, ...] = ("alias", "schema", "database")
NodeView = Callable[[], Mapping[str, Any]]

_SIGNATURE = re.compile(r"\{%-?\s*macro\b.*?%\}", re.DOTALL)
_NODE_USES = re.compile(r"\bnode\b(?:\.(\w+))?")
_UNKNOWN_INPUTS = re.compile(r"\b(?:model|this|context|config|graph|kwargs|varargs|caller)\b")
_CHEAP = frozenset({"resource_type", "package_name"})
"""Attributes of a node that many nodes share; answers are kept for each of their values."""


class Names:
    """Gives nodes their names in the target."""

    def __init__(self, inputs: LinkInputs, macros: MacroIndex) -> None:
        self._inputs = inputs
        self._macros = macros
        root = next((p for p in inputs.packages if p.name == inputs.root), None)
        self.quoting: Quoting = merge_quoting(
            inputs.dialect.quoting, dict(root.quoting) if root else None
        )
        self._uses: dict[tuple[Part, str], frozenset[str] | None] = {}
        self._is_native: dict[tuple[Part, str], bool] = {}
        self._are_native: dict[str, bool] = {}
        self._kept: dict[tuple[Any, ...], str | Problem | None] = {}
        self._prefixes: dict[tuple[str | None, str], str] = {}

    def are_default(self, package: str) -> bool:
        """Whether a package's nodes are named as dbt names them, with no macro that says more."""
        known = self._are_native.get(package)
        if known is None:
            known = all(self._is_default(part, package) for part in _PARTS)
            self._are_native[package] = known
        return known

    def alias(
        self, package: str, custom: str | None, name: str, version: Version | None, view: NodeView
    ) -> str | Problem:
        """Return a node's alias (PROJ-176)."""
        if self._is_default("alias", package):
            return default_alias(custom, name, version)
        answer = self._ask("alias", package, custom, view)
        return answer if isinstance(answer, Problem) else (answer or "")

    def schema(self, package: str, custom: str | None, view: NodeView) -> str | Problem:
        """Return a node's schema (PROJ-177)."""
        if self._is_default("schema", package):
            return default_schema(custom, self._inputs.schema)
        answer = self._ask("schema", package, custom, view)
        return answer if isinstance(answer, Problem) else (answer or "")

    def database(self, package: str, custom: str | None, view: NodeView) -> str | Problem | None:
        """Return a node's database (PROJ-178)."""
        if self._is_default("database", package):
            return default_database(custom, self._inputs.database)
        return self._ask("database", package, custom, view)

    def relation(self, database: str | None, schema: str, identifier: str) -> str:
        """Render a node's relation. A node's own `quoting` config has no say in it: dbt renders
        with the project's over the adapter's (observed; PROJ-180).
        """
        prefix = self._prefixes.get((database, schema))
        dialect = self._inputs.dialect
        if prefix is None:
            part = RelationName(database=database, schema=schema, identifier=None)
            prefix = render_name(dialect, part, self.quoting)
            prefix = f"{prefix}." if prefix and dialect.include.identifier else prefix
            self._prefixes[database, schema] = prefix
        if not identifier or not dialect.include.identifier:
            return prefix.rstrip(".")
        return prefix + (quote(dialect, identifier) if self.quoting.identifier else identifier)

    def _is_default(self, part: Part, package: str) -> bool:
        known = self._is_native.get((part, package))
        if known is None:
            overrides = self._macros.overrides(f"generate_{part}_name", package)
            known = not overrides
            self._is_native[part, package] = known
            if overrides:
                self._uses[part, package] = node_uses(overrides)
        return known

    def _ask(
        self, part: Part, package: str, custom: str | None, view: NodeView
    ) -> str | Problem | None:
        uses = self._uses[part, package]
        node = view() if uses is None or uses else None
        if uses is None:
            return self._call(part, package, custom, node or {})
        values = tuple(node[use] for use in sorted(uses)) if node is not None else ()
        key = (part, package, custom, values)
        if key not in self._kept:
            self._kept[key] = self._call(part, package, custom, view())
        return self._kept[key]

    def _call(
        self, part: Part, package: str, custom: str | None, node: Mapping[str, Any]
    ) -> str | Problem | None:
        answer = self._inputs.naming(f"generate_{part}_name", package, custom, node)
        return answer.strip() if isinstance(answer, str) else answer


def default_alias(custom: str | None, name: str, version: Version | None) -> str:
    """Return the alias a node has unless a macro says otherwise (PROJ-176)."""
    if custom:
        return str(custom).strip()
    return f"{name}_v{str(version).replace('.', '_')}" if version is not None else name


def default_schema(custom: str | None, schema: str) -> str:
    """Return the schema a node has unless a macro says otherwise (PROJ-177)."""
    return schema if custom is None else f"{schema}_{str(custom).strip()}"


def default_database(custom: str | None, database: str | None) -> str | None:
    """Return the database a node has unless a macro says otherwise (PROJ-178)."""
    return database if custom is None else str(custom).strip()


def node_uses(macros: tuple[Macro, ...]) -> frozenset[str] | None:
    """Return which shared attributes of `node` the macros read; None if they may read others."""
    uses: set[str] = set()
    for macro in macros:
        body = _SIGNATURE.sub("", macro.macro_sql, count=1)
        if _UNKNOWN_INPUTS.search(body):
            return None
        for found in _NODE_USES.finditer(body):
            if found.group(1) not in _CHEAP:
                return None
            uses.add(found.group(1))
    return frozenset(uses)
