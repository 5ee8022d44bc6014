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
from upriver.project.opened import Caller, OpenedProject
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
    EnvironmentShow,
    Init,
    List,
    Login,
    LoginStatus,
    Logout,
    Parse,
    PlanOnly,
    Request,
    Retry,
    Run,
    RunOperation,
    Seed,
    Show,
    ShowLineage,
    Snapshot,
    SourceFreshness,
    StatePublish,
    StatePush,
    Stats,
    Test,
)
from upriver.project.resolve import truth
from upriver.workspace.inputs import option_from_env

Verb = Callable[[Request, Caller], Outcome]


def perform(request: Request, caller: Caller) -> Outcome:
    """Do what is asked. Problems are outcomes with exit code 2, never exceptions."""
    seen: list[Problem] = []

    def listen(event: object) -> None:
        if isinstance(event, ProblemFound):
            seen.append(event.problem)
        caller.listener(event)  # type: ignore[arg-type]

    told = msgspec.structs.replace(caller, listener=listen, after=_pushed)
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


def _pushed(opened: OpenedProject, outcome: Outcome) -> Outcome:
    """Push what a verb wrote, where that is wanted: after runs of production, or as dbt does."""
    env, flags = opened.caller.env, opened.workspace.flags
    given = opened.request.options.upload_to_artifacts_ingest_api
    if given is None:
        text = option_from_env(env, "UPLOAD_TO_ARTIFACTS_INGEST_API")
        given = flags.extra.get("upload_to_artifacts_ingest_api") if text is None else truth(text)
    is_off = given is False or not flags.write_json
    if is_off or not (given or env.get("DBT_CLOUD_ENVIRONMENT_ID")):
        return outcome
    # Only production's runs push.
    from upriver.project.linked.push import push_after

    return push_after(opened, outcome, is_asked=given is True)


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
    EnvironmentShow: ("linked.environment", "environment_show"),
    Init: ("init", "init"),
    Login: ("linked.login", "login"),
    LoginStatus: ("linked.login", "login_status"),
    Logout: ("linked.login", "logout"),
    List: ("listing", "list_resources"),
    Parse: ("parsing", "parse"),
    PlanOnly: ("verbs", "plan"),
    Retry: ("verbs", "retry"),
    Run: ("verbs", "run"),
    RunOperation: ("verbs", "run_operation"),
    Seed: ("verbs", "seed"),
    Show: ("verbs", "show"),
    ShowLineage: ("origins", "show_lineage"),
    Snapshot: ("verbs", "snapshot"),
    SourceFreshness: ("freshness", "source_freshness"),
    StatePublish: ("deferring.publish", "state_publish"),
    Stats: ("saved.stats", "stats"),
    StatePush: ("linked.push", "state_push"),
    Test: ("verbs", "test"),
}
"""Module and function by request."""
