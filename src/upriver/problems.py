"""Problems: what is wrong with a user's project, as values.

A mistake in a project is never an exception. Stages return what they could read *and* the problems
they found, and the front door prints all of them at once. Exceptions are for I/O and for the
impossible::

    UpriverError              root; the command ends with exit code 2
    |-- ProblemsError         carries the problems that stop a verb before anything ran
    |-- WarehouseError        the warehouse refused or was lost; carries its own words
    `-- Interrupted           the user asked to stop

Every code used with `Problem` has a section in `docs/problems/`; a test compares the two.
"""

from typing import Literal

import msgspec

Severity = Literal["error", "warning"]
Key = str | int


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """A place in a file of the project."""

    file: str
    """Path relative to the project root, with forward slashes."""
    line: int | None = None
    """1-based."""
    column: int | None = None
    """1-based."""
    keys: tuple[Key, ...] = ()
    """For YAML: the path of keys and list positions that leads to the value. Lines of YAML items
    are found only when a problem is shown (`parse/locate.py`), since no fast loader keeps them."""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong, with a place and a remedy."""

    code: str
    """Short kebab-case name, e.g. `ref-not-found`."""
    message: str
    """One sentence, no trailing period, naming the resource and the value."""
    severity: Severity = "error"
    span: Span | None = None
    hint: str | None = None
    """What to do, only where it is known."""
    related: tuple[Span, ...] = ()
    event: str | None = None
    """dbt's event class name, for `--warn-error-options` (CLI-108)."""
    unique_id: str | None = None
    """The resource the problem is about, where there is one."""


class UpriverError(Exception):
    """Root of what upriver raises."""


class ProblemsError(UpriverError):
    """Problems that stop a verb before anything ran."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = problems


class WarehouseError(UpriverError):
    """The warehouse refused a statement or the connection was lost; the message is its own."""


class Interrupted(UpriverError):  # noqa: N818 - a wish, not an error
    """The user asked to stop (Ctrl-C)."""


def has_errors(problems: tuple[Problem, ...] | list[Problem]) -> bool:
    """Tell whether any of the problems is an error."""
    return any(problem.severity == "error" for problem in problems)
