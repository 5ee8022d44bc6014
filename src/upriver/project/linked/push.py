"""Pushing artifacts to the linked server, after a run or on request.

A run is never failed by its push: what goes wrong is told with the command that pushes the same
artifacts later. It happens where dbt would do it (`--upload-to-artifacts-ingest-api`), and after
runs of a deployment environment of a linked project.
"""

from __future__ import annotations

import os
import tempfile
import time
import zipfile
from typing import BinaryIO

import msgspec

from upriver.problems import Interrupted, Problem, ProblemsError
from upriver.project.events import Said
from upriver.project.linked.here import Here, here_of
from upriver.project.linked.offer import is_deployment, link_of
from upriver.project.linked.served import by_name, server_of
from upriver.project.linked.troubles import troubled
from upriver.project.opened import Caller, OpenedProject
from upriver.project.outcome import ExitCode, Outcome
from upriver.project.requests import Request, StatePush
from upriver.state.pushed import BUILDS_FILE, summarise
from upriver.state.remote.archive import plain
from upriver.state.remote.server_api import Server, Trouble, who_am_i
from upriver.state.remote.upload import Ingest, upload
from upriver.workspace.link.hosts import place_of
from upriver.workspace.link.settings import Link

_MANIFEST, _RESULTS = "manifest.json", "run_results.json"
_OF_RUNS = (_MANIFEST, _RESULTS, "semantic_manifest.json")
_MEMBERS = {
    "generate": (*_OF_RUNS, "catalog.json"),
    "freshness": (_MANIFEST, "sources.json", "semantic_manifest.json"),
}
_EVERY = (*_OF_RUNS, "catalog.json", "sources.json")
_OF_PRODUCTION = frozenset({"run", "build", "test", "seed", "snapshot", "generate", "freshness"})
"""Commands after which a linked deployment environment is told without being asked to."""


class Pushed(msgspec.Struct, frozen=True, kw_only=True):
    """What was pushed."""

    names: tuple[str, ...]
    ingest_id: str


def push_after(opened: OpenedProject, outcome: Outcome, *, is_asked: bool) -> Outcome:
    """Push what a verb wrote, if it is wanted; `is_asked` says that the switch of dbt is on."""
    link = link_of(opened)
    is_wanted = link.is_complete and is_deployment(opened, link)
    if not is_asked and not (is_wanted and opened.which in _OF_PRODUCTION):
        return outcome
    missing = [
        name
        for name, value in (
            ("DBT_CLOUD_ACCOUNT_HOST", link.host),
            ("DBT_CLOUD_TOKEN", link.token),
            ("DBT_CLOUD_ENVIRONMENT_ID", link.environment_id),
        )
        if value is None
    ]
    if missing:
        opened.report((_not_known(missing),))
    else:
        _push_told(opened, link)
    return msgspec.structs.replace(outcome, problems=tuple(opened.problems))


def _push_told(opened: OpenedProject, link: Link) -> None:
    names = tuple(
        name
        for name in _MEMBERS.get(opened.which, _OF_RUNS)
        if _is_of_now(os.path.join(opened.target_path, name), opened)
    )
    if _MANIFEST not in names:
        return
    started = time.perf_counter()
    environment = link.environment_id or ""
    try:
        pushed = push(server_of(opened, link), link, environment, opened.target_path, names)
    except Interrupted:
        pushed = Trouble(kind="unreachable", said="it was interrupted")
    host = place_of(link.host or "")
    if isinstance(pushed, Pushed):
        seconds = time.perf_counter() - started
        text = f"Pushed {_listed(pushed.names)} to environment {environment} of {host}"
        opened.listener(Said(text=f"{text} in {seconds:.2f}s"))
        return
    said = pushed.said if isinstance(pushed, Trouble) else pushed.message
    opened.report((_failed(said, host, opened.target_path, environment),))


def _is_of_now(path: str, opened: OpenedProject) -> bool:
    """Whether a file was written by this invocation; an older one belongs to another run."""
    try:
        # File systems have coarser clocks than Python.
        return os.stat(path).st_mtime >= opened.invocation.started_at.timestamp() - 2
    except OSError:
        return False


