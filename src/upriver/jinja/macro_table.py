"""All macros of a project, and the rules that say which one a name reaches."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from upriver.jinja.errors import CompilationError
from upriver.jinja.world import World
from upriver.resources.macro import Macro

INTERNAL_NAMESPACE = "dbt"
_NO_MACROS: Mapping[str, Macro] = {}


class MacroTable:
    """Macros by package, with the look-up rules of JINJA-135..144 and JINJA-172."""

    def __init__(
        self,
        *,
        macros: Mapping[str, Iterable[Macro]],
        root: str,
        internal: tuple[str, ...],
        adapter_types: tuple[str, ...],
        dispatch: Mapping[str, tuple[str, ...]] | None = None,
        may_packages_replace_materializations: bool = False,
    ) -> None:
        """`macros` maps every package to its macros, installed packages in order of dependency;
        `internal` names built-in packages, nearest first (adapter, its parents, `dbt`);
        `adapter_types` are dispatch prefixes, nearest first, without `default`.
        """
        self._by_package = {
            package: {macro.name: macro for macro in found} for package, found in macros.items()
        }
        self.root = root
        self.internal = internal
        self.adapter_types = adapter_types
        self._dispatch = dict(dispatch or {})
        self._may_replace = may_packages_replace_materializations
        self._internal = self._flatten(internal)
        self._reached: dict[str, Mapping[str, Macro]] = {}
        self._installed = tuple(p for p in self._by_package if p not in internal and p != root)

    def _flatten(self, packages: tuple[str, ...]) -> dict[str, Macro]:
        flat: dict[str, Macro] = {}
        for package in reversed(packages):
            flat.update(self._by_package.get(package, {}))
        return flat

    def find(self, name: str, package: str) -> Macro | None:
        """Find what an unqualified call from a node of `package` reaches (JINJA-135)."""
        reached = self._reached.get(package)
        if reached is None:
            # One mapping for each package that asks: a run looks up fifty names for each model.
            reached = self._reached[package] = self._reach(package)
        return reached.get(name)

    def _reach(self, package: str) -> Mapping[str, Macro]:
        reached = dict(self._internal)
        for owner in (self.root, package):
            if owner not in self.internal:
                reached.update(self._by_package.get(owner, _NO_MACROS))
        return reached

    def find_in(self, namespace: str, name: str) -> Macro | None:
        """Find what `namespace.name` reaches (JINJA-136)."""
        if namespace == INTERNAL_NAMESPACE:
            return self._internal.get(name)
        return self._by_package.get(namespace, {}).get(name)

    def has_namespace(self, name: str) -> bool:
        """Tell whether `name` is a package with macros, or `dbt`."""
        return name == INTERNAL_NAMESPACE or bool(
            self._by_package.get(name) and name not in self.internal
        )

    def has_own(self, names: frozenset[str]) -> bool:
        """Tell whether a package that is not built in has a macro of one of these names."""
        return any(
            not macros.keys().isdisjoint(names)
            for package, macros in self._by_package.items()
            if package not in self.internal
        )

    def dispatch_order(self, namespace: str | None) -> tuple[str, ...] | None:
        """Return the packages `adapter.dispatch` searches; None: ordinary look-up (JINJA-139)."""
        if namespace is None:
            return None
        if namespace in self._dispatch:
            return self._dispatch[namespace]
        if self.has_namespace(namespace):
            return tuple(dict.fromkeys((self.root, namespace)))
        return None

    def find_materialization(self, name: str) -> Macro | None:
        """Find the macro that builds `materialized: name` (JINJA-172).

        The one made for the nearest adapter wins; among those the root project's, then an
        installed package's, then the built-in one. Unless allowed to, a package replaces none
        that is built in for any adapter.
        """
        names = [f"materialization_{name}_{kind}" for kind in (*self.adapter_types, "default")]
        built_in = next((self._internal[one] for one in names if one in self._internal), None)
        for one in names:
            own = self._by_package.get(self.root, _NO_MACROS).get(one)
            if own is not None:
                return own
            brought = self._find_installed(one)
            if brought is not None:
                return brought if built_in is None or self._may_replace else built_in
            if one in self._internal:
                return self._internal[one]
        return None

    def _find_installed(self, name: str) -> Macro | None:
        for package in self._installed:
            found = self._by_package[package].get(name)
            if found is not None:
                return found
        return None

    def find_operation(self, name: str) -> Macro | None:
        """Find what `run-operation name` runs (JINJA-144)."""
        namespace, dot, rest = name.rpartition(".")
        if dot:
            return self.find_in(namespace, rest)
        own = self._by_package.get(self.root, _NO_MACROS).get(name)
        return own or self._find_installed(name) or self._internal.get(name)

    def names(self, package: str) -> tuple[str, ...]:
        """Return the names an unqualified call from `package` can reach, for hints."""
        own = self._by_package.get(package, _NO_MACROS)
        root = self._by_package.get(self.root, _NO_MACROS)
        return tuple(dict.fromkeys((*own, *root, *self._internal)))


def dispatched(
    name: str, namespace: str | None, world: World, package: str
) -> tuple[Macro | None, tuple[str, ...]]:
    """Find what `adapter.dispatch` reaches (JINJA-139), and everything that was looked for."""
    dialect = world.dialect
    order = world.dispatch_order(namespace)
    searched: list[str] = []
    for owner in (None,) if order is None else order:
        for prefix in (dialect.type, *dialect.parents, "default"):
            wanted = f"{prefix}__{name}"
            searched.append(wanted if owner is None else f"{owner}.{wanted}")
            if owner is None:
                macro = world.find_macro(wanted, package)
            else:
                macro = world.find_macro_in(owner, wanted)
            if macro is not None:
                return macro, tuple(searched)
    return None, tuple(searched)


def check_dispatch(name: Any, namespace: Any, packages: Any) -> None:
    """Refuse what dispatch does not take (JINJA-141)."""
    if packages is not None:
        raise CompilationError(
            "`adapter.dispatch` no longer takes `packages`",
            code="dispatch-arguments",
            hint="Name the namespace: adapter.dispatch('macro', 'package')",
        )
    if not isinstance(name, str) or not (namespace is None or isinstance(namespace, str)):
        raise CompilationError(
            f"`adapter.dispatch` takes the names of a macro and a package;"
            f" it was given {name!r} and {namespace!r}",
            code="dispatch-arguments",
        )
    first, dot, rest = name.partition(".")
    if dot:
        raise CompilationError(
            f"`adapter.dispatch` was given `{name}`; a macro's name has no dot",
            code="dispatch-arguments",
            hint=f"Pass the package on its own: adapter.dispatch('{rest}', '{first}')",
        )
