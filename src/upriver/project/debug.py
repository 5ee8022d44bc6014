"""`debug`: check the files and the connection, one line each (CLI-54, CLI-121)."""

from __future__ import annotations

import platform
import shutil
import sys
from collections.abc import Callable

from upriver import __version__
from upriver.problems import Problem, ProblemsError, WarehouseError, has_errors
from upriver.project.events import Listener, ProblemFound, Said
from upriver.project.opened import Caller
from upriver.project.outcome import ExitCode, Outcome
from upriver.project.requests import Debug, Request
from upriver.project.resolve import inputs_of
from upriver.project.warehouse import Door, connection_problem
from upriver.workspace.profile import Profile
from upriver.workspace.workspace import Workspace, open_workspace


def debug(request: Request, caller: Caller) -> Outcome:
    """Say what is found; exit code 1 if any check fails."""
    assert isinstance(request, Debug)  # noqa: S101 - the table of verbs
    inputs = inputs_of(request.options, env=caller.env, cwd=caller.cwd)
    say = _teller(caller.listener)
    if request.config_dir:
        say(f"profiles.yml is looked for in {inputs.profiles_dir or inputs.home or inputs.cwd}")
        return Outcome()
    if not request.connection:
        say(f"upriver version: {__version__} (matches dbt {inputs.dbt_version})")
        say(f"python version: {platform.python_version()}")
        say(f"python path: {sys.executable}")
        say(f"os info: {platform.platform()}")
    workspace, problems = open_workspace(inputs)
    for problem in problems:
        caller.listener(ProblemFound(problem=problem))
    is_fine = not has_errors(problems)
    if workspace is not None and not request.connection:
        _say_files(workspace, say)
    profile = None if workspace is None else workspace.profile
    if profile is not None:
        failed = _check_connection(profile, say)
        if failed is not None:
            caller.listener(ProblemFound(problem=failed))
            problems = (*problems, failed)
            is_fine = False
    say("All checks passed!" if is_fine else f"{len(problems)} check(s) failed")
    exit_code = ExitCode.SUCCESS if is_fine else ExitCode.FAILURE
    return Outcome(exit_code=exit_code, problems=problems)


Say = Callable[[str], None]


def _teller(listener: Listener) -> Say:
    def say(text: str) -> None:
        listener(Said(text=text))

    return say


def _say_files(workspace: Workspace, say: Say) -> None:
    say(f"Using dbt_project.yml in {workspace.root}")
    if workspace.profile is not None:
        say(f"Using profiles.yml file at {workspace.profile.profiles_path}")
        say(f"Using profile '{workspace.profile.name}', target '{workspace.profile.target_name}'")
        say(f"adapter type: {workspace.profile.adapter_type}")
    say(
        f"git: {'found' if shutil.which('git') else 'not found; `git` is needed for git packages'}"
    )


def _check_connection(profile: Profile, say: Say) -> Problem | None:
    say("Connection:")
    for key, value in profile.credentials.shown.items():
        say(f"  {key}: {value}")
    try:
        door = Door(profile)
        try:
            session = door.session("debug")
            session.execute("select 1 as id")
            session.close()
        finally:
            door.close()
    except ProblemsError as error:
        return error.problems[0]
    except WarehouseError as error:
        say("  Connection test: [ERROR]")
        return connection_problem(profile, error)
    say("  Connection test: [OK connection ok]")
    return None
