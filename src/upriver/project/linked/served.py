"""The linked server's state, as directories; loaded only where it is asked for.

For deferral an index is enough; the whole manifest is fetched for selectors that compare, and for
whoever compares meanings (policy `fresh`, `--reuse`).
"""

from __future__ import annotations

import datetime
import os
import time

import msgspec

from upriver.problems import Problem
from upriver.project.linked.here import server_at
from upriver.project.linked.offer import link_of
from upriver.project.linked.troubles import no_state, not_linked, offline
from upriver.project.opened import OpenedProject
from upriver.project.planning import is_reuse_wanted
from upriver.project.published_state import REQUIRING
from upriver.project.resolve import Deferring
from upriver.state.age import spell_age
from upriver.state.remote.address import is_of_server, read_address
from upriver.state.remote.bounded import Pending
from upriver.state.remote.cache import Cache
from upriver.state.remote.fetch import cache_folder
from upriver.state.remote.server_api import Server, State, Trouble, environments
from upriver.state.remote.server_state import Asked, Served, served_index, served_manifest
from upriver.workspace.link.mention import FILE
from upriver.workspace.link.settings import Link


def from_server(opened: OpenedProject, deferring: Deferring) -> Deferring:
    """Return the options with directories in the place of the server.

    Where there is none, nothing is deferred, and that is told; whoever asked for it by name is
    stopped. Raises ProblemsError.
    """
    serving = _Serving(opened, is_required=opened.which in REQUIRING or not deferring.is_set)
    rules = opened.workspace.deferral.deny
    is_marked = any(not rule.is_of_place for rule in rules)
    # An index says nothing of what rules go by.
    is_whole = deferring.policy == "fresh" or is_marked or is_reuse_wanted(opened)

    def directory(text: str | None) -> str | None:
        return serving.directory(text, is_whole=is_whole) if is_of_server(text) else text

    state = deferring.state
    if is_of_server(state):
        state = serving.directory(state, is_whole=True) if deferring.compares else None
    baseline, layers = deferring.baseline, deferring.layers
    if deferring.policy is None:
        # Selectors alone need no index.
        baseline, layers = None, ()
    baseline = directory(baseline)
    layers = tuple(place for text in layers if (place := directory(text)) is not None)
    return msgspec.structs.replace(
        deferring,
        state=state,
        baseline=baseline or (layers[0] if layers else None),
        layers=layers,
        names={**deferring.names, **serving.names},
        lines=serving.lines,
        ledgers=serving.ledgers,
    )


def begin(opened: OpenedProject, text: str) -> None:
    """Ask for the state of an environment while something else is done."""
    link = link_of(opened)
    chosen = read_address(text).text or link.defer_environment_id
    if not link.is_complete or (chosen is not None and not chosen.isdecimal()):
        return
    asked = _asked_for(opened, link, chosen)
    cache = Cache(cache_folder(opened.caller.env))
    opened.once[f"{text} pending"] = Pending(
        lambda _: served_index(asked, cache, time.time()), _LONGEST
    )


def _asked_for(opened: OpenedProject, link: Link, environment_id: str | None) -> Asked:
    return Asked(
        server=server_of(opened, link),
        project_id=link.project_id or "",
        account_id=link.account_id,
        environment_id=environment_id,
    )


_LONGEST = 600.0
"""Seconds; each question has a much shorter time of its own."""


