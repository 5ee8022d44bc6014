"""`clean`: delete the directories the project lists as clean targets (CLI-53, CLI-123)."""

from __future__ import annotations

import os
import shutil
import uuid
from pathlib import Path

import msgspec

from upriver.problems import Problem, ProblemsError, has_errors
from upriver.project.events import Listener, Said
from upriver.project.opened import Caller, opened_event
from upriver.project.outcome import Outcome
from upriver.project.requests import Clean, Request
from upriver.project.resolve import from_environment, inputs_of
from upriver.workspace.workspace import Workspace, open_workspace


def clean(request: Request, caller: Caller) -> Outcome:
    """Delete the clean targets; raises ProblemsError for what is refused."""
    assert isinstance(request, Clean)  # noqa: S101 - the table of verbs
    if request.schema or request.orphans:
        # Deleting directories needs neither the project nor its warehouse.
        from upriver.project.opened import with_project
        from upriver.project.remains.cleaning import clean_schema

        return with_project("clean", clean_schema)(request, caller)
    filled, problems = from_environment(request, caller.env)
    inputs = inputs_of(request.options, env=caller.env, cwd=caller.cwd, needs_profile=False)
    workspace, more = open_workspace(inputs)
    problems = (*problems, *more)
    if workspace is None or has_errors(problems):
        raise ProblemsError(problems)
    opened = opened_event("clean", workspace, str(uuid.uuid4()))
    caller.listener(msgspec.structs.replace(opened, adapter_type=None))
    is_careful = filled.clean_project_files_only is not False
    problems = _delete(workspace, caller.listener, project_files_only=is_careful)
    if problems:
        raise ProblemsError(problems)
    return Outcome()


def _delete(
    workspace: Workspace, listener: Listener, *, project_files_only: bool
) -> tuple[Problem, ...]:
    """Delete clean targets; source directories and, by default, paths outside are refused."""
    root = Path(workspace.root)
    settings = workspace.settings
    protected = {
        os.path.normpath(root / path) for path in (*settings.source_paths, *settings.asset_paths)
    }
    protected.add(os.path.normpath(root))
    paths = {target: Path(os.path.normpath(root / target)) for target in settings.clean_targets}
    refused = (
        _refuse(path, target, root, protected, project_files_only=project_files_only)
        for target, path in paths.items()
    )
    problems = tuple(problem for problem in refused if problem is not None)
    if problems:
        # Nothing is deleted where anything is refused.
        return problems
    for path in paths.values():
        listener(Said(text=f"Checking {path}/*"))
        if path.exists():
            shutil.rmtree(path)
            listener(Said(text=f"Cleaned {path}/*"))
    listener(Said(text="Finished cleaning all paths."))
    return ()


def _refuse(
    path: Path, target: str, root: Path, protected: set[str], *, project_files_only: bool
) -> Problem | None:
    if any(
        os.path.normpath(keep) == str(path) or path in Path(keep).parents for keep in protected
    ):
        return Problem(
            code="clean-refused",
            message=f"`clean` will not delete `{target}`, which holds sources of the project",
            hint="Take it out of `clean-targets` in `dbt_project.yml`",
        )
    if project_files_only and not path.is_relative_to(root):
        return Problem(
            code="clean-refused",
            message=f"`clean` will not delete `{target}`, which is outside the project",
            hint="Pass `--no-clean-project-files-only` to delete it all the same",
        )
    return None
