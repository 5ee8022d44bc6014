"""Reading one property file: its place, its names for rendering, and the problems found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from upriver.jinja.errors import CompilationError, Origin, problem_of
from upriver.jinja.native import changes, render_native
from upriver.jinja.world import World
from upriver.parse.entries.names import yaml_names
from upriver.parse.entries.shape import Shape, type_words
from upriver.problems import Key, Problem, Severity, Span
from upriver.resources.files import SourceFile
from upriver.resources.nearest import nearest, nearest_hint

Keys = tuple[Key, ...]
Skip = Callable[[Keys], bool]
"""Told the keys inside an entry; true leaves the string there as it is."""


def as_written(raw: Any, rendered: Any) -> Any:
    """Return what was written, unless rendering made something of another kind of it.

    A string may render to a list or a mapping, which then stands for what was written.
    """
    return raw if type(raw) is type(rendered) else rendered


def _plain(keys: Keys) -> Keys:
    """Return keys as text or numbers; YAML has keys of any type."""
    return tuple(key if isinstance(key, str | int) else str(key) for key in keys)


class Reader:
    """What one file is read with. Collects problems; everything else is left alone."""

    def __init__(self, file: SourceFile, world: World, *, renders: bool) -> None:
        """`renders` is false for a file without any Jinja, which then is never looked through."""
        self.package = file.package
        self.path = file.path
        self.problems: list[Problem] = []
        self.legacy_arguments: list[Keys] = []
        self._world = world
        self._renders = renders
        self._names: Mapping[str, Any] | None = None
        self._near: dict[tuple[str, str], str | None] = {}
        self._nests_arguments: bool | None = None

    def report(
        self,
        code: str,
        message: str,
        keys: Keys,
        *,
        hint: str | None = None,
        severity: Severity = "error",
        event: str | None = None,
    ) -> None:
        """Add a problem at a place of the file."""
        self.problems.append(
            Problem(
                code=code,
                message=message,
                severity=severity,
                span=Span(file=self.path, keys=_plain(keys)),
                hint=hint,
                event=event,
            )
        )

    # -- shapes ---------------------------------------------------------------------------------

    def fields(
        self, item: Mapping[str, Any], shape: Shape, keys: Keys
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the known keys that hold what they must, and the unknown ones."""
        known: dict[str, Any] = {}
        unknown: dict[str, Any] = {}
        for key, value in item.items():
            rule = shape.get(key)
            if rule is None:
                unknown[key] = value
            elif isinstance(value, rule.types):
                known[rule.field or key] = value
            else:
                self.wrong_type(key, value, rule.words, (*keys, key))
        return known, unknown

    def wrong_type(self, key: Key, value: Any, words: str, keys: Keys) -> None:
        """Report a value of the wrong type."""
        hint = "Remove the key, or give it a value" if value is None else None
        self.report(
            "property-type",
            f"`{key}` must be {words}, and is {type_words(value)}",
            keys,
            hint=hint,
        )

    def name_of(self, item: Any, keys: Keys, what: str) -> str | None:
        """Return the name every entry must have."""
        if not isinstance(item, dict):
            self.report(
                "property-type",
                f"{what} must be a mapping, and is {type_words(item)}",
                keys,
                hint=f"Write `- name: {item}`" if isinstance(item, str) else None,
            )
            return None
        name = item.get("name")
        if isinstance(name, str) and name:
            return name
        if name is None or name == "":
            self.report("property-without-name", f"{what} has no `name`", keys)
        else:
            self.wrong_type("name", name, "text", (*keys, "name"))
        return None

    def refuse_unknown(self, unknown: Iterable[Any], shape: Shape, keys: Keys, what: str) -> None:
        """Report keys that dbt refuses (PROJ-165)."""
        for key in unknown:
            self.report(
                "property-unknown",
                f"{what} has no property `{key}`",
                (*keys, key),
                hint=nearest_hint(str(key), shape),
            )

    def doubt_unknown(self, unknown: Iterable[Any], shape: Shape, keys: Keys, what: str) -> None:
        """Warn of keys that dbt ignores and that look like a misspelt property."""
        for key in unknown:
            near = self._nearest(str(key), shape, what)
            if near is not None:
                self.report(
                    "property-unknown",
                    f"{what} has no property `{key}`, and it has no effect",
                    (*keys, key),
                    hint=f"Did you mean `{near}`?",
                    severity="warning",
                )

    def _nearest(self, key: str, shape: Shape, what: str) -> str | None:
        if (what, key) not in self._near:
            near = nearest(key, shape)
            is_near = near is not None and near[0] == key[:1] and abs(len(near) - len(key)) <= 1
            self._near[what, key] = near if is_near else None
        return self._near[what, key]

    def one_of(self, key: str, value: Any, choices: tuple[str, ...], keys: Keys) -> bool:
        """Check a value against the words it may be."""
        if value in choices:
            return True
        listed = ", ".join(f"`{choice}`" for choice in choices)
        self.report(
            "property-value",
            f"`{key}` is `{value}`, which is none of {listed}",
            (*keys, key),
            hint=nearest_hint(str(value), choices),
        )
        return False

    def texts(self, key: str, values: list[Any] | str | None, keys: Keys) -> tuple[str, ...]:
        """Return a list of texts; a single text is a list of one."""
        if values is None:
            return ()
        if isinstance(values, str):
            return (values,)
        for index, value in enumerate(values):
            if not isinstance(value, str):
                self.wrong_type(key, value, "a list of texts", (*keys, key, index))
        return tuple(value for value in values if isinstance(value, str))

    # -- Jinja ----------------------------------------------------------------------------------

    def render(self, value: Any, keys: Keys, skip: Skip | None = None) -> Any:
        """Render every string of an entry, at any depth; `skip` sees keys inside the entry.

        Without Jinja in the file the value itself comes back. A string that cannot be rendered
        stays as it is and is reported.
        """
        if not self._renders:
            return value
        return self._render(value, keys, len(keys), skip)

    def _render(self, value: Any, keys: Keys, depth: int, skip: Skip | None) -> Any:
        if isinstance(value, str):
            if not changes(value) or (skip is not None and skip(keys[depth:])):
                return value
            return self.render_text(value, keys)
        if not isinstance(value, dict | list):
            return value
        if skip is not None and skip(keys[depth:]):
            return value
        if isinstance(value, dict):
            return {
                key: self._render(item, (*keys, key), depth, skip) for key, item in value.items()
            }
        return [self._render(item, (*keys, at), depth, skip) for at, item in enumerate(value)]

    def render_text(self, text: str, keys: Keys) -> Any:
        """Render one string natively."""
        if self._names is None:
            self._names = yaml_names(self._world, self.package)
        try:
            return render_native(
                text,
                self._names,
                origin=Origin(file=self.path),
                remember=self._world.remember,
            )
        except CompilationError as error:
            problem = problem_of(error)
            self.report(problem.code, problem.message, keys, hint=problem.hint)
            return text

    @property
    def nests_arguments(self) -> bool:
        """Whether tests take their arguments from `arguments:` (PROJ-198)."""
        if self._nests_arguments is None:
            flag = self._world.flag("REQUIRE_GENERIC_TEST_ARGUMENTS_PROPERTY")
            self._nests_arguments = not flag.is_found or bool(flag.value)
        return self._nests_arguments
