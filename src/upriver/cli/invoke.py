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

from upriver.cli.parser import HelpAsked, Parsed, UsageError, parse, with_flags
from upriver.project.outcome import Ask, ExitCode, Outcome
from upriver.project.requests import Demo, Serve, WorkerOnly
from upriver.run.stop import Stop

Callback = Callable[[Any], None]


class InvokeResult(msgspec.Struct, frozen=True, kw_only=True):
    """What an invocation gave."""

    success: bool
    exit_code: int
    outcome: Outcome | None = None
    exception: BaseException | None = None
    """Why nothing was executed: bad arguments; or what failed inside upriver."""

    @property
    def result(self) -> Any:
        """The verb's own result: a report, a list of lines, or None."""
        if self.outcome is None:
            return None
        return self.outcome.report or self.outcome.data


class Calling(msgspec.Struct, frozen=True, kw_only=True):
    """Around the arguments: where an invocation reads from and writes to."""

    args: tuple[str, ...]
    env: Mapping[str, str]
    cwd: str
    streams: tuple[TextIO, TextIO]
    callbacks: tuple[Callback, ...]
    stop: Stop
    templates: dict[str, Any]
    ask: Ask | None = None


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
    ask: Ask | None = None,
    **flags: Any,
) -> InvokeResult:
    """Run one command. Callbacks get every event; output goes to the given streams.

    `ask` puts a question to whoever sits there; without it, nothing is asked. `flags` are options
    by their name with underscores, which win over those in `args` (CLI-137).
    """
    calling = Calling(
        args=tuple(args),
        env=dict(os.environ) if env is None else dict(env),
        cwd=cwd or os.getcwd(),  # noqa: PTH109 - a string is wanted
        streams=(stdout or sys.stdout, stderr or sys.stderr),
        callbacks=tuple(callbacks),
        stop=stop or Stop(),
        templates={} if templates is None else templates,
        ask=ask,
    )
    try:
        parsed = parse(args)
        if flags:
            parsed = with_flags(parsed, flags)
    except HelpAsked as help_asked:
        calling.streams[0].write(f"{help_asked.text}\n")
        return InvokeResult(success=True, exit_code=ExitCode.SUCCESS)
    except UsageError as error:
        _tell_usage(error, calling.streams[1])
        return InvokeResult(success=False, exit_code=ExitCode.ERROR, exception=error)
    profile = parsed.request.options.record_timing_info
    if profile is not None:
        return _profiled(parsed, calling, profile)
    return _perform(parsed, calling)


def _profiled(parsed: Parsed, calling: Calling, file: str) -> InvokeResult:
    """Perform, and leave what took how long for `python -m pstats` (CLI-30)."""
    # Asked for rarely.
    import cProfile
    from pathlib import Path

    profiler = cProfile.Profile()
    try:
        return profiler.runcall(_perform, parsed, calling)
    finally:
        profiler.dump_stats(Path(calling.cwd, file))


def _tell_usage(error: UsageError, stream: TextIO) -> None:
    # Needed for mistakes only.
    from upriver.state.remote.address import secret_free

    stream.write(f"error[usage]: {secret_free(error.message)}\n")
    if error.hint:
        stream.write(f"  hint: {error.hint}\n")


def _perform(parsed: Parsed, calling: Calling) -> InvokeResult:
    # The engine is loaded only when there is something to do: `--help` needs none of it.
    from upriver.cli.output import Output
    from upriver.project.opened import Caller

    output = Output(
        parsed.command,
        parsed.request.options,
        env=calling.env,
        cwd=calling.cwd,
        streams=calling.streams,
    )

    def listen(event: Any) -> None:
        output(event)
        for callback in calling.callbacks:
            callback(event)

    caller = Caller(
        env=calling.env,
        cwd=calling.cwd,
        listener=listen,
        stop=calling.stop,
        command_line=calling.args,
        templates=calling.templates,
        on_query=output.on_query,
        ask=calling.ask,
        # Callbacks are other people's, and are called from this thread alone.
        is_heard_from_any_thread=not calling.callbacks,
    )
    calling.stop.last_words = output.last_words
    failure: Exception | None = None
    try:
        outcome = _outcome(parsed, caller, calling, has_colours=output.has_colours)
        output.finish(outcome)
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 - the last place where anything can be said
        failure = error
        outcome = _crashed(error, calling, output.log_path, listen)
    finally:
        calling.stop.last_words = None
        output.close()
    return InvokeResult(
        success=outcome.is_success,
        exit_code=int(outcome.exit_code),
        outcome=outcome,
        exception=failure,
    )


def _outcome(parsed: Parsed, caller: Any, calling: Calling, *, has_colours: bool) -> Outcome:
    if isinstance(parsed.request, Demo):
        from upriver.cli.demo import demo

        def type_command(words: list[str], directory: str) -> bool:
            return invoke(
                words,
                env=calling.env,
                cwd=directory,
                stdout=calling.streams[0],
                stderr=calling.streams[1],
                stop=calling.stop,
                templates=calling.templates,
            ).success

        return demo(
            parsed.request, caller, type_command, calling.streams[0], has_colours=has_colours
        )
    if isinstance(parsed.request, (Serve, WorkerOnly)):
        from upriver.server.start import start

        return start(parsed.request, caller)
    from upriver.project.perform import perform

    return perform(parsed.request, caller)


def _crashed(
    error: Exception, calling: Calling, log_path: str | None, listen: Callback
) -> Outcome:
    from upriver.cli.crash import crash_problem
    from upriver.cli.log_file import redactor
    from upriver.project.events import ProblemFound

    problem = crash_problem(error, calling.args, log_path, redactor(calling.env, calling.args))
    listen(ProblemFound(problem=problem))
    return Outcome(exit_code=ExitCode.ERROR, problems=(problem,))
