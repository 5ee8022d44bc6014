"""`login`, `login status`, `logout`: the link of this machine to a server (platform CLI-10)."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from upriver.problems import Problem, ProblemsError
from upriver.project.events import ProblemFound, Said
from upriver.project.linked.here import Here, here_of, server_at
from upriver.project.linked.served import described
from upriver.project.linked.troubles import not_signed_in, troubled
from upriver.project.opened import Caller
from upriver.project.outcome import ExitCode, Outcome, Question
from upriver.project.requests import Login, LoginStatus, Logout, Request
from upriver.state.remote.server_api import (
    Named,
    Server,
    StateAnswer,
    Trouble,
    WhoAmI,
    current_state,
    who_am_i,
)
from upriver.workspace.link.hosts import address_of, is_hosted, is_loopback, place_of
from upriver.workspace.link.mention import user_file_path
from upriver.workspace.link.user_file import Entry, read_user_file, with_entry, without_entry

_TOKEN = "DBT_CLOUD_TOKEN"  # noqa: S105 - a variable's name


def login(request: Request, caller: Caller) -> Outcome:
    """Check a token and store it; raises ProblemsError."""
    assert isinstance(request, Login)  # noqa: S101 - the table of verbs
    here = here_of(request, caller)
    address, is_certain = _address(request, here)
    token = _token(request, caller, address)
    server, me = _signed_in(server_at(address, token, caller), is_certain=is_certain)
    project = _project(request, here, me)
    entry = Entry(
        project_id=str(project.id),
        project_name=project.name,
        host=server.host,
        token=token,
        account_id=str(me.account.id),
        account_name=me.account.name,
        token_name=me.token.name,
    )
    path = user_file_path(here.home)
    try:
        with_entry(path, entry)
    except (OSError, ValueError) as error:
        raise ProblemsError((_not_written(path, error),)) from None
    _greet(caller, here, server, me, entry)
    return Outcome(problems=here.problems)


def _address(request: Login, here: Here) -> tuple[str, bool]:
    """Return the server's address, and whether it was written with its scheme."""
    file, _ = read_user_file(user_file_path(here.home))
    given = request.host or here.link.host or file.active_host
    if given is None and here.caller.ask is not None:
        given = here.caller.ask(Question(text="Host of the server")) or None
    address = None if given is None else address_of(given)
    if given is None or address is None or is_hosted(address):
        raise ProblemsError((_which_host(given),))
    if address.startswith("http:") and not is_loopback(address):
        here.caller.listener(ProblemFound(problem=_unencrypted(address)))
    return address, "://" in given


def _token(request: Login, caller: Caller, address: str) -> str:
    """Return the token: from a file, a variable, or the person; never from an argument."""
    if request.token_file is not None:
        try:
            token = _text(request.token_file, caller.cwd).strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ProblemsError((_no_token_in(request.token_file, error),)) from None
    else:
        token = caller.env.get(_TOKEN, "").strip()
        if not token and caller.ask is not None:
            caller.listener(Said(text=f"{address} shows where to make a token"))
            token = caller.ask(Question(text="Token", is_hidden=True)).strip()
    if not token or not token.isprintable() or " " in token:
        raise ProblemsError((_no_token(),))
    return token


def _text(path: str, cwd: str) -> str:
    if path == "-":
        with open(0, encoding="utf-8", closefd=False) as stream:
            return stream.read()
    return Path(cwd, path).read_text(encoding="utf-8")


def _signed_in(server: Server, *, is_certain: bool) -> tuple[Server, WhoAmI]:
    """Ask who the token is; a server on this machine may be without encryption."""
    me = who_am_i(server)
    if isinstance(me, Trouble) and not is_certain and is_loopback(server.host):
        plain = msgspec.structs.replace(server, host=f"http://{place_of(server.host)}")
        answer = who_am_i(plain)
        if not isinstance(answer, Trouble):
            return plain, answer
        me = answer if me.kind == "unreachable" else me
    if isinstance(me, Trouble):
        raise ProblemsError((troubled(me, server),))
    return server, me


def _project(request: Login, here: Here, me: WhoAmI) -> Named:
    """Choose the project: as given, as the project file says, by name, or the only one."""
    wanted = request.project
    link = here.link
    if wanted is None and link.origins.get("project_id", "").endswith((".yml", "_ID")):
        is_stored = link.origins["project_id"] == user_file_path(here.home)
        wanted = None if is_stored else link.project_id
    if wanted is not None:
        for project in me.projects:
            if wanted in (str(project.id), project.name):
                return project
        raise ProblemsError((_no_such_project(wanted, me),))
    if len(me.projects) == 1:
        return me.projects[0]
    name = None if here.workspace is None else here.workspace.name
    named = [project for project in me.projects if project.name == name]
    if len(named) == 1:
        return named[0]
    if here.caller.ask is not None and me.projects:
        return _asked_project(here, me)
    raise ProblemsError((_which_project(me),))


def _asked_project(here: Here, me: WhoAmI) -> Named:
    ask = here.caller.ask
    assert ask is not None  # noqa: S101 - the caller looked
    for project in me.projects:
        here.caller.listener(Said(text=f"[{project.id}] {project.name or ''}"))
    while True:
        answer = ask(Question(text="Number of the project"))
        for project in me.projects:
            if answer in (str(project.id), project.name):
                return project


