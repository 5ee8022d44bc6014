"""The state that upriver's server holds, as a directory: current, or the last copy with its age.

Each invocation asks once whether what is here is still current, which is one short answer. What
deferral reads is a lean index of the state; the whole manifest is fetched only for who compares
with it. Copies are kept by server, account, project and environment, so none is ever taken for
another's; an index is kept together with the state it belongs to.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import msgspec

from upriver.state.age import spell_age
from upriver.state.remote.answer import Unchanged
from upriver.state.remote.cache import Cache, Kept
from upriver.state.remote.server_api import (
    HASTY,
    Answered,
    Patience,
    Server,
    State,
    StateAnswer,
    Trouble,
    current_state,
    decoded,
    state_artifact,
    state_index,
)
from upriver.state.wire.read import decode_manifest

_STATE, _MANIFEST = "state.json", "manifest.json"
_BESIDE = ("run_results.json", "sources.json")
_TRIES = 3
_LATELY = 60.0
"""Seconds for which it is remembered that a server did not answer."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Whose state is wanted."""

    server: Server
    project_id: str
    account_id: str | None = None
    environment_id: str | None = None
    """None: the one that the server has developers defer to."""

    def address(self, part: str) -> str:
        """Return what tells copies apart."""
        words = (self.server.host, self.account_id, self.project_id, self.environment_id, part)
        return "server:" + "/".join(word or "-" for word in words)


class Served(msgspec.Struct, frozen=True, kw_only=True):
    """A state that is here."""

    directory: str
    """Holds the `manifest.json`: the index, or the whole one."""
    state: State
    trouble: Trouble | None = None
    """Why nobody knows whether it is current."""
    age: float = 0.0
    """Seconds since it was last known to be current."""

    @property
    def warning(self) -> str | None:
        """Why the state may be an old one, and how old its copy is; None if it is current."""
        if self.trouble is None:
            return None
        age = spell_age(self.age)
        return f"the copy that was current {age} ago is used: {self.trouble.said}"


def served_index(asked: Asked, cache: Cache, now: float) -> Served | Trouble:
    """Return the state for deferral. Raises OSError where it cannot be kept.

    A server that did not answer a moment ago is not waited for as long again.
    """
    host = asked.server.host
    patience = HASTY if 0 <= now - cache.failed_at(host) < _LATELY else None
    known = cache.find(asked.address("index"))
    state = None if known is None else _state_of(cache, known)
    revision = None if known is None or state is None else known.revision
    answer = _ask_state(asked, revision, patience)
    if isinstance(answer, Trouble) and answer.kind == "unreachable":
        cache.note_failure(host, now)
    elif patience is not None:
        cache.forget_failure(host)
    if known is None or state is None:
        return _fetched(asked, cache, now, answer)
    if isinstance(answer, Unchanged):
        return Served(directory=str(cache.directory(cache.confirm(known, now))), state=state)
    if isinstance(answer, StateAnswer):
        fetched = _fetched(asked, cache, now, answer)
        if isinstance(fetched, Served) or not fetched.may_pass:
            return fetched
        answer = fetched
    if not answer.may_pass:
        return answer
    directory = str(cache.directory(known))
    return Served(
        directory=directory, state=state, trouble=answer, age=max(0.0, now - known.fetched_at)
    )


def _ask_state(
    asked: Asked, revision: str | None, patience: Patience | None = None
) -> StateAnswer | Unchanged | Trouble:
    server, environment_id = asked.server, asked.environment_id
    return current_state(server, asked.project_id, environment_id, revision, patience)


def _fetched(
    asked: Asked, cache: Cache, now: float, answer: StateAnswer | Unchanged | Trouble
) -> Served | Trouble:
    """Fetch the index of the same revision as a state."""
    found: StateAnswer | Unchanged | Trouble | None = answer
    for _ in range(_TRIES):
        found = found or _ask_state(asked, None)
        if not isinstance(found, StateAnswer):
            return found if isinstance(found, Trouble) else _odd("it says that nothing changed")
        environment_id = str(found.state.environment.id)
        index = state_index(asked.server, asked.project_id, environment_id)
        if not isinstance(index, Answered):
            return index if isinstance(index, Trouble) else _odd("it says that nothing changed")
        if _bare(index.revision) == _bare(found.revision):
            return _kept(asked, cache, now, found, index)
        # A run ended between the two questions.
        found = None
    return Trouble(kind="busy", said="the state changes faster than it can be fetched")


def _kept(
    asked: Asked, cache: Cache, now: float, answer: StateAnswer, index: Answered
) -> Served | Trouble:
    if not _is_manifest(index.data):
        return _odd("the index that it sends is none")
    parts = {_MANIFEST: index.data, _STATE: answer.data}
    kept = cache.keep(asked.address("index"), parts, answer.revision, now)
    return Served(directory=str(cache.directory(kept)), state=answer.state)


def _is_manifest(data: bytes) -> bool:
    wire, _ = decode_manifest(data, "")
    return wire is not None and wire.metadata is not None and wire.nodes is not None


def _state_of(cache: Cache, known: Kept) -> State | None:
    try:
        data = (cache.directory(known) / _STATE).read_bytes()
    except OSError:
        return None
    return decoded(data, State)


def served_manifest(asked: Asked, cache: Cache, now: float, index: Served) -> Served | Trouble:
    """Return the whole state that an index belongs to. Raises OSError where it cannot be kept."""
    address = asked.address("manifest")
    known = cache.find(address)
    wanted = index.state.manifest.sha256
    if known is not None and known.revision == wanted:
        directory = str(cache.directory(cache.confirm(known, now)))
        return msgspec.structs.replace(index, directory=directory)
    trouble = index.trouble
    if trouble is None:
        fetched = _whole(asked, index, wanted)
        if isinstance(fetched, dict):
            kept = cache.keep(address, fetched, wanted, now)
            return msgspec.structs.replace(index, directory=str(cache.directory(kept)))
        trouble = fetched
    if known is None or not trouble.may_pass:
        return trouble
    age = max(0.0, now - known.fetched_at)
    directory = str(cache.directory(known))
    return Served(directory=directory, state=index.state, trouble=trouble, age=age)


def _whole(asked: Asked, index: Served, wanted: str) -> dict[str, bytes] | Trouble:
    environment_id = str(index.state.environment.id)

    def fetch(name: str) -> Answered | Unchanged | Trouble:
        return state_artifact(asked.server, asked.project_id, environment_id, name)

    manifest = fetch(_MANIFEST)
    if not isinstance(manifest, Answered):
        return manifest if isinstance(manifest, Trouble) else _odd("it says nothing changed")
    if hashlib.sha256(manifest.data).hexdigest() != wanted:
        return _odd("the manifest that it sends is not the one it named")
    return {_MANIFEST: manifest.data, **_others(fetch)}


def _others(fetch: Callable[[str], Answered | Unchanged | Trouble]) -> dict[str, bytes]:
    found = {name: fetch(name) for name in _BESIDE}
    return {name: part.data for name, part in found.items() if isinstance(part, Answered)}


def _bare(revision: str | None) -> str:
    """Return an ETag without the marks of servers in between that pack answers."""
    return (revision or "").removeprefix("W/").replace("-gzip", "")


def _odd(said: str) -> Trouble:
    return Trouble(kind="odd", said=said)


def index_file(served: Served) -> Path:
    """Return the file of the index or manifest."""
    return Path(served.directory) / _MANIFEST
