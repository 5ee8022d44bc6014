"""An open project for Python callers: the same verbs the command line has, with typed results.

    from upriver import open_project
    from upriver.project.option_groups import Selecting
from upriver.project.requests import Run

    project = open_project("path/to/project", target="dev")
    outcome = project.perform(Run(selecting=Selecting(select=("orders+",))))
    for result in outcome.report.results:
        print(result.unique_id, result.status)

Two projects can be open in one process, on different targets, at once.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import msgspec

from upriver.graph.graph import Graph
from upriver.problems import ProblemsError
from upriver.project.events import Listener
from upriver.project.opened import Caller
from upriver.project.option_groups import GlobalOptions
from upriver.project.outcome import Outcome
from upriver.project.perform import perform
from upriver.project.requests import Parse, Request
from upriver.run.stop import Stop


def _silent(_: object) -> None:
    return


class Project:
    """A project directory with the options all its requests share."""

    def __init__(
        self, options: GlobalOptions, *, env: Mapping[str, str], cwd: str, listener: Listener
    ) -> None:
        self.options = options
        self._env = env
        self._cwd = cwd
        self._listener = listener
        self._templates: dict[str, Any] = {}

    def perform(
        self, request: Request, *, listener: Listener | None = None, stop: Stop | None = None
    ) -> Outcome:
        """Do what is asked; a request's own options win over the project's.

        Problems are in the outcome; nothing is raised for what is wrong with the project.
        """
        caller = Caller(
            env=self._env,
            cwd=self._cwd,
            listener=listener or self._listener,
            stop=stop or Stop(),
            templates=self._templates,
        )
        options = _merged(self.options, request.options)
        return perform(msgspec.structs.replace(request, options=options), caller)

    def graph(self) -> Graph:
        """Parse the project and return its graph; raises ProblemsError if it has errors."""
        outcome = self.perform(Parse())
        if outcome.graph is None:
            raise ProblemsError(outcome.problems)
        return outcome.graph


def open_project(
    project_dir: str | os.PathLike[str] = ".",
    *,
    env: Mapping[str, str] | None = None,
    listener: Listener = _silent,
    **options: Any,
) -> Project:
    """Open a project; `options` are fields of `GlobalOptions` (`target`, `vars`, `state`, ...).

    Works as if upriver were run in that directory: relative paths of options and profile start
    there. Raises TypeError for an option that does not exist. Nothing is read until a verb is
    performed.
    """
    root = os.path.abspath(project_dir)
    given = GlobalOptions(project_dir=root, **options)
    return Project(
        given,
        env=dict(os.environ) if env is None else env,
        cwd=root,
        listener=listener,
    )


def _merged(base: GlobalOptions, own: GlobalOptions) -> GlobalOptions:
    given = {
        name: value
        for name in own.__struct_fields__
        for value in (getattr(own, name),)
        if value is not None
    }
    return msgspec.structs.replace(base, **given)
