"""One invocation: arguments in, typed result out, whoever calls (CLI-136..140).

from upriver import invoke

result = invoke(["run", "--select", "orders+"])
assert result.exit_code == 0
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TextIO

import msgspec

from upriver.cli.parser import HelpAsked, Parsed, UsageError, parse
from upriver.problems import Problem
from upriver.project.outcome import ExitCode, Outcome
from upriver.project.requests import Demo, GlobalOptions
from upriver.run.stop import Stop

Callback = Callable[[Any], None]


class InvokeResult(msgspec.Struct, frozen=True, kw_only=True):
    """What an invocation gave."""

    success: bool
    exit_code: int
    outcome: Outcome | None = None
    exception: BaseException | None = None
    """Why nothing was executed: bad arguments."""

    @property
    def result(self) -> Any:
        """The verb's own result: a report, a list of lines, or None."""
        if self.outcome is None:
            return None
        return self.outcome.report or self.outcome.data


def invoke(
    args: Sequence[str],
    *,
    callbacks: Sequence[Callback] = (),
    env: Mapping[str, str] | None = None,
    cwd: str | None = None,
    stdout: TextIO | None = None,
    stderr: TextIO | None = None,
    stop: Stop | None = None,
    templates: dict[str, Any] | None = None,
) -> InvokeResult:
    """Run one command. Callbacks get every event; output goes to the given streams."""
    out, err = stdout or sys.stdout, stderr or sys.stderr
    variables = dict(os.environ) if env is None else dict(env)
    try:
        parsed = parse(args)
    except HelpAsked as help_asked:
        out.write(f"{help_asked.text}\n")
        return InvokeResult(success=True, exit_code=ExitCode.SUCCESS)
    except UsageError as error:
        _tell_usage(error, err)
        return InvokeResult(success=False, exit_code=ExitCode.ERROR, exception=error)
    outcome = _perform(
        parsed,
        args=tuple(args),
        env=variables,
        cwd=cwd or os.getcwd(),  # noqa: PTH109 - a string is wanted
        streams=(out, err),
        callbacks=callbacks,
        stop=stop or Stop(),
        templates={} if templates is None else templates,
    )
    return InvokeResult(
        success=outcome.is_success, exit_code=int(outcome.exit_code), outcome=outcome
    )


def _tell_usage(error: UsageError, stream: TextIO) -> None:
    if error.usage:
        stream.write(f"{error.usage}\n")
    stream.write(f"error[usage]: {error.message}\n")
    if error.hint:
        stream.write(f"  hint: {error.hint}\n")


def _perform(
    parsed: Parsed,
    *,
    args: tuple[str, ...],
    env: dict[str, str],
    cwd: str,
    streams: tuple[TextIO, TextIO],
    callbacks: Sequence[Callback],
    stop: Stop,
    templates: dict[str, Any],
) -> Outcome:
    # The engine is loaded only when there is something to do: `--help` needs none of it.
    from upriver.cli.output import Output
    from upriver.project.opened import Caller
    from upriver.project.perform import perform

    options: GlobalOptions = parsed.request.options
    output = Output(parsed.command, options, env=env, cwd=cwd, streams=streams)

    def listen(event: Any) -> None:
        output(event)
        for callback in callbacks:
            callback(event)

    caller = Caller(
        env=env,
        cwd=cwd,
        listener=listen,
        stop=stop,
        command_line=args,
        templates=templates,
        on_query=output.on_query,
    )
    if parsed.command == "demo":
        from upriver.cli.demo import demo

        assert isinstance(parsed.request, Demo)  # noqa: S101 - the command decides the type

        def type_command(words: list[str], directory: str) -> bool:
            result = invoke(
                words, env=env, cwd=directory, stdout=streams[0], stderr=streams[1], stop=stop,
                templates=templates,
            )  # fmt: skip
            return result.success

        return demo(parsed.request, caller, type_command, has_colours=output.has_colours)
    outcome = perform(parsed.request, caller)
    output.finish(outcome)
    return outcome


def problem_of(error: UsageError) -> Problem:
    """Return a usage error as a problem."""
    return Problem(code="usage", message=error.message, hint=error.hint)
