"""What a verb gives back, and the exit codes it stands for (CLI-10..13)."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any

import msgspec

from upriver.graph.graph import Graph
from upriver.plan.plan import Plan
from upriver.problems import Problem
from upriver.run.report import Report


class ExitCode(enum.IntEnum):
    """Exit codes of the command."""

    SUCCESS = 0
    """Everything asked for was done; warnings included."""
    FAILURE = 1
    """Something was executed and failed, or was skipped because of a failure."""
    ERROR = 2
    """Nothing was executed: usage, configuration, project or state is wrong."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """How a verb ended. Which of the parts are set depends on the verb."""

    exit_code: ExitCode = ExitCode.SUCCESS
    problems: tuple[Problem, ...] = ()
    """Everything found wrong, warnings included."""
    graph: Graph | None = None
    plan: Plan | None = None
    report: Report | None = None
    lines: tuple[str, ...] = ()
    """What was asked to be printed (`ls`, `compile`, `show`, `plan`), one string per line."""
    data: Any = None
    """The same as plain data."""

    @property
    def is_success(self) -> bool:
        """Exit code 0."""
        return self.exit_code is ExitCode.SUCCESS


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to ask for, on one line; only `init` and `clean` ask."""

    text: str
    default: str | None = None
    """What an empty answer means; None where one must be given."""
    is_hidden: bool = False
    """Whether the answer must not be seen while it is typed."""


Ask = Callable[[Question], str]
"""Asks the person at the terminal, and returns the answer without spaces around it."""
