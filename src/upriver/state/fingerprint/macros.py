"""Which macros take part in building a resource, and their texts.

A project's own macros count by their normalised text, transitively. Macros that come with the tool
count by name only: their meaning is the tool's, whichever tool it is. But a project may replace
one of them (`default__create_table_as`, a materialization); so for each built-in macro it is known
which names it reaches, and whatever macro of the project answers to one of those counts.

Naming macros and generic tests are left out: they say where a relation lies, or what is asked of
it, not what is in it. A model that calls one itself counts it like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import msgspec

from upriver.digest import digest_value
from upriver.resources.macro import Macro
from upriver.state.fingerprint.words import Text

_NAMING = ("generate_schema_name", "generate_database_name", "generate_alias_name")


class MacroSource(msgspec.Struct, frozen=True, kw_only=True):
    """One macro of either side."""

    sql: str
    depends_on: tuple[str, ...] = ()


class MacroPart(msgspec.Struct, frozen=True, kw_only=True):
    """What macros contribute to one resource."""

    digest: str
    ids: tuple[str, ...] = ()
    """The project's own macros that take part, sorted."""
    asks: tuple[str, ...] = ()
    volatile: tuple[str, ...] = ()


class BuiltIn(msgspec.Struct, frozen=True, kw_only=True):
    """The built-in macros of this tool: the names each one reaches, itself included."""

    reached: Mapping[str, frozenset[str]]
    prefixes: tuple[str, ...]
    """Dispatch prefixes, nearest first, with `default`."""


def built_in(macros: Iterable[Macro], adapter_types: tuple[str, ...]) -> BuiltIn:
    """Index the built-in macros by the names they may reach."""
    prefixes = (*adapter_types, "default")
    calls: dict[str, set[str]] = {}
    for macro in macros:
        names = calls.setdefault(macro.name, set())
        names.update(call.rpartition(".")[2] for call in macro.calls)
        for name, _ in macro.dispatches:
            names.add(name)
            names.update(f"{prefix}__{name}" for prefix in prefixes)
    return BuiltIn(
        reached={name: _reach(name, calls) for name in calls},
        prefixes=prefixes,
    )


def _reach(name: str, calls: Mapping[str, set[str]]) -> frozenset[str]:
    seen = {name}
    waiting = [name]
    while waiting:
        for called in calls.get(waiting.pop(), ()):
            if called not in seen:
                seen.add(called)
                waiting.append(called)
    return frozenset(seen)


class Macros:
    """The macros of one side, local or published; answers are worked out once per question."""

    def __init__(
        self,
        sources: Mapping[str, MacroSource],
        tool: BuiltIn,
        *,
        is_built_in: Callable[[str], bool],
        root: str,
        read: Callable[[str], Text],
    ) -> None:
        """`is_built_in` tells by a macro's package."""
        self._sources = sources
        self._tool = tool
        self._is_built_in = is_built_in
        self._root = root
        self._read = read
        self._texts: dict[str, Text] = {}
        self._parts: dict[tuple[object, ...], MacroPart] = {}
        self._own: dict[str, list[str]] = {}
        """The project's own macros by name; the root project's first."""
        for unique_id in sources:
            _, package, name = unique_id.split(".", 2)
            if not is_built_in(package):
                found = self._own.setdefault(name, [])
                found.insert(0 if package == root else len(found), unique_id)

    def part(
        self,
        ids: tuple[str, ...],
        names: tuple[str, ...],
        package: str,
        materialized: str | None,
    ) -> MacroPart:
        """Return what macros contribute to a resource that calls these and is built so."""
        key = (ids, names, package if names else "", materialized)
        found = self._parts.get(key)
        if found is None:
            found = self._parts[key] = self._part(ids, names, package, materialized)
        return found

    def text(self, unique_id: str) -> Text:
        """Return what a macro says."""
        found = self._texts.get(unique_id)
        if found is None:
            found = self._texts[unique_id] = self._read(self._sources[unique_id].sql)
        return found

    def builds_its_own(self, materialized: str) -> bool:
        """Whether a materialization is the project's own, or of one of its packages."""
        return bool(self._materializations(materialized))

    def _part(
        self,
        ids: tuple[str, ...],
        names: tuple[str, ...],
        package: str,
        materialized: str | None,
    ) -> MacroPart:
        start = [*ids, *self._named(names, package)]
        reached: set[str] = set()
        if materialized is not None:
            own = self._materializations(materialized)
            start += own
            if not own:
                for prefix in self._tool.prefixes:
                    reached |= self._replaceable(f"materialization_{materialized}_{prefix}")
        taking_part = self._closure(start, reached)
        texts = [self.text(unique_id) for unique_id in taking_part]
        return MacroPart(
            digest=digest_value(
                [(i, text.digest) for i, text in zip(taking_part, texts, strict=True)]
            ),
            ids=taking_part,
            asks=tuple(dict.fromkeys(ask for text in texts for ask in text.asks)),
            volatile=tuple(dict.fromkeys(word for text in texts for word in text.volatile)),
        )

    def _closure(self, start: Iterable[str], reached: set[str]) -> tuple[str, ...]:
        found: set[str] = set()
        waiting = [*start, *(i for name in reached for i in self._own.get(name, ()))]
        seen_names = set(reached)
        while waiting:
            unique_id = waiting.pop()
            if unique_id in found:
                continue
            _, package, name = unique_id.split(".", 2)
            if self._is_built_in(package):
                for one in self._replaceable(name) - seen_names:
                    seen_names.add(one)
                    waiting += self._own.get(one, ())
            elif unique_id in self._sources:
                found.add(unique_id)
                waiting += self._sources[unique_id].depends_on
        return tuple(sorted(found))

    def _replaceable(self, name: str) -> frozenset[str]:
        reached = self._tool.reached.get(name, frozenset())
        return frozenset(one for one in reached if not _is_left_out(one))

    def _named(self, names: tuple[str, ...], package: str) -> list[str]:
        found: list[str] = []
        for name in names:
            namespace, dot, rest = name.partition(".")
            if dot and f"macro.{namespace}.{rest}" in self._sources:
                found.append(f"macro.{namespace}.{rest}")
            candidates = (f"macro.{package}.{namespace}", f"macro.{self._root}.{namespace}")
            own = next((one for one in candidates if one in self._sources), None)
            if own is not None:
                found.append(own)
            elif namespace in self._tool.reached:
                found.append(f"macro.dbt.{namespace}")
            elif namespace == "dbt" and rest in self._tool.reached:
                found.append(f"macro.dbt.{rest}")
        return found

    def _materializations(self, materialized: str) -> list[str]:
        for prefix in self._tool.prefixes:
            found = self._own.get(f"materialization_{materialized}_{prefix}")
            if found:
                return found[:1]
        return []


def _is_left_out(name: str) -> bool:
    bare = name.rpartition("__")[2]
    return bare in _NAMING or bare.startswith("test_")
