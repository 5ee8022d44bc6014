"""The world of a run: the parse's settings, `execute`, and one worker's door to the warehouse.

What all workers share (macros, settings, the `graph` object, compiled templates) is made once;
each worker has its own view, which adds nothing but its warehouse. Nothing that a run asks for is
remembered beyond it, so there is no recorder here.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from upriver.jinja.errors import CompilationError
from upriver.jinja.world import Found, Invocation, Warehouse
from upriver.parse.world import find_var
from upriver.resources.dialect import Dialect
from upriver.resources.macro import Macro
from upriver.resources.relation import Quoting
from upriver.run.escalation import is_error
from upriver.run.graph_view import graph_view
from upriver.run.setting import RunSetting
from upriver.run.slots import Slots

_WARNING_EVENT = "JinjaLogWarning"

Say = Callable[[str, str, str | None], None]


class _Shared:
    """What all views of one run have in common."""

    def __init__(self, setting: RunSetting, selected: tuple[str, ...], say: Say) -> None:
        self.setting = setting
        self.selected = selected
        self.say = say
        self.lock = threading.Lock()
        self.slots = Slots(max(1, setting.threads))
        self.graph: dict[str, Any] | None = None


class RunWorld:
    """Answers templates while running; satisfies `jinja/world.py: World`."""

    is_executing = True

    def __init__(
        self,
        setting: RunSetting,
        *,
        selected: tuple[str, ...] = (),
        say: Say,
        warehouse: Warehouse | None = None,
    ) -> None:
        """`selected` are the ids of `selected_resources`; `say` receives what templates print."""
        self._shared = _Shared(setting, selected, say)
        self._use(warehouse)

    @property
    def slots(self) -> Slots:
        """The run's threads."""
        return self._shared.slots

    def for_worker(self, warehouse: Warehouse) -> RunWorld:
        """Return the same world with another worker's door to the warehouse."""
        view = object.__new__(RunWorld)
        view._shared = self._shared
        view._use(warehouse)
        return view

    def _use(self, warehouse: Warehouse | None) -> None:
        setting = self._shared.setting
        macros = setting.macros
        self.setting = setting
        self.warehouse = warehouse
        self.dialect: Dialect = setting.settings.dialect
        self.quoting: Quoting = setting.settings.quoting
        self.project_name: str = setting.settings.project_name
        # Bound once: these are asked for by the thousand, and add nothing to the table's answer.
        self.find_macro: Callable[[str, str], Macro | None] = macros.find
        self.find_macro_in: Callable[[str, str], Macro | None] = macros.find_in
        self.has_namespace: Callable[[str], bool] = macros.has_namespace
        self.dispatch_order = macros.dispatch_order

    def var(self, name: str, package: str) -> Found:
        """Look up a var for a node of `package` (PROJ-253)."""
        return find_var(self.setting.settings, name, package)

    def env_var(self, name: str) -> str | None:
        """Look up an environment variable."""
        return self.setting.settings.env.get(name)

    def target(self) -> Mapping[str, Any]:
        """The `target` object (PROJ-43)."""
        return self.setting.settings.target

    def flag(self, name: str) -> Found:
        """Look up a member of `flags`, upper case (JINJA-30)."""
        flags = self.setting.settings.flags
        return Found(is_found=name in flags, value=flags.get(name))

    def invocation(self) -> Invocation:
        """The running invocation."""
        return self.setting.settings.invocation

    def graph(self) -> Mapping[str, Any]:
        """The `graph` object (JINJA-48): built when the first template asks, then one dict that
        templates may change (JINJA-190).
        """
        shared = self._shared
        with shared.lock:
            if shared.graph is None:
                shared.graph = graph_view(shared.setting.graph, shared.setting.published)
            return shared.graph

    def selected(self) -> tuple[str, ...]:
        """`selected_resources` (JINJA-68)."""
        return self._shared.selected

    def say(self, text: str, level: str, unique_id: str | None) -> None:
        """Report `print`, `log` or a warning, which may be an error here (CLI-40)."""
        if level == "warn" and is_error(self.setting.settings.flags, _WARNING_EVENT):
            raise CompilationError(text, code="template-warning")
        self._shared.say(text, level, unique_id)

    def remember(self, key: str, make: Callable[[], Any]) -> Any:
        """Return the process-wide value for `key`, making it when it is missing.

        Two workers may make the same value at once; one of them is kept, and they are equal.
        """
        memory = self.setting.memory
        found = memory.get(key)
        return found if found is not None else memory.setdefault(key, make())
