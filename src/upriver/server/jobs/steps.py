"""The steps of a run, named as clients expect them (platform.md 6.3, JOB-02 to JOB-05)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import msgspec

from upriver.server.jobs.commands import Command, read_command

Kind = Literal["checkout", "profile", "command"]

DEPS: Final = "dbt deps"
FRESHNESS: Final = "dbt source freshness"
DOCS: Final = "dbt docs generate"
DEFERRABLE: Final = frozenset(
    {"build", "run", "test", "seed", "snapshot", "compile", "show", "clone", "ls", "diff", "plan",
     "docs generate"}
)  # fmt: skip


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A step that is to be done."""

    index: int
    name: str
    kind: Kind
    command: Command | None = None
    is_vital: bool = True
    """A failure ends the run. Otherwise the run may still succeed."""


def steps_of(job: Any, overrides: Mapping[str, Any], connection_name: str) -> tuple[Step, ...]:
    """Return the steps of a run of a job's row; raises ValueError for a command that is refused.

    There are always three built-in ones: some clients count on it by number.
    """
    wanted: list[tuple[str, bool]] = [(DEPS, True)]
    if job.run_generate_sources:
        wanted.append((FRESHNESS, False))
    wanted += [(text, True) for text in overrides.get("steps_override") or job.execute_steps]
    with_docs = overrides.get("generate_docs_override")
    if job.generate_docs if with_docs is None else with_docs:
        wanted.append((DOCS, False))
    built_in = (
        Step(index=1, name="Clone git repository", kind="checkout"),
        Step(index=2, name=f"Create profile from connection {connection_name}", kind="profile"),
    )
    return (*built_in, *_commands(wanted, len(built_in) + 1))


def _commands(wanted: Sequence[tuple[str, bool]], first: int) -> Sequence[Step]:
    steps = []
    for index, (text, is_vital) in enumerate(wanted, first):
        command = read_command(text)
        if not isinstance(command, Command):
            raise ValueError(command.message)  # noqa: TRY004 - the text is wrong, not its type
        steps.append(
            Step(
                index=index, name=f"Invoke dbt with `{text}`", kind="command", command=command,
                is_vital=is_vital,
            )
        )  # fmt: skip
    return steps


def status_of(ends: Sequence[tuple[Step, bool]]) -> bool:
    """Return whether a run succeeded, given how each of its steps ended."""
    return all(is_good or not step.is_vital for step, is_good in ends)