def push(
    server: Server, link: Link, environment_id: str, directory: str, names: tuple[str, ...]
) -> Pushed | Trouble | Problem:
    """Push those of the named artifacts that a directory holds."""
    account_id = link.account_id
    if account_id is None:
        me = who_am_i(server)
        if isinstance(me, Trouble):
            return me
        account_id = str(me.account.id)
    try:
        return _push(server, (account_id, environment_id), directory, names)
    except OSError as error:
        return _unreadable(os.fsdecode(error.filename or directory), error.strerror or str(error))


def _push(
    server: Server, place: tuple[str, str], directory: str, names: tuple[str, ...]
) -> Pushed | Trouble | Problem:
    path = os.path.join(directory, _MANIFEST)
    run_results = os.path.join(directory, _RESULTS)
    summary = summarise(
        plain(_bytes(path)),
        plain(_bytes(run_results)) if _RESULTS in names and os.path.exists(run_results) else None,
    )
    if summary is None:
        return _unreadable(path, "it is no manifest of a dbt project")
    with tempfile.TemporaryFile() as file:
        packed = _packed(file, directory, names, summary.builds)
        ingest = Ingest(
            account_id=place[0], environment_id=place[1], invocation_id=summary.invocation_id
        )
        made = upload(server, ingest, file, file.seek(0, os.SEEK_END))
    return made if isinstance(made, Trouble) else Pushed(names=packed, ingest_id=made)


def _bytes(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _packed(
    file: BinaryIO, directory: str, names: tuple[str, ...], builds: bytes | None
) -> tuple[str, ...]:
    packed: list[str] = []
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name in names:
            path = os.path.join(directory, name)
            if os.path.exists(path):
                archive.write(path, name)
                packed.append(name)
        if builds is not None:
            archive.writestr(BUILDS_FILE, builds)
    return tuple(packed)


def state_push(request: Request, caller: Caller) -> Outcome:
    """Push the artifacts of a directory, whichever tool made them; raises ProblemsError."""
    assert isinstance(request, StatePush)  # noqa: S101 - the table of verbs
    here = here_of(request, caller)
    server = here.server()
    environment = _environment(request, here, server)
    pushed = push(server, here.link, environment, here.target_path, _EVERY)
    if isinstance(pushed, Trouble):
        raise ProblemsError((troubled(pushed, server),))
    if isinstance(pushed, Problem):
        raise ProblemsError((pushed,))
    host = place_of(server.host)
    text = f"Pushed {_listed(pushed.names)} to environment {environment} of {host}"
    caller.listener(Said(text=text))
    return Outcome(exit_code=ExitCode.SUCCESS, problems=here.problems)


def _environment(request: StatePush, here: Here, server: Server) -> str:
    chosen = request.environment or here.link.environment_id
    if chosen is None:
        raise ProblemsError((_which_environment(),))
    if chosen.isdecimal():
        return chosen
    found = by_name(server, here.link, chosen)
    if isinstance(found, Trouble):
        raise ProblemsError((troubled(found, server),))
    return found


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names)


def _not_known(missing: list[str]) -> Problem:
    return Problem(
        code="push-not-configured",
        severity="warning",
        message="Artifacts are to be uploaded, and it is not known where to:"
        f" {', '.join(f'`{name}`' for name in missing)} not set",
        hint="`upriver login` knows host and token; the host may also be `tenant_hostname` under"
        " `dbt-cloud:` in `dbt_project.yml`",
    )


def _failed(said: str, host: str, directory: str, environment: str) -> Problem:
    return Problem(
        code="push-failed",
        severity="warning",
        message=f"The artifacts could not be pushed to {host}: {said}",
        hint=f"`upriver state push --target-path {directory} --environment {environment}` does it"
        " later; the run itself is not affected",
    )


def _unreadable(path: str, reason: str) -> Problem:
    return Problem(
        code="push-nothing",
        message=f"`{path}` cannot be pushed: {reason}",
        hint="`--target-path` names the directory that a run left its artifacts in",
    )


def _which_environment() -> Problem:
    return Problem(
        code="push-where",
        message="For which environment of the server the artifacts are is not said",
        hint="`--environment ID`, or `DBT_CLOUD_ENVIRONMENT_ID`; `upriver environment show` lists"
        " them",
    )
