"""`environment show`: what is linked to what, here and on the server; never a secret (CLI-03)."""

from __future__ import annotations

import platform

from upriver import __version__
from upriver.problems import Problem
from upriver.project.events import ProblemFound
from upriver.project.linked.here import Here, here_of
from upriver.project.linked.served import described
from upriver.project.linked.troubles import troubled
from upriver.project.opened import Caller
from upriver.project.outcome import Outcome
from upriver.project.requests import EnvironmentShow, Request
from upriver.state.remote.server_api import (
    Server,
    StateAnswer,
    StatedEnvironment,
    Trouble,
    current_state,
    environments,
    who_am_i,
)
from upriver.workspace.inputs import DBT_VERSION
from upriver.workspace.link.mention import user_file_path

_Rows = dict[str, str | None]


def environment_show(request: Request, caller: Caller) -> Outcome:
    """Show the link, its server's answers, and the target."""
    assert isinstance(request, EnvironmentShow)  # noqa: S101 - the table of verbs
    here = here_of(request, caller, needs_profile=True)
    problems: list[Problem] = [*here.problems]
    remote, found = _remote(here, problems, caller)
    rows = {"Local": _local(here), "Remote": remote | _target(here)}
    lines: list[str] = []
    for title, part in rows.items():
        lines += ["", title] if lines else [title]
        lines += [f"  {name:<20} {value or '[N/A]'}" for name, value in part.items()]
    if not here.link.is_complete:
        lines += ["", "Not linked to a server; `upriver login HOST` does that"]
    if found:
        lines += ["", "Environments", *(f"  {_shown(one)}" for one in found)]
    return Outcome(lines=tuple(lines), data=rows, problems=tuple(problems))


def _local(here: Here) -> _Rows:
    workspace = here.workspace
    return {
        "Account id": here.link.account_id,
        "Project id": here.link.project_id,
        "Host": here.link.host,
        "User file": user_file_path(here.home),
        "Project file": None if workspace is None else f"{workspace.root}/dbt_project.yml",
        "Version": f"upriver {__version__} (dbt {DBT_VERSION})",
        "System": platform.platform(),
    }


def _remote(
    here: Here, problems: list[Problem], caller: Caller
) -> tuple[_Rows, tuple[StatedEnvironment, ...]]:
    link = here.link
    rows: _Rows = dict.fromkeys(
        ("Account", "Project", "Environment", "Defers to", "Server version")
    )
    if not link.is_complete:
        return rows, ()
    server = here.server()

    def answered(answer: object) -> bool:
        if isinstance(answer, Trouble):
            problem = troubled(answer, server)
            problems.append(problem)
            caller.listener(ProblemFound(problem=problem))
        return not isinstance(answer, Trouble)

    me = who_am_i(server)
    if isinstance(me, Trouble):
        answered(me)
        return rows, ()
    project_id = link.project_id or ""
    rows["Account"] = me.account.name
    rows["Server version"] = me.server.version
    rows["Project"] = next((p.name for p in me.projects if str(p.id) == project_id), None)
    found = environments(server, project_id)
    if isinstance(found, Trouble):
        answered(found)
        return rows, ()
    own = [
        one
        for one in found
        if (str(one.id) == link.environment_id if link.environment_id else _is_development(one))
    ]
    rows["Environment"] = own[0].name if own else None
    rows["Defers to"] = _deferred_to(server, here)
    return rows, found


def _is_development(one: StatedEnvironment) -> bool:
    return one.type == "development"


def _deferred_to(server: Server, here: Here) -> str:
    link = here.link
    chosen = link.defer_environment_id
    numbered = chosen if chosen is None or chosen.isdecimal() else None
    answer = current_state(server, link.project_id or "", numbered, None)
    if isinstance(answer, StateAnswer):
        environment = answer.state.environment
        return described(environment.name or f"environment {environment.id}", answer.state)
    return answer.said if isinstance(answer, Trouble) else "[N/A]"


def _target(here: Here) -> _Rows:
    profile = None if here.workspace is None else here.workspace.profile
    if profile is None:
        return {"Target": None, "Connection": None}
    rows: _Rows = {"Target": profile.target_name, "Connection": profile.adapter_type}
    shown = profile.credentials.shown.items()
    return rows | {f"  {key}": str(value) for key, value in shown if value not in (None, "", {})}


def _shown(one: StatedEnvironment) -> str:
    name = one.name or ""
    kind = one.deployment_type or one.type or ""
    state = "no state" if one.state is None else described("run", one.state)
    return f"{one.id!s:<4} {name:<16} {kind:<12} {state}"
