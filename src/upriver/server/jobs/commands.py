"""The commands a job may hold: words of a command line, never of a shell (platform.md S-15).

A command is split as a POSIX shell splits words, and nothing else of a shell is understood. Its
verb and options must be ones that upriver has, and none that would lead the worker's process out
of the places it was given.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

import msgspec

from upriver.problems import Problem
from upriver.project.option_groups import GlobalOptions, Selecting
from upriver.project.options import Option, options_of
from upriver.project.requests import REQUESTS
from upriver.resources.nearest import nearest_hint

VERBS = (
    "build", "run", "test", "seed", "snapshot", "compile", "parse", "ls", "list", "show", "clone",
    "retry", "run-operation", "source freshness", "docs generate", "deps", "debug", "diff", "plan",
    "clean",
)  # fmt: skip
"""Verbs of a job. Those that serve, or write a project's files, are not among them."""

_ALIASES = {"list": "ls"}
_KEPT_FIELDS = frozenset({"project_dir", "profiles_dir", "target_path", "log_path"})
"""Options that say where things lie: the worker says that."""
_TOOLS = frozenset({"dbt", "upriver"})
_MOST_WORDS = 256
_MOST_CHARACTERS = 8_192


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """A command that may be run."""

    text: str
    """As the job has it: it names the step."""
    verb: str
    words: tuple[str, ...]
    """The argument vector behind the program's name."""


def read_command(text: str) -> Command | Problem:
    """Understand one command of a job; a Problem says why it may not be run."""
    if len(text) > _MOST_CHARACTERS or "\0" in text or "\n" in text:
        return _refused(text[:60], "is longer than a line may be, or not a line", None)
    try:
        words = shlex.split(text, posix=True)
    except ValueError as error:
        return _refused(text, f"has a quote without its end ({error})", "Close the quotes")
    if not words or words[0] not in _TOOLS:
        return _refused(text, "does not begin with `dbt` or `upriver`", "Write `dbt build`")
    if len(words) > _MOST_WORDS:
        return _refused(text, f"has more than {_MOST_WORDS} words", None)
    verb, at = _verb(words)
    if verb is None:
        hint = nearest_hint(" ".join(words[1:2]), VERBS) or f"One of: {', '.join(VERBS)}"
        return _refused(text, "is no command that a job can run", hint)
    if verb == "clean" and not {"--schema", "--yes"}.issubset(words):
        return _refused(text, "would ask somebody", "`clean --schema --yes` drops without asking")
    problem = _unfit_option(text, verb, (*words[1:at], *words[at + len(verb.split()) :]))
    if problem is not None:
        return problem
    return Command(text=text, verb=_ALIASES.get(verb, verb), words=tuple(words[1:]))


def verb_of(text: str) -> str | None:
    """Return the verb of a command; None for one that a job could not have."""
    command = read_command(text)
    return command.verb if isinstance(command, Command) else None


def read_commands(texts: Sequence[str]) -> tuple[tuple[Command, ...], tuple[Problem, ...]]:
    """Understand all commands of a job, and report what is wrong with any."""
    read = [read_command(text) for text in texts]
    return (
        tuple(one for one in read if isinstance(one, Command)),
        tuple(one for one in read if isinstance(one, Problem)),
    )


def _verb(words: Sequence[str]) -> tuple[str | None, int]:
    """Return the verb and its place: global options may stand before it."""
    options = {flag: option for option in options_of(GlobalOptions) for flag in option.flags}
    at = 1
    while at < len(words) and words[at].startswith("-"):
        option = options.get(words[at].partition("=")[0])
        takes_next = option is not None and option.kind != "bool" and "=" not in words[at]
        at += 2 if takes_next else 1
    for length in (2, 1):
        verb = " ".join(words[at : at + length])
        if verb in VERBS:
            return verb, at
    return None, at


def _unfit_option(text: str, verb: str, words: Sequence[str]) -> Problem | None:
    known = _flags_of(verb)
    for word in words:
        if not word.startswith("-") or _is_number(word):
            continue
        flag = word.partition("=")[0]
        option = known.get(flag) or (None if flag.startswith("--") else known.get(flag[:2]))
        if option is None:
            return _refused(text, f"has no option `{flag}`", nearest_hint(flag, known))
        if option.field in _KEPT_FIELDS:
            return _refused(text, f"may not say `{flag}`", "The worker chooses its directories")
    return None


def _flags_of(verb: str) -> dict[str, Option]:
    request = REQUESTS[_ALIASES.get(verb, verb)]
    options = [*options_of(GlobalOptions), *options_of(request)]
    if "selecting" in request.__struct_fields__:
        options += options_of(Selecting)
    known = {flag: option for option in options for flag in option.flags}
    for option in options:
        if option.is_negatable:
            known |= {
                f"--no-{flag.removeprefix('--')}": option
                for flag in option.flags
                if flag.startswith("--")
            }
    return known


def _is_number(word: str) -> bool:
    return word[1:2].isdigit()


def _refused(text: str, why: str, hint: str | None) -> Problem:
    return Problem(code="job-command-refused", message=f"The command `{text}` {why}", hint=hint)
