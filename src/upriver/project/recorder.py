"""Writing down what a parse asked of the outside, so that its answer can be remembered.

A trace is the set of questions one file's parse asked. It stays valid as long as every question
still has the same answer (verifying traces): a macro that was looked up and not found is a
question too, so adding an overriding macro invalidates exactly its users. Questions that have no
stable answer (the invocation, `graph`, the warehouse) make a parse unmemorable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from upriver.digest import digest_text, digest_value
from upriver.jinja.world import Found, Invocation, Warehouse, World
from upriver.resources.dialect import Dialect
from upriver.resources.macro import Macro
from upriver.resources.relation import Quoting

SEPARATOR = "\x1f"
"""Between the words of a question."""
OUTSIDE = frozenset({"var", "env", "target", "flag"})
"""Kinds of questions whose answers lie outside the project's files."""
UNMEMORABLE = "unmemorable"
"""Stands in a trace for a question without a lasting answer."""


class Answers:
    """The present answer to each question as a digest, worked out once."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._digests: dict[str, str] = {}

    def digest(self, question: str) -> str:
        """Return the digest of the answer the world gives now."""
        found = self._digests.get(question)
        if found is None:
            found = self._digests[question] = self._ask(question)
        return found

    def digests(self, questions: Iterable[str]) -> dict[str, str]:
        """Return the digests of many questions."""
        return {question: self.digest(question) for question in questions}

    def _ask(self, question: str) -> str:
        kind, *arguments = question.split(SEPARATOR)
        match kind:
            case "macro":
                return _macro_digest(self.world.find_macro(*arguments))
            case "macro-in":
                return _macro_digest(self.world.find_macro_in(*arguments))
            case "namespace":
                return str(self.world.has_namespace(arguments[0]))
            case "dispatch":
                return str(self.world.dispatch_order(arguments[0] or None))
            case "var":
                return found_digest(self.world.var(*arguments))
            case "env":
                # Only a digest is ever kept, never the value.
                value = self.world.env_var(arguments[0])
                return "absent" if value is None else digest_text(value)
            case "target":
                return plain_digest(dict(self.world.target()))
            case "flag":
                return found_digest(self.world.flag(arguments[0]))
            case _:
                return "unknown"


def _macro_digest(macro: Macro | None) -> str:
    return "absent" if macro is None else macro.unique_id + digest_text(macro.macro_sql)


def found_digest(found: Found) -> str:
    """Return the digest of a looked-up value; one that was not found has its own."""
    return plain_digest(found.value) if found.is_found else "absent"


def plain_digest(value: Any) -> str:
    """Return the digest of any value a template may be given."""
    try:
        return digest_value(value)
    except (TypeError, ValueError):
        return digest_text(repr(value))


class Recorder:
    """A `World` that answers like another and notes the questions."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.questions: dict[str, None] = {}
        self.is_memorable = True

    def start(self) -> None:
        """Begin a new trace."""
        self.questions = {}
        self.is_memorable = True

    def trace(self) -> tuple[str, ...]:
        """Return the questions asked since `start`."""
        questions = tuple(self.questions)
        return questions if self.is_memorable else (*questions, UNMEMORABLE)

    def _note(self, *parts: str) -> None:
        self.questions[SEPARATOR.join(parts)] = None

    @property
    def is_executing(self) -> bool:
        """Never while parsing."""
        return self._world.is_executing

    @property
    def dialect(self) -> Dialect:
        """Part of the settings all files share."""
        return self._world.dialect

    @property
    def quoting(self) -> Quoting:
        """Part of the settings all files share."""
        return self._world.quoting

    @property
    def project_name(self) -> str:
        """Part of the settings all files share."""
        return self._world.project_name

    @property
    def warehouse(self) -> Warehouse | None:
        """None while parsing."""
        return self._world.warehouse

    def find_macro(self, name: str, package: str) -> Macro | None:
        """Note the look-up, found or not."""
        self._note("macro", name, package)
        return self._world.find_macro(name, package)

    def find_macro_in(self, namespace: str, name: str) -> Macro | None:
        """Note the look-up, found or not."""
        self._note("macro-in", namespace, name)
        return self._world.find_macro_in(namespace, name)

    def has_namespace(self, name: str) -> bool:
        """Note the look-up."""
        self._note("namespace", name)
        return self._world.has_namespace(name)

    def dispatch_order(self, namespace: str | None) -> tuple[str, ...] | None:
        """Note the look-up."""
        self._note("dispatch", namespace or "")
        return self._world.dispatch_order(namespace)

    def var(self, name: str, package: str) -> Found:
        """Note the look-up."""
        self._note("var", name, package)
        return self._world.var(name, package)

    def env_var(self, name: str) -> str | None:
        """Note the look-up."""
        self._note("env", name)
        return self._world.env_var(name)

    def target(self) -> Mapping[str, Any]:
        """Note that the target was looked at; which field is not told apart."""
        self._note("target")
        return self._world.target()

    def flag(self, name: str) -> Found:
        """Note the look-up."""
        self._note("flag", name)
        return self._world.flag(name)

    def invocation(self) -> Invocation:
        """Make the parse unmemorable: every invocation differs."""
        self.is_memorable = False
        return self._world.invocation()

    def graph(self) -> Mapping[str, Any]:
        """Make the parse unmemorable."""
        self.is_memorable = False
        return self._world.graph()

    def selected(self) -> tuple[str, ...]:
        """Make the parse unmemorable."""
        self.is_memorable = False
        return self._world.selected()

    def say(self, text: str, level: str, unique_id: str | None) -> None:
        """Pass on."""
        self._world.say(text, level, unique_id)

    def remember(self, key: str, make: Callable[[], Any]) -> Any:
        """Pass on: compiled templates depend on nothing but their text."""
        return self._world.remember(key, make)
