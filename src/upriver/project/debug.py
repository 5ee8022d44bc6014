"""`debug`: check the files and the connection, one line each (CLI-54, CLI-121)."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import uuid
from collections.abc import Callable

from upriver import __version__
from upriver.problems import Problem, ProblemsError, WarehouseError, has_errors
from upriver.project.events import Listener, ProblemFound, Said
from upriver.project.opened import Caller, opened_event
from upriver.project.outcome import ExitCode, Outcome
from upriver.project.requests import Debug, Request
from upriver.project.resolve import inputs_of
from upriver.project.warehouse import Door, connection_problem
from upriver.workspace.inputs import Inputs
from upriver.workspace.profile import Profile
from upriver.workspace.workspace import Workspace, open_workspace

_FILES = {"dbt_project.yml": ("project-",), "profiles.yml": ("profile", "target-")}
"""What the codes of problems with each file begin with, where they name no place."""


def debug(request: Request, caller: Caller) -> Outcome:
    """Say what is found; exit code 1 if any check fails."""
    assert isinstance(request, Debug)  # noqa: S101 - the table of verbs
    inputs = inputs_of(request.options, env=caller.env, cwd=caller.cwd)
    say = _teller(caller.listener)
    if request.config_dir:
        say(f"To view your profiles.yml file, look in {_profiles_dir(inputs)}")
        return Outcome()
    workspace, problems = open_workspace(inputs)
    if workspace is not None:
        caller.listener(opened_event("debug", workspace, str(uuid.uuid4())))
    if not request.connection:
        _say_versions(inputs, say)
        _say_files(workspace, problems, say)
    for problem in problems:
        caller.listener(ProblemFound(problem=problem))
    profile = None if workspace is None else workspace.profile
    if profile is not None:
        failed = _check_connection(profile, say)
        if failed is not None:
            caller.listener(ProblemFound(problem=failed))
            problems = (*problems, failed)
    say("")
    if not has_errors(problems):
        say("All checks passed!")
        return Outcome(problems=problems)
    count = sum(problem.severity == "error" for problem in problems)
    say(f"{count} check{'' if count == 1 else 's'} failed")
    return Outcome(exit_code=ExitCode.FAILURE, problems=problems)


def _profiles_dir(inputs: Inputs) -> str:
    return inputs.profiles_dir or os.path.join(inputs.home or "~", ".dbt")


Say = Callable[[str], None]


def _teller(listener: Listener) -> Say:
    def say(text: str) -> None:
        listener(Said(text=text))

    return say


def _say_versions(inputs: Inputs, say: Say) -> None:
    say(f"upriver version: {__version__}")
    say(f"dbt version: {inputs.dbt_version}")
    say(f"python version: {platform.python_version()}")
    say(f"python path: {sys.executable}")
    say(f"os info: {platform.platform()}")


def _say_files(workspace: Workspace | None, problems: tuple[Problem, ...], say: Say) -> None:
    profile = None if workspace is None else workspace.profile
    if profile is not None:
        say(f"Using profiles dir at {os.path.dirname(profile.profiles_path)}")
        say(f"Using profiles.yml file at {profile.profiles_path}")
        say(f"Using profile '{profile.name}', target '{profile.target_name}'")
    if workspace is not None:
        say(f"Using dbt_project.yml file at {os.path.join(workspace.root, 'dbt_project.yml')}")
    if profile is not None:
        say(f"adapter type: {profile.adapter_type}")
        say(f"adapter version: {__version__}")
    say("Configuration:")
    say(f"  profiles.yml file [{_state(problems, 'profiles.yml', is_read=profile is not None)}]")
    is_read = workspace is not None
    say(f"  dbt_project.yml file [{_state(problems, 'dbt_project.yml', is_read=is_read)}]")
    say("Required dependencies:")
    say(f" - git [{'OK found' if shutil.which('git') else 'ERROR not found'}]")
    say("")


def _state(problems: tuple[Problem, ...], file: str, *, is_read: bool) -> str:
    is_wrong = any(
        problem.severity == "error" and _is_about(problem, file) for problem in problems
    )
    if is_wrong:
        return "ERROR invalid"
    return "OK found and valid" if is_read else "not checked"


def _is_about(problem: Problem, file: str) -> bool:
    if problem.span is not None:
        return os.path.basename(problem.span.file) == file
    return problem.code.startswith(_FILES[file])


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
        say("  Connection test: [ERROR]")
        return error.problems[0]
    except WarehouseError as error:
        say("  Connection test: [ERROR]")
        return connection_problem(profile, error)
    say("  Connection test: [OK connection ok]")
    return None
