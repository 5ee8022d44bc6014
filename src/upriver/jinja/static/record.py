"""What a template was seen to ask for, and how sure that is.

What hangs on a value that is not known may or may not happen: it is *uncertain*. The rule that
makes the result exact: what is recorded must be certain. A `ref`, `source`, `config` or macro call
in an uncertain place raises `Unreadable`, unless the same thing was recorded before, and so does
everything this room's reader does not know. Lists and mappings that something unseen may have
changed count as unknown from then on.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, Final, Protocol

from upriver.jinja.static.tokens import Unreadable
from upriver.jinja.static.values import (
    KNOWN_METHODS,
    MAX_STEPS,
    METHODS,
    MUTATORS,
    UNKNOWN,
    VIEWS,
    Loop,
    text_of,
    tried,
)  # fmt: skip
from upriver.jinja.world import Found
from upriver.resources.calls import Facts, RefCall, SourceCall
from upriver.resources.macro import Macro


class Asks(Protocol):
    """What the reader may ask of the outside, for one package (`jinja/static_facts.py`)."""

    def macro(self, name: str) -> Macro | None:
        """Return the macro that a call to `name` or `package.name` reaches."""
        ...

    def is_inert(self, name: str) -> bool:
        """Tell whether calling that macro can record nothing."""
        ...

    def var(self, name: str) -> Found:
        """Look a var up."""
        ...

    def env_var(self, name: str) -> str | None:
        """Look an environment variable up."""
        ...

    def target(self) -> Mapping[str, Any]:
        """Return the target object."""
        ...


STATEMENT: Final = object()
"""The answer of a `statement` block: nothing is executed, and its body is not rendered."""

_MACRO_ANSWERS: dict[str, Any] = {
    "macro.dbt.is_incremental": False,
    "macro.dbt.run_query": UNKNOWN,
    "macro.dbt.statement": STATEMENT,
}
"""Macros whose answer while parsing is known whatever they contain."""

Keywords = dict[str, Any]


class Record:
    """Everything one template asks for."""

    def __init__(self, asks: Asks) -> None:
        self.asks = asks
        self.refs: list[RefCall] = []
        self.sources: list[SourceCall] = []
        self.metrics: dict[RefCall, None] = {}
        self.functions: dict[RefCall, None] = {}
        self.configs: list[dict[str, Any]] = []
        self.macros: dict[str, None] = {}
        self.uncertain = 0
        """How many undecided conditions the current place hangs on."""
        self.plain_names: set[str] = set()
        """Names of dbt's that no macro replaces."""
        self.changed: dict[int, object] = {}
        """Lists and mappings that something unseen may have changed; kept alive for their ids."""
        self.is_any_changed = False

    def facts(self) -> Facts:
        """Return what was recorded."""
        return Facts(
            refs=tuple(self.refs),
            sources=tuple(self.sources),
            metrics=tuple(self.metrics),
            functions=tuple(self.functions),
            configs=tuple(self.configs),
            macros=tuple(self.macros),
        )

    # What dbt's functions do

    def config(self, given: list[Any], keywords: Keywords) -> Any:
        """Record `config(..)`."""
        self.require_certain()
        if len(given) == 1 and not keywords:
            made = given[0]
        elif keywords and not given:
            made = keywords
        else:
            raise Unreadable("config")
        if not isinstance(made, dict) or not self.is_known(made):
            raise Unreadable("config")
        self.configs.append(_copied(made))
        return ""

    def ref(self, given: list[Any], keywords: Keywords) -> Any:
        """Record `ref(..)`."""
        version = None
        for key, value in keywords.items():
            if key not in {"v", "version"} or type(value) not in {int, float, str} or not value:
                raise Unreadable("ref")
            version = value
        if len(keywords) > 1:
            raise Unreadable("ref")
        self.require_certain()
        self.refs.append(_named(given, version))
        return UNKNOWN

    def metric(self, given: list[Any], keywords: Keywords) -> Any:
        """Record `metric(..)`."""
        _refuse(keywords)
        call = _named(given, None)
        if call not in self.metrics:
            self.require_certain()
            self.metrics[call] = None
        return UNKNOWN

    def function(self, given: list[Any], keywords: Keywords) -> Any:
        """Record `function(..)`."""
        _refuse(keywords)
        call = _named(given, None)
        if call not in self.functions:
            self.require_certain()
            self.functions[call] = None
        return UNKNOWN

    def source(self, given: list[Any], keywords: Keywords) -> Any:
        """Record `source(..)`."""
        names = tuple(text_of(value) for value in given)
        if keywords or len(names) != 2:  # noqa: PLR2004 - source and table
            raise Unreadable("source")
        self.require_certain()
        self.sources.append(SourceCall(source=names[0], table=names[1]))
        return UNKNOWN

    def var(self, given: list[Any], keywords: Keywords) -> Any:
        """Look a var up; a missing one without default is None while parsing (JINJA-17)."""
        name, default = _with_default(given, keywords)
        found = self.asks.var(name)
        return _copied(found.value) if found.is_found else default

    def env_var(self, given: list[Any], keywords: Keywords) -> Any:
        """Look an environment variable up; secrets and missing ones are errors Jinja reports."""
        name, default = _with_default(given, keywords)
        if name.startswith("DBT_ENV_SECRET"):
            raise Unreadable(name)
        value = self.asks.env_var(name)
        if value is None and default is None:
            raise Unreadable(name)
        return default if value is None else value

    def range(self, given: list[Any], keywords: Keywords) -> Any:
        """Make a range of known numbers."""
        _refuse(keywords)
        if not self.is_known(given):
            return UNKNOWN
        numbers = tried(lambda: range(*given))
        if len(numbers) > MAX_STEPS:
            raise Unreadable("range")
        return numbers

    # Macros and methods

    def call_macro(self, name: str, given: list[Any], keywords: Keywords) -> Any:
        """Call a macro that records nothing itself."""
        macro = self.asks.macro(name)
        if macro is None:
            raise Unreadable(name)
        self.escape_all(given, keywords)
        answer = _MACRO_ANSWERS.get(macro.unique_id, UNKNOWN)
        if macro.unique_id not in _MACRO_ANSWERS and not self.asks.is_inert(name):
            raise Unreadable(name)
        expected = [argument.name for argument in macro.arguments]
        if len(given) > len(expected) or not keywords.keys() <= set(expected):
            raise Unreadable(name)
        if macro.unique_id not in self.macros:
            self.require_certain()
            self.macros[macro.unique_id] = None
        return answer

    def call_method(self, value: Any, method: str, given: list[Any], keywords: Keywords) -> Any:
        """Call a method of a value."""
        if method in MUTATORS:
            return self._mutate(value, method, given, keywords)
        if isinstance(value, Loop):
            return UNKNOWN
        pure = KNOWN_METHODS.get(type(value), frozenset())
        if method in pure and not keywords and self.is_known([value, given]):
            made: Any = tried(lambda: getattr(value, method)(*given))
            return tuple(made) if isinstance(made, VIEWS) else made
        if isinstance(value, dict) and method in {"items", "values"}:
            return tuple(getattr(value, method)())
        if method not in METHODS:
            raise Unreadable(method)
        return UNKNOWN

    def _mutate(self, value: Any, method: str, given: list[Any], keywords: Keywords) -> Any:
        """Change a list or mapping, or note that it may have been changed."""
        if value is UNKNOWN:
            # It may be any list or mapping that a name still holds.
            self.is_any_changed = True
            return UNKNOWN
        if not isinstance(value, list | dict):
            raise Unreadable(method)
        if self.uncertain or keywords or not self.is_known(given):
            self.changed[id(value)] = value
            return UNKNOWN
        return tried(lambda: getattr(value, method)(*given))

    # What is known

    def require_certain(self) -> None:
        """Refuse to record in an uncertain place."""
        if self.uncertain:
            raise Unreadable("uncertain")

    def require_plain(self, name: str) -> None:
        """Refuse one of dbt's names that a macro replaces (JINJA-135)."""
        if name not in self.plain_names:
            if self.asks.macro(name) is not None:
                raise Unreadable(name)
            self.plain_names.add(name)

    def seen(self, value: Any) -> Any:
        """Return a value, or UNKNOWN for a list or mapping that may have been changed."""
        if isinstance(value, list | dict) and (self.is_any_changed or id(value) in self.changed):
            return UNKNOWN
        return value

    def escape(self, value: Any) -> None:
        """Note that lists and mappings were given to something that may change them."""
        if isinstance(value, list | tuple):
            for item in value:
                self.escape(item)
        elif isinstance(value, dict):
            for item in value.values():
                self.escape(item)
        if isinstance(value, list | dict):
            self.changed[id(value)] = value

    def escape_all(self, given: list[Any], keywords: Keywords) -> None:
        """Note that a call's arguments were given away."""
        for value in given:
            self.escape(value)
        for value in keywords.values():
            self.escape(value)

    def is_known(self, value: Any) -> bool:
        """Tell whether nothing in a value is unknown."""
        if type(value) is str:
            return True
        if value is UNKNOWN or self.seen(value) is UNKNOWN:
            return False
        if isinstance(value, list | tuple):
            return all(self.is_known(item) for item in value)
        if isinstance(value, dict):
            return all(self.is_known(item) for item in value.values())
        return True


def _copied(value: Any) -> Any:
    """Return a value whose lists and mappings are new; `copy.deepcopy` takes five times as long."""
    if type(value) is dict:
        return {key: _copied(item) for key, item in value.items()}
    if type(value) is list:
        return [_copied(item) for item in value]
    if type(value) is str or value is None or isinstance(value, int | float):
        return value
    return copy.deepcopy(value)


def _with_default(given: list[Any], keywords: Keywords) -> tuple[str, Any]:
    """Read a name and an optional default."""
    rest = [*given[1:], *keywords.values()]
    if not given or len(rest) > 1 or any(key != "default" for key in keywords):
        raise Unreadable("var")
    return text_of(given[0]), rest[0] if rest else None


def _named(given: list[Any], version: Any) -> RefCall:
    """Return the call that one or two names make."""
    names = [text_of(value) for value in given]
    if len(names) not in {1, 2}:
        raise Unreadable("ref")
    package = names[0] if len(names) > 1 else None
    return RefCall(name=names[-1], package=package, version=version)


def _refuse(keywords: Keywords) -> None:
    if keywords:
        raise Unreadable("keywords")
