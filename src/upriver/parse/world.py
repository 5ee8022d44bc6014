"""The world of a parse: project settings and macros, no warehouse, nothing executed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from upriver.jinja.macro_table import MacroTable
from upriver.jinja.world import Found, Invocation, Warehouse
from upriver.resources.dialect import Dialect
from upriver.resources.macro import Macro
from upriver.resources.relation import Quoting
from upriver.workspace.vars import Vars
from upriver.workspace.vars import find_var as find_in_vars


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The outside values both worlds answer from."""

    project_name: str
    dialect: Dialect
    quoting: Quoting
    """The dialect's quoting merged with the root project's."""
    cli_vars: Mapping[str, Any] = {}
    vars_by_package: Mapping[str, Mapping[str, Any]] = {}
    """`vars:` of every package's own `dbt_project.yml`, the root project's included."""
    env: Mapping[str, str] = {}
    target: Mapping[str, Any] = {}
    flags: Mapping[str, Any] = {}
    """Keys upper case (JINJA-30)."""
    invocation: Invocation


class ParseWorld:
    """Answers templates while parsing; satisfies `jinja/world.py: World`."""

    is_executing = False

    def __init__(
        self,
        settings: Settings,
        macros: MacroTable,
        *,
        say: Callable[[str, str, str | None], None],
        memory: dict[str, Any],
    ) -> None:
        """`say` receives text, level, unique_id; `memory` is the process-wide store."""
        self._settings = settings
        self._say = say
        self._memory = memory
        self.macros = macros
        self.dialect: Dialect = settings.dialect
        self.quoting: Quoting = settings.quoting
        self.project_name: str = settings.project_name
        self.warehouse: Warehouse | None = None
        self._graph: dict[str, Any] = {}

    def find_macro(self, name: str, package: str) -> Macro | None:
        """Find the macro an unqualified call reaches."""
        return self.macros.find(name, package)

    def find_macro_in(self, namespace: str, name: str) -> Macro | None:
        """Find `namespace.name`."""
        return self.macros.find_in(namespace, name)

    def has_namespace(self, name: str) -> bool:
        """Whether a package of this name has macros."""
        return self.macros.has_namespace(name)

    def dispatch_order(self, namespace: str | None) -> tuple[str, ...] | None:
        """Packages that `adapter.dispatch` searches."""
        return self.macros.dispatch_order(namespace)

    def var(self, name: str, package: str) -> Found:
        """Look up a var (PROJ-253)."""
        return find_var(self._settings, name, package)

    def env_var(self, name: str) -> str | None:
        """Look up an environment variable."""
        return self._settings.env.get(name)

    def target(self) -> Mapping[str, Any]:
        """The `target` object."""
        return self._settings.target

    def flag(self, name: str) -> Found:
        """Look up a member of `flags`."""
        flags = self._settings.flags
        return Found(is_found=name in flags, value=flags.get(name))

    def invocation(self) -> Invocation:
        """The running invocation."""
        return self._settings.invocation

    def graph(self) -> Mapping[str, Any]:
        """Nothing is linked yet."""
        return self._graph

    def selected(self) -> tuple[str, ...]:
        """Nothing is selected yet."""
        return ()

    def say(self, text: str, level: str, unique_id: str | None) -> None:
        """Report what a template prints."""
        self._say(text, level, unique_id)

    def remember(self, key: str, make: Callable[[], Any]) -> Any:
        """Return the process-wide value for `key`, making it once."""
        found = self._memory.get(key)
        if found is None:
            found = self._memory[key] = make()
        return found


def find_var(settings: Settings, name: str, package: str) -> Found:
    """Look up a var for a node of `package` (PROJ-253), as a `Found`."""
    variables = Vars(
        root=settings.project_name, cli=settings.cli_vars, by_package=settings.vars_by_package
    )
    return find_in_vars(variables, name, package)