def _greet(caller: Caller, here: Here, server: Server, me: WhoAmI, entry: Entry) -> None:
    def say(text: str) -> None:
        caller.listener(Said(text=text))

    account = me.account.name or f"account {me.account.id}"
    token = f" with the token `{me.token.name}`" if me.token.name else ""
    say(f"Signed in to {place_of(server.host)}{token}, {account}")
    say(f"Linked to the project {_shown(entry)}; kept in {user_file_path(here.home)}")
    answer = current_state(server, entry.project_id, None, None)
    if isinstance(answer, StateAnswer):
        environment = answer.state.environment
        name = environment.name or f"environment {environment.id}"
        say(f"Commands defer to {described(name, answer.state)} from now on")
    elif isinstance(answer, Trouble):
        say(f"There is nothing to defer to yet: {answer.said}")
    if here.workspace is not None and "project-id" not in here.workspace.settings.dbt_cloud:
        say("In `dbt_project.yml`, this says so for everybody who works on the project:")
        say(f"  dbt-cloud: {{project-id: {entry.project_id}}}")


def _shown(entry: Entry) -> str:
    number = entry.project_id
    return f"{entry.project_name} ({number})" if entry.project_name else number


def login_status(request: Request, caller: Caller) -> Outcome:
    """Say which server is linked and whether it knows the token; exit code 1 if it is of no use."""
    assert isinstance(request, LoginStatus)  # noqa: S101 - the table of verbs
    here = here_of(request, caller)
    link = here.link
    if link.host is None or link.token is None:
        caller.listener(ProblemFound(problem=not_signed_in()))
        return Outcome(exit_code=ExitCode.FAILURE, problems=(*here.problems, not_signed_in()))
    me = who_am_i(here.server())
    lines = {
        "Host": link.host,
        "Project": link.project_name or link.project_id,
        "Token": link.token_name,
        "Token from": link.origins.get("token"),
    }
    problems = here.problems
    if isinstance(me, Trouble):
        problem = troubled(me, here.server())
        caller.listener(ProblemFound(problem=problem))
        problems = (*problems, problem)
    else:
        lines |= {
            "Account": me.account.name or str(me.account.id),
            "Token": me.token.name,
            "Kind of token": me.token.kind,
            "Expires": me.token.expires_at or "never",
            "Server": me.server.version,
        }
    for name, value in lines.items():
        caller.listener(Said(text=f"{name + ':':<15} {value or '[N/A]'}"))
    is_known = not isinstance(me, Trouble)
    exit_code = ExitCode.SUCCESS if is_known else ExitCode.FAILURE
    return Outcome(exit_code=exit_code, problems=problems, data=lines)


def logout(request: Request, caller: Caller) -> Outcome:
    """Forget the token of the linked project; raises ProblemsError."""
    assert isinstance(request, Logout)  # noqa: S101 - the table of verbs
    here = here_of(request, caller)
    path = user_file_path(here.home)
    file, _ = read_user_file(path)
    project_id = here.link.project_id or ""
    entry = file.entry_of(project_id, here.link.host)
    if entry is None or not os.path.exists(path):
        caller.listener(Said(text=f"{path} holds no token for this project"))
        return Outcome(problems=here.problems)
    try:
        without_entry(path, entry)
    except (OSError, ValueError) as error:
        raise ProblemsError((_not_written(path, error),)) from None
    text = f"The token for {_shown(entry)} is taken out of {path}; the server still knows it"
    caller.listener(Said(text=text))
    return Outcome(problems=here.problems)


def _which_host(given: str | None) -> Problem:
    if given is None:
        message = "Which server to sign in to is not said"
    elif address_of(given) is None:
        message = f"`{given}` is no host: a name or an address, with a port if it needs one"
    else:
        message = f"`{given}` belongs to the hosted platform, which hands out no state to upriver"
    return Problem(
        code="login-host",
        message=message,
        hint="`upriver login dbt.example.com`, or `upriver login http://localhost:8580`",
    )


def _unencrypted(address: str) -> Problem:
    return Problem(
        code="login-unencrypted",
        severity="warning",
        message=f"`{address}` is not encrypted: whoever is on the way can read the token",
        hint="Have the server use TLS, and sign in to it again with a new token",
    )


def _no_token() -> Problem:
    return Problem(
        code="login-token",
        message="No token is given, or what is given is none",
        hint=f"Run `upriver login` in a terminal, give `--token-file FILE` (`-` is the standard"
        f" input), or set `{_TOKEN}`",
    )


def _no_token_in(path: str, error: Exception) -> Problem:
    reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
    return Problem(code="login-token", message=f"`{path}` cannot be read: {reason}")


def _no_such_project(wanted: str, me: WhoAmI) -> Problem:
    return Problem(
        code="login-project",
        message=f"The token may see no project `{wanted}`",
        hint=f"It may see: {_listed(me)}",
    )


def _which_project(me: WhoAmI) -> Problem:
    return Problem(
        code="login-project",
        message="Which project of the server this is, is not said",
        hint=f"`--project` with one of: {_listed(me)}",
    )


def _listed(me: WhoAmI) -> str:
    return ", ".join(f"{one.id} ({one.name})" for one in me.projects) or "none"


def _not_written(path: str, error: Exception) -> Problem:
    reason = (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
    return Problem(code="login-not-kept", message=f"`{path}` cannot be written: {reason}")
