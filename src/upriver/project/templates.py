"""The doors through which linking renders: naming macros, test arguments, test macros, hooks.

What renders is imported where it is called: most projects are linked without a template being
rendered, and loading Jinja and dbt's names takes 15 ms.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from upriver.graph.inputs import HookInput, NamingCalls, Rendered, Templates
from upriver.jinja.errors import CompilationError, Origin, problem_of
from upriver.jinja.native import has_jinja
from upriver.jinja.static_facts import WorldAsks, static_facts
from upriver.jinja.world import World
from upriver.problems import Problem
from upriver.resources.calls import Facts

_CALLS = ("ref(", "source(", "var(", "env_var(", "doc(", "metric(", "function(")


class NodeView(Mapping[str, Any]):
    """A node as naming macros read it: by attribute and by item (JINJA-83)."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            return _viewed(self._values[name])
        except KeyError:
            raise AttributeError(name) from None

    def __getitem__(self, key: str) -> Any:
        return _viewed(self._values[key])

    def get(self, key: str, default: Any = None) -> Any:
        """Return a value, or the default."""
        return _viewed(self._values.get(key, default))

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def to_dict(self, omit_none: bool = False) -> dict[str, Any]:  # noqa: FBT001, FBT002 - dbt's
        """Return a plain dict."""
        return {k: v for k, v in self._values.items() if not (omit_none and v is None)}


def _viewed(value: Any) -> Any:
    return NodeView(value) if isinstance(value, dict) else value


def make_naming(world: World) -> NamingCalls:
    """Return what calls overridden naming macros."""

    def naming(
        macro: str, package: str, custom: str | None, node: Mapping[str, Any]
    ) -> str | Problem | None:
        from upriver.jinja.capture import Capture
        from upriver.jinja.config import CaptureConfig
        from upriver.jinja.context import call_macro
        from upriver.jinja.subject import Subject

        view = NodeView(node)
        capture = Capture(None)
        subject = Subject(
            package=package,
            resolver=capture,
            config=CaptureConfig(capture.config),
            name=macro,
            model=lambda: view,
        )
        found = world.find_macro(macro, package)
        if found is None:
            return custom
        try:
            value = call_macro(found, world, subject, (custom, view))
        except CompilationError as error:
            return problem_of(error, unique_id=str(node.get("unique_id") or "") or None)
        return None if value is None else str(value).strip()

    return naming


class _WorldTemplates:
    """Renders what linking asks for, in dbt's parse contexts."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._hooks: dict[tuple[str, str], Facts] = {}

    def render_argument(self, text: str, package: str) -> Rendered:
        """Render an argument of a generic test natively (PROJ-202)."""
        from upriver.jinja.capture import capture_native

        source = text
        if not has_jinja(text) and text.strip().startswith(_CALLS):
            source = "{{ " + text + " }}"
        try:
            value, facts = capture_native(source, self._world, package, "test", "argument")
        except CompilationError as error:
            return Rendered(problem=problem_of(error))
        return Rendered(value=value, facts=facts)

    def render_description(self, text: str, package: str, doc: Callable[..., str]) -> Rendered:
        """Render a description; `doc` answers its calls."""
        from upriver.jinja.environment import render_template, text_template  # rarely needed
        from upriver.parse.entries.names import yaml_names

        place = Origin(file="", name="description")
        try:
            template = text_template(text, self._world.remember, origin=place)
            names = {**yaml_names(self._world, package), "doc": doc}
            return Rendered(value=render_template(template, names))
        except CompilationError as error:
            return Rendered(problem=problem_of(error))
        except Exception as error:  # noqa: BLE001 - whatever a template raises is the user's
            from upriver.jinja.errors import located

            return Rendered(problem=problem_of(located(error, place)))

    def hook_facts(self, sql: str, package: str, unique_id: str) -> Facts:
        """Read a node's hook; one that a whole directory has is read once."""
        facts = self._hooks.get((sql, package))
        if facts is None:
            name = unique_id.rpartition(".")[2]
            facts = _hook_facts(sql, self._world, package, unique_id, name)
            self._hooks[sql, package] = facts
        return facts

    def test_facts(
        self, raw_code: str, package: str, kwargs: Mapping[str, Any]
    ) -> Facts | Problem:
        """Render a generic test's code with its arguments."""
        from upriver.jinja.capture import capture_facts

        try:
            return capture_facts(
                raw_code, self._world, package, "test", "test",
                extra={"_dbt_generic_test_kwargs": dict(kwargs)},
            )  # fmt: skip
        except CompilationError as error:
            return problem_of(error)


def make_templates(world: World) -> Templates:
    """Return what renders for linking."""
    return _WorldTemplates(world)


def hook_inputs(
    hooks: Sequence[str], package: str, moment: str, world: World
) -> tuple[HookInput, ...]:
    """Return project hooks with what they ask for (PROJ-242)."""
    found: list[HookInput] = []
    for index, sql in enumerate(hooks):
        unique_id = f"operation.{package}.{package}-{moment}-{index}"
        facts = _hook_facts(sql, world, package, unique_id, f"{package}.{moment}.{index}")
        found.append(HookInput(sql=sql, facts=facts))
    return tuple(found)


def _hook_facts(sql: str, world: World, package: str, unique_id: str, name: str) -> Facts:
    facts = static_facts(sql, WorldAsks(world, package))
    if facts is not None:
        return facts
    from upriver.jinja.capture import capture_facts

    try:
        return capture_facts(sql, world, package, unique_id, name)
    except CompilationError:
        # The hook says what is wrong when it runs, as in dbt.
        return Facts()