class _Serving:
    """Asks for each environment once."""

    def __init__(self, opened: OpenedProject, *, is_required: bool) -> None:
        self._opened = opened
        self._is_required = is_required
        self._cache = Cache(cache_folder(opened.caller.env))
        self.names: dict[str, str] = {}
        self.lines: dict[str, str] = {}
        self.ledgers: dict[str, tuple[str, str]] = {}

    def directory(self, text: str | None, *, is_whole: bool) -> str | None:
        """Return the directory of the state or its index; None where it is not to be had."""
        key = f"{text} {'whole' if is_whole else 'index'}"
        once = self._opened.once
        if key not in once:
            once[key] = self._served(text or "", is_whole=is_whole)
        served = once[key]
        if not isinstance(served, Served):
            return None
        name = served.state.environment.name or f"environment {served.state.environment.id}"
        self.names[served.directory] = name
        self.lines[served.directory] = described(name, served.state)
        index = once.get(f"{text} index")
        if is_whole and isinstance(index, Served):
            ledger = os.path.join(index.directory, "manifest.json")
            self.ledgers[served.directory] = (ledger, str(served.state.run.id))
        return served.directory

    def _served(self, text: str, *, is_whole: bool) -> Served | None:
        link = link_of(self._opened)
        if not link.is_complete:
            self._opened.require((not_linked(text),))
            return None
        asked = self._asked(link, read_address(text).text)
        if isinstance(asked, Trouble):
            self._tell(asked, server_of(self._opened, link), text)
            return None
        try:
            found = self._index(text, asked)
            if is_whole and isinstance(found, Served):
                found = served_manifest(asked, self._cache, time.time(), found)
        except OSError as error:
            found = Trouble(kind="unreachable", said=f"its state cannot be kept: {error}")
        if isinstance(found, Trouble):
            self._tell(found, asked.server, text)
            return None
        if found.warning is not None:
            self._opened.require((offline(found.warning, asked.server),))
        return found

    def _index(self, text: str, asked: Asked) -> Served | Trouble:
        known = self._opened.once.get(f"{text} index")
        if isinstance(known, Served):
            return known
        pending = self._opened.once.pop(f"{text} pending", None)
        if isinstance(pending, Pending):
            found: Served | Trouble = pending.wait(asked.server.check_stop)
        else:
            found = served_index(asked, self._cache, time.time())
        if isinstance(found, Served):
            self._opened.once[f"{text} index"] = found
        return found

    def _tell(self, trouble: Trouble, server: Server, text: str) -> None:
        problem = no_state(trouble, server, text, is_required=self._is_required)
        self._opened.require((problem,))

    def _asked(self, link: Link, environment: str) -> Asked | Trouble:
        server = server_of(self._opened, link)
        chosen = environment or link.defer_environment_id
        if chosen is not None and not chosen.isdecimal():
            found = by_name(server, link, chosen)
            if isinstance(found, Trouble):
                return found
            chosen = found
        return _asked_for(self._opened, link, chosen)


def by_name(server: Server, link: Link, name: str) -> str | Trouble:
    """Return the id of an environment that is called, or is of the kind, `name`."""
    found = environments(server, link.project_id or "")
    if isinstance(found, Trouble):
        return found
    for one in found:
        if name.lower() in ((one.name or "").lower(), one.deployment_type):
            return str(one.id)
    names = ", ".join(f"`{one.name}`" for one in found) or "none"
    return Trouble(kind="absent", said=f"there is no environment `{name}`; there is {names}")


def server_of(opened: OpenedProject, link: Link) -> Server:
    """Return whom to ask."""
    return server_at(link.host or "", link.token or "", opened.caller)


def described(name: str, state: State) -> str:
    """Return a state in one line: environment, commit, age (DEF-13)."""
    words = [name]
    if state.run.git_sha:
        words.append(f"@{state.run.git_sha[:8]}")
    age = _age_of(state)
    notes = [] if age is None else [f"{spell_age(age)} old"]
    if state.pinned:
        notes.append(f"pinned to run {state.run.id}")
    if notes:
        words.append(f"({', '.join(notes)})")
    return " ".join(words)


def _age_of(state: State) -> float | None:
    for text in (state.run.finished_at, state.manifest.generated_at):
        try:
            moment = datetime.datetime.fromisoformat(text or "")
        except ValueError:
            continue
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=datetime.UTC)
        return max(0.0, time.time() - moment.timestamp())
    return None


def given_up(opened: OpenedProject, problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    """Return what is wrong with a state that nobody asked for, as warnings.

    That of the project which the user's file calls active may well be another project's: whoever
    did not link this one is told, and not warned.
    """
    is_active_only = link_of(opened).origins.get("project_id", "").endswith(FILE)
    found: list[Problem] = []
    for problem in problems:
        if is_active_only and problem.code == "state-of-another-project":
            opened.say_once(f"Nothing is deferred: {_GIVEN_UP}")
        elif problem.severity == "error":
            hint = f"Nothing is deferred; {_GIVEN_UP}"
            found.append(msgspec.structs.replace(problem, severity="warning", hint=hint))
        else:
            found.append(problem)
    return tuple(found)


_GIVEN_UP = (
    "the linked project is another one; `dbt-cloud: {project-id: ...}` in `dbt_project.yml` says"
    " which one this is"
)
