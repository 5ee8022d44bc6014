"""Macros as templates call them: bound to a context, found by name, grouped in namespaces.

A macro sees the caller's context, never its own file (JINJA-4). Two things keep calls cheap: a
macro's text is compiled once per process, and all macros of a context are bound to one Jinja
context, whose names are looked up when a macro is called. Binding waits for the first call, since
most names a template could use are never used.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jinja2.runtime import Context as JinjaContext

from upriver.jinja.environment import LocatedTemplate, macro_template
from upriver.jinja.errors import MACRO_PREFIX, MacroReturn
from upriver.jinja.world import World
from upriver.resources.macro import Macro

_TEMPLATES = "jinja-macro-templates"


class MacroStack:
    """Which macros are being called (JINJA-72); packages read `call_stack` and `depth`."""

    __slots__ = ("call_stack",)

    def __init__(self) -> None:
        self.call_stack: list[str] = []

    @property
    def depth(self) -> int:
        """How many calls are open."""
        return len(self.call_stack)


class Binder:
    """Binds macros to one set of names; the same macro gives the same object each time."""

    __slots__ = ("_bound", "_context", "_names", "_templates", "_world", "on_call", "stack")

    def __init__(
        self, world: World, names: dict[str, Any], on_call: Callable[[str], None] | None
    ) -> None:
        """`names` answers every name, with Jinja's `missing` where there is none; `on_call` is
        told the unique_id of each macro that no other macro called.
        """
        self._world = world
        self._names = names
        self._templates: dict[tuple[str, str, int, str], LocatedTemplate] = world.remember(
            _TEMPLATES, dict
        )
        self._bound: dict[str, BoundMacro] = {}
        self._context: JinjaContext | None = None
        self.on_call = on_call
        self.stack = MacroStack()

    def bind(self, macro: Macro) -> BoundMacro:
        """Return a macro bound to the names."""
        found = self._bound.get(macro.unique_id)
        if found is None:
            found = self._bound[macro.unique_id] = BoundMacro(macro, self)
        return found

    def function(self, macro: Macro) -> Callable[..., Any]:
        """Return Jinja's own macro object, which raises MacroReturn for `return`."""
        key = (macro.unique_id, macro.original_file_path, macro.line, macro.macro_sql)
        template = self._templates.get(key)
        if template is None:
            template = self._templates[key] = macro_template(macro, self._world)
        context = self._context
        if context is None:
            context = self._context = JinjaContext(template.environment, self._names, None, {})
            # Macro texts set no names of their own, so a look-up is one look into the mapping.
            context.resolve_or_missing = self._names.__getitem__  # type: ignore[method-assign, assignment]
        for _ in template.root_render_func(context):
            pass
        function: Callable[..., Any] = context.vars[MACRO_PREFIX + macro.name]
        return function


class BoundMacro:
    """One macro in one context; calling it gives what it returns, or its text (JINJA-7, 8)."""

    __slots__ = ("_binder", "_function", "macro")

    def __init__(self, macro: Macro, binder: Binder) -> None:
        self.macro = macro
        self._binder = binder
        self._function: Callable[..., Any] | None = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the macro."""
        function = self._function
        if function is None:
            function = self._function = self._binder.function(self.macro)
        stack = self._binder.stack.call_stack
        if not stack:
            on_call = self._binder.on_call
            if on_call is not None:
                on_call(self.macro.unique_id)
        stack.append(self.macro.unique_id)
        try:
            return function(*args, **kwargs)
        except MacroReturn as returned:
            return returned.value
        finally:
            stack.pop()

    @property
    def name(self) -> str:
        """The macro's name."""
        return self.macro.name

    def __repr__(self) -> str:
        return f"<macro {self.macro.unique_id}>"


class Namespace(dict[str, Any]):
    """`dbt` or a package: its macros by name (JINJA-136).

    Macros are items and not attributes, because the sandbox refuses attributes that begin with an
    underscore, and packages call such macros of their own (`dbt_utils._is_relation`).
    """

    __slots__ = ("_find",)

    def __init__(self, find: Callable[[str], Any]) -> None:
        """`find` gives a macro's bound form, or None."""
        super().__init__()
        self._find = find

    def __missing__(self, name: str) -> Any:
        found = self._find(name)
        if found is None:
            raise KeyError(name)
        self[name] = found
        return found

    def __contains__(self, name: object) -> bool:
        return dict.__contains__(self, name) or self._find(str(name)) is not None

    def get(self, name: str, default: Any = None) -> Any:
        """Return a macro by name."""
        return self[name] if name in self else default  # noqa: SIM401 - this is `get`
