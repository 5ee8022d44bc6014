"""Macros as linking sees them: which one a name reaches, what they call, and their patches."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from upriver.graph.inputs import LinkInputs
from upriver.resources.definitions import MacroPatch
from upriver.resources.macro import Macro

_ASKS = re.compile(
    r"\b(?:ref|source|metric|function|builtins)\s*[(.\[]|\bconfig\s*(?:\(|\.\s*(?:set|require)\b)"
)
"""Text of a test macro that could make its test depend on more than its arguments say."""

_NEVER_RECORDED = frozenset({"ref", "source"})
"""Names that dbt takes for its own wherever they are called, though a project may have macros of
these names; `builtins.ref` it takes for that macro."""

_BUILT_IN_CALL = re.compile(r"\bbuiltins\.(ref|source)\s*\(")


class MacroIndex:
    """All macros by package and name, with the look-up order of JINJA-135 and JINJA-139."""

    def __init__(self, inputs: LinkInputs, macros: Iterable[Macro]) -> None:
        self._root = inputs.root
        internal = [package.name for package in inputs.packages if package.is_internal]
        # Adapter packages shadow `dbt`, which is last.
        self._internal = (*(name for name in internal if name != "dbt"), "dbt")
        self._is_internal = frozenset(internal)
        self._prefixes = (inputs.dialect.type, *inputs.dialect.parents, "default")
        self._by_name: dict[tuple[str, str], Macro] = {}
        self._packages_by_name: dict[str, list[str]] = {}
        for macro in macros:
            self._by_name.setdefault((macro.package, macro.name), macro)
            self._packages_by_name.setdefault(macro.name, []).append(macro.package)
        self._dispatch = inputs.dispatch
        self._namespaces = {place for place, _ in self._by_name} - set(internal) | {"dbt"}
        self._asks: dict[str, bool] = {}
        self._tests: dict[tuple[str, str | None, str], Macro | None] = {}
        self._recorded_tests: dict[tuple[str, str | None, str], tuple[str, ...]] = {}

    def find(self, name: str, package: str) -> Macro | None:
        """Return the macro an unqualified call from a node of `package` reaches."""
        if name not in self._packages_by_name:
            return None
        for place in (package, self._root, *self._internal):
            macro = self._by_name.get((place, name))
            if macro is not None:
                return macro
        return None

    def has(self, name: str) -> bool:
        """Whether any package has a macro of this name."""
        return name in self._packages_by_name

    def find_in(self, namespace: str, name: str) -> Macro | None:
        """Return what `namespace.name` reaches; `dbt` is all internal packages (JINJA-136)."""
        places = self._internal if namespace == "dbt" else (namespace,)
        for place in places:
            macro = self._by_name.get((place, name))
            if macro is not None:
                return macro
        return None

    def find_test(self, name: str, namespace: str | None, package: str) -> Macro | None:
        """Return the macro of a generic test (PROJ-203); the same few are asked for each time."""
        key = (name, namespace, package)
        if key not in self._tests:
            called = f"test_{name}"
            self._tests[key] = (
                self.find(called, package)
                if namespace is None
                else self.find_in(namespace, called)
            )
        return self._tests[key]

    def recorded(self, name: str, package: str) -> Macro | None:
        """Return the macro that dbt records for an unqualified call, which is not always the one
        that is called: a package's macro counts before a built-in one, wherever it is.
        """
        places = self._packages_by_name.get(name)
        if places is None:
            return None
        others = [place for place in places if place not in self._is_internal]
        # Packages are sorted by name; dbt keeps the last.
        order = (self._root, *reversed(others), *self._internal)
        if package == "dbt" or package not in self._is_internal:
            order = (package, *order)
        return next(
            (self._by_name[one, name] for one in order if (one, name) in self._by_name), None
        )

    def recorded_tests(self, name: str, namespace: str | None, package: str) -> tuple[str, ...]:
        """Return the macros that dbt records for a generic test: the one it takes for called, and
        the one that is called where the first leads to it.
        """
        key = (name, namespace, package)
        found = self._recorded_tests.get(key)
        if found is None:
            called = self.find_test(name, namespace, package)
            first = self.recorded(f"test_{name}", package) or called
            found = () if first is None else (first.unique_id,)
            if first is not None and called is not None and called is not first:
                found += (called.unique_id,) if self._leads(first, called) else ()
            self._recorded_tests[key] = found
        return found

    def _leads(self, first: Macro, last: Macro) -> bool:
        by_id = {macro.unique_id: macro for macro in self._by_name.values()}
        seen: set[str] = set()
        waiting = [first.unique_id]
        while waiting:
            unique_id = waiting.pop()
            if unique_id not in seen:
                seen.add(unique_id)
                waiting += self.depends_on(by_id[unique_id])
        return last.unique_id in seen

    def overrides(self, name: str, package: str) -> tuple[Macro, ...]:
        """Return the macros that may take part when a node of `package` calls a built-in one:
        empty when only the one of `dbt` and its default can (PROJ-179).
        """
        found: list[Macro] = []
        for spelling in (name, *(f"{prefix}__{name}" for prefix in self._prefixes)):
            for place in self._packages_by_name.get(spelling, ()):
                is_reached = spelling != name or place in (package, self._root)
                if place != "dbt" and (is_reached or place in self._internal):
                    found.append(self._by_name[place, spelling])
        return tuple(found)

    def asks(self, macro: Macro) -> bool:
        """Tell whether rendering a test macro could show refs, sources or configs."""
        known = self._asks.get(macro.unique_id)
        if known is None:
            # Set first, so that recursion ends.
            self._asks[macro.unique_id] = False
            known = bool(_ASKS.search(macro.macro_sql)) or any(
                self.asks(called) for called in self._reachable(macro)
            )
            self._asks[macro.unique_id] = known
        return known

    def _reachable(self, macro: Macro) -> list[Macro]:
        names = [call.rpartition(".")[2] for call in macro.calls]
        names += [f"{p}__{name}" for name, _ in macro.dispatches for p in self._prefixes]
        return [
            self._by_name[place, name]
            for name in dict.fromkeys(names)
            for place in self._packages_by_name.get(name, ())
        ]

    def depends_on(self, macro: Macro) -> tuple[str, ...]:
        """Return the macros that a macro was statically seen to call (JINJA-143)."""
        found: dict[str, None] = {}
        for name, namespace in macro.dispatches:
            called = self._dispatched(name, namespace)
            # dbt takes the name itself for called as well.
            for reached in (self.recorded(name, macro.package), called):
                if reached is not None and reached is not macro:
                    found[reached.unique_id] = None
        for call in macro.calls:
            namespace, _, name = call.rpartition(".")
            if namespace:
                # A method's name counts as the macro's that is called so (observed).
                called = self.find_in(namespace, name) or self.recorded(name, self._root)
            elif name == macro.name or name in _NEVER_RECORDED:
                continue
            else:
                called = self.recorded(name, macro.package)
            if called is not None:
                found[called.unique_id] = None
        if "builtins." in macro.macro_sql:
            for name in _BUILT_IN_CALL.findall(macro.macro_sql):
                called = self.recorded(name, macro.package)
                if called is not None:
                    found[called.unique_id] = None
        return tuple(found)

    def _dispatched(self, name: str, namespace: str | None) -> Macro | None:
        """Return what `adapter.dispatch` reaches (JINJA-139), seen from the root project."""
        spellings = [f"{prefix}__{name}" for prefix in self._prefixes]
        order = self._dispatch_order(namespace)
        if order is None:
            found = (self.recorded(spelling, self._root) for spelling in spellings)
        else:
            found = (self.find_in(owner, spelling) for owner in order for spelling in spellings)
        return next((macro for macro in found if macro is not None), None)

    def _dispatch_order(self, namespace: str | None) -> tuple[str, ...] | None:
        """Return the packages that are searched; None: ordinary look-up."""
        if namespace is None:
            return None
        if namespace in self._dispatch:
            return self._dispatch[namespace]
        return (self._root, namespace) if namespace in self._namespaces else None


def patched(macro: Macro, patch: MacroPatch | None, depends_on: tuple[str, ...]) -> Macro:
    """Return a macro with its dependencies and what a property file says of it."""
    if patch is None:
        return msgspec.structs.replace(macro, depends_on=depends_on) if depends_on else macro
    config = {**patch.config}
    meta: Mapping[str, Any] = {**patch.meta, **(config.pop("meta", None) or {})}
    docs: Mapping[str, Any] = {**patch.docs, **(config.pop("docs", None) or {})}
    return msgspec.structs.replace(
        macro,
        depends_on=depends_on,
        description=patch.description,
        documented_arguments=patch.arguments,
        meta=dict(meta),
        docs=dict(docs),
        config=config,
        patch_path=f"{patch.package}://{patch.path}",
    )
