"""The link of the directory a verb is called in, whether or not there is a project that opens."""

from __future__ import annotations

import os

import msgspec

from upriver.problems import Interrupted, Problem, ProblemsError
from upriver.project.events import ProblemFound
from upriver.project.linked.troubles import not_signed_in
from upriver.project.opened import Caller
from upriver.project.requests import Request
from upriver.project.resolve import inputs_of
from upriver.state.remote.server_api import Server
from upriver.workspace.inputs import option_from_env
from upriver.workspace.link.settings import Link, read_link
from upriver.workspace.workspace import Workspace, open_workspace


class Here(msgspec.Struct, frozen=True, kw_only=True):
    """What is known without asking anybody."""

    link: Link
    caller: Caller
    home: str
    target_path: str
    workspace: Workspace | None = None
    problems: tuple[Problem, ...] = ()

    def server(self) -> Server:
        """Return the server; raises ProblemsError where none is known."""
        if self.link.host is None or self.link.token is None:
            raise ProblemsError((not_signed_in(),))
        return server_at(self.link.host, self.link.token, self.caller)


def here_of(request: Request, caller: Caller, *, needs_profile: bool = False) -> Here:
    """Read the link; what is wrong with it is told, what is wrong with the project is not."""
    options = request.options
    inputs = inputs_of(
        options, env=caller.env, cwd=caller.cwd, needs_profile=needs_profile, reads_packages=False
    )
    workspace, _ = open_workspace(inputs)
    if workspace is None and needs_profile:
        return here_of(request, caller)
    block = {} if workspace is None else workspace.settings.dbt_cloud
    chosen = {"defer_environment_id": options.defer_env}
    link, problems = read_link(caller.env, inputs.home, block, chosen)
    for problem in problems:
        caller.listener(ProblemFound(problem=problem))
    given = options.target_path or option_from_env(caller.env, "TARGET_PATH")
    target = os.path.join(caller.cwd, given or "target")
    if workspace is not None and (given is None or not os.path.isdir(target)):
        target = workspace.target_path
    return Here(
        link=link,
        caller=caller,
        home=inputs.home or os.path.expanduser("~"),
        target_path=os.path.normpath(target),
        workspace=workspace,
        problems=problems,
    )


def server_at(host: str, token: str, caller: Caller) -> Server:
    """Return whom to ask."""

    def check_stop() -> None:
        if caller.stop.is_requested:
            raise Interrupted

    return Server(host=host, token=token, env=caller.env, check_stop=check_stop)
