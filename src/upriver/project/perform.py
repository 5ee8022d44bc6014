"""The one door of the room: a request in, an outcome out; every verb is found here.

A verb's module is loaded when the verb is performed: listing needs neither planner nor runner.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from importlib import import_module

import msgspec

from upriver.problems import Interrupted, Problem, ProblemsError
from upriver.project.events import ProblemFound
from upriver.project.opened import Caller
from upriver.project.outcome import ExitCode, Outcome
from upriver.project.requests import (
    Alias,
    Build,
    Clean,
    Clone,
    Compile,
    Debug,
    Deps,
    Diff,
    DocsGenerate,
    DocsServe,
    Init,
    List,
    Parse,
    PlanOnly,
    Request,
    Retry,
    Run,
    RunOperation,
    Seed,
    Show,
    Snapshot,
    SourceFreshness,
    Test,
)

Verb = Callable[[Request, Caller], Outcome]


def perform(request: Request, caller: Caller) -> Outcome:
    """Do what is asked. Problems are outcomes with exit code 2, never exceptions."""
    seen: list[Problem] = []

    def listen(event: object) -> None:
        if isinstance(event, ProblemFound):
            seen.append(event.problem)
        caller.listener(event)  # type: ignore[arg-type]

    told = msgspec.structs.replace(caller, listener=listen)
    try:
        return verb_of(type(request))(request, told)
    except ProblemsError as error:
        for problem in error.problems:
            if problem not in seen:
                told.listener(ProblemFound(problem=problem))
        return Outcome(exit_code=ExitCode.ERROR, problems=error.problems)
    except Interrupted:
        problem = Problem(code="interrupted", message="Interrupted before anything was executed")
        told.listener(ProblemFound(problem=problem))
        return Outcome(exit_code=ExitCode.FAILURE, problems=(problem,))
    except OSError as error:
        if not error.filename or isinstance(error, BrokenPipeError):
            raise
        problem = _inaccessible(error)
        told.listener(ProblemFound(problem=problem))
        return Outcome(exit_code=ExitCode.ERROR, problems=(problem,))


def _inaccessible(error: OSError) -> Problem:
    return Problem(
        code="file-inaccessible",
        message=f"`{os.fsdecode(error.filename)}` cannot be used: {error.strerror}",
        hint="Check the permissions and the free space; `--target-path` and `--log-path` name"
        " other directories",
    )


def verb_of(kind: type[Request]) -> Verb:
    """Return the function that performs requests of a kind."""
    module, name = _VERBS[kind]
    verb: Verb = getattr(import_module(f"upriver.project.{module}"), name)
    return verb


_VERBS: Mapping[type[Request], tuple[str, str]] = {
    Alias: ("alias", "alias"),
    Build: ("verbs", "build"),
    Clean: ("clean", "clean"),
    Clone: ("verbs", "clone"),
    Compile: ("verbs", "compile_nodes"),
    Debug: ("debug", "debug"),
    Diff: ("difference", "diff"),
    Deps: ("deps", "deps"),
    DocsGenerate: ("docs.generate", "docs_generate"),
    DocsServe: ("docs.serve", "docs_serve"),
    Init: ("init", "init"),
    List: ("listing", "list_resources"),
    Parse: ("parsing", "parse"),
    PlanOnly: ("verbs", "plan"),
    Retry: ("verbs", "retry"),
    Run: ("verbs", "run"),
    RunOperation: ("verbs", "run_operation"),
    Seed: ("verbs", "seed"),
    Show: ("verbs", "show"),
    Snapshot: ("verbs", "snapshot"),
    SourceFreshness: ("freshness", "source_freshness"),
    Test: ("verbs", "test"),
}
"""Module and function by request."""
