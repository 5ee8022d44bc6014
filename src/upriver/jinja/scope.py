"""A context: one subject's names, found when a template uses them.

Nothing is made up front. A name is first a unit test's override, then a macro, since a macro
replaces what dbt offers under the same name (JINJA-135), then a package, then a name of the
subject's own, then one of those every template is offered (`jinja/offers.py`). What was found is
kept, so a name costs one look into a mapping from then on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import Any

from jinja2.utils import missing
from msgspec.structs import replace

from upriver.jinja.environment import NamesContext, text_template
from upriver.jinja.errors import CompilationError, Origin, located
from upriver.jinja.macros import Binder, Namespace
from upriver.jinja.results import Results
from upriver.jinja.subject import Overrides, Subject
from upriver.jinja.world import World
from upriver.problems import UpriverError
from upriver.resources.macro import Macro

Offers = Mapping[str, Callable[["Context"], Any]]
"""Every name that is no macro, and how it is made for a context."""


class Lookup(dict[str, Any]):
    """Names found so far; asks for others. Jinja's `missing` stands for a name without meaning."""

    __slots__ = ("_find",)

    def __init__(self, find: Callable[[str], Any]) -> None:
        super().__init__()
        self._find = find

    def __missing__(self, key: str) -> Any:
        found = self[key] = self._find(key)
        return found


class Names(MutableMapping[str, Any]):
    """The name `context`: all names as a mapping (JINJA-33). It lists what was used so far."""

    __slots__ = ("_lookup",)

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup

    def __getitem__(self, key: str) -> Any:
        found = self._lookup[key]
        if found is missing:
            raise KeyError(key)
        return found

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self._lookup[key] is not missing

    def __setitem__(self, key: str, value: Any) -> None:
        self._lookup[key] = value

    def __delitem__(self, key: str) -> None:
        self._lookup[key] = missing

    def __iter__(self) -> Iterator[str]:
        return (key for key, value in list(self._lookup.items()) if value is not missing)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class Context:
    """One subject's names and what its macros stored while rendering."""

    def __init__(self, world: World, subject: Subject, offers: Offers) -> None:
        self.world = world
        self.subject = subject
        self.offers = offers
        self.lookup = Lookup(self._find)
        self.names: MutableMapping[str, Any] = Names(self.lookup)
        """The mapping templates see as `context`."""
        self.results = Results()
        """What statements stored (`load_result`)."""
        self._binder: Binder | None = None
        self._made: dict[str, Any] = {}
        self._apart: Context | None = None

    @property
    def binder(self) -> Binder:
        """What binds macros to these names."""
        if self._binder is None:
            self._binder = Binder(self.world, self.lookup, self.subject.on_macro)
        return self._binder

    def bind(self, macro: Macro) -> Callable[..., Any]:
        """Return a macro bound to these names; the same object each time."""
        return self.binder.bind(macro)

    def offered(self, name: str) -> Any:
        """Return what is offered under a name, whatever macro replaces it (JINJA-34)."""
        made = self._made
        if name not in made:
            make = self.offers.get(name)
            made[name] = missing if make is None else make(self)
        return made[name]

    def apart(self) -> Context:
        """Return the context of macros that the adapter runs by itself.

        They see the root project's macros first and store results of their own, so that a
        template's results are not lost to a statement it never wrote.
        """
        if self._apart is None:
            subject = replace(
                self.subject,
                package=self.world.project_name,
                overrides=Overrides(),
                on_macro=None,
            )
            self._apart = Context(self.world, subject, self.offers)
        return self._apart

    def render(self, text: str, origin: Origin | None = None) -> str:
        """Render text with these names; raises CompilationError with the place."""
        if "{" not in text:
            return _as_jinja_reads(text)
        place = origin or self.origin()
        is_capturing = self.subject.is_capturing
        try:
            template = text_template(
                text, self.world.remember, origin=place, is_capturing=is_capturing
            )
            inner = TextContext(template.environment, self.lookup, None, {})
            return "".join(template.root_render_func(inner))
        except Exception as error:
            if is_foreign(error):
                raise
            raise located(error, place, self.known_names()) from error

    def call(self, name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Call the macro that a name reaches; errors keep no place."""
        macro = self.world.find_macro(name, self.subject.package)
        if macro is None:
            raise CompilationError(f"There is no macro `{name}`", code="macro-not-found")
        return self.bind(macro)(*args, **kwargs)

    def origin(self) -> Origin:
        """Return the place to name in errors when none was given."""
        subject = self.subject
        name = subject.unique_id or subject.name
        return Origin(file=name, unique_id=subject.unique_id, name=subject.name)

    def known_names(self) -> tuple[str, ...]:
        """Return names to suggest for one that is not known."""
        return (*self.offers, *self.names)

    def _find(self, name: str) -> Any:
        subject, world = self.subject, self.world
        if subject.overrides.macros:
            replaced = self._override(name, subject.package)
            if replaced is not None:
                return replaced
        macro = world.find_macro(name, subject.package)
        if macro is not None:
            return self.bind(macro)
        if world.has_namespace(name):
            return Namespace(lambda inner: self._find_in(name, inner))
        if name in subject.extra:
            return subject.extra[name]
        return self.offered(name)

    def _find_in(self, namespace: str, name: str) -> Any:
        if self.subject.overrides.macros:
            replaced = self._override(name, namespace)
            if replaced is not None:
                return replaced
        macro = self.world.find_macro_in(namespace, name)
        return None if macro is None else self.bind(macro)

    def _override(self, name: str, package: str) -> Callable[..., Any] | None:
        """Return what a unit test puts in a macro's place: a function of its value."""
        overrides = self.subject.overrides.macros
        for key in (f"{package}.{name}", name):
            if key in overrides:
                value = overrides[key]
                return lambda *_args, **_kwargs: value
        return None


class TextContext(NamesContext):
    """What a text is rendered with: names it sets itself, then those it was given."""

    def resolve_or_missing(self, key: str) -> Any:
        """Find a name."""
        own = self.vars
        return own[key] if key in own else self.parent[key]


def is_foreign(error: Exception) -> bool:
    """Tell errors that keep their own words (the warehouse's) from those of templates."""
    return isinstance(error, UpriverError) and not isinstance(error, CompilationError)


def _as_jinja_reads(text: str) -> str:
    """Do what Jinja does to any text: newlines become one kind, and the last one goes."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.removesuffix("\n")
