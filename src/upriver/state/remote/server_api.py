"""What upriver's server is asked, each question with a typed answer or a `Trouble`.

No answer is believed by its status alone: a network's sign-in page also says 200. What cannot be
decoded as what was asked for is trouble, like an answer that does not come.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeVar
from urllib.parse import urlencode

import msgspec

from upriver.state.remote.answer import Unchanged
from upriver.state.remote.archive import LIMIT, ungzip
from upriver.state.remote.bounded import OutOfTime, Pending
from upriver.workspace.web.client import Call, Client, Failure, Reply, send

T = TypeVar("T")
BASE = "/api/upriver/v1"
_LONGEST_SAID = 300
_UNAUTHORISED, _FORBIDDEN = 401, 403
_TOO_MANY = 429


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """Whom to ask, as whom."""

    host: str
    """Its address, `https://dbt.example.com`."""
    token: str
    env: Mapping[str, str]
    """For proxies and trusted certificates."""
    check_stop: Callable[[], None] = lambda: None

    def __repr__(self) -> str:
        return f"Server({self.host!r})"


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """How long one question may take."""

    silent: float
    """Seconds without a byte, connecting included."""
    total: float
    """Seconds until the answer is whole, all attempts together."""
    attempts: int = 2


QUICK = Patience(silent=3.0, total=6.0)
"""For questions that everybody waits for."""
HASTY = Patience(silent=1.0, total=1.0, attempts=1)
"""For whom nobody was answered a moment ago."""
STEADY = Patience(silent=5.0, total=30.0)
"""For an index, a line per relation."""
LONG = Patience(silent=10.0, total=120.0)
"""For answers that may be large."""


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """Why there is no answer."""

    kind: Literal["unreachable", "busy", "odd", "unauthorised", "forbidden", "absent"]
    said: str
    """In the server's words where it has some."""

    @property
    def may_pass(self) -> bool:
        """Whether the last answer may still be the right one."""
        return self.kind in ("unreachable", "busy", "odd")


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """An account, a project."""

    id: int | str
    name: str | None = None


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    """Where a project is executed."""

    id: int | str
    name: str | None = None
    type: str | None = None
    deployment_type: str | None = None
    is_deferrable: bool = True


class StateRun(msgspec.Struct, frozen=True, kw_only=True):
    """The run that published the state."""

    id: int | str
    finished_at: str | None = None
    git_sha: str | None = None
    git_branch: str | None = None
    cause: str | None = None


class StateManifest(msgspec.Struct, frozen=True, kw_only=True):
    """The manifest of that run."""

    sha256: str
    size: int | None = None
    generated_at: str | None = None
    dbt_version: str | None = None
    invocation_id: str | None = None


class Ledger(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of builds, over all runs."""

    revision: int = 0
    nodes: int = 0


class State(msgspec.Struct, frozen=True, kw_only=True):
    """The current state of an environment."""

    account_id: int | str
    project: Named
    environment: Environment
    run: StateRun
    manifest: StateManifest
    ledger: Ledger = Ledger()
    pinned: bool = False


class StatedEnvironment(Environment, frozen=True, kw_only=True):
    """An environment with its state, if it has one."""

    state: State | None = None


class _Environments(msgspec.Struct, frozen=True, kw_only=True):
    environments: tuple[StatedEnvironment, ...]


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """Of the token that asks."""

    name: str | None = None
    kind: str | None = None
    scopes: tuple[str, ...] | None = None
    expires_at: str | None = None


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """Of the server."""

    version: str | None = None


class WhoAmI(msgspec.Struct, frozen=True, kw_only=True):
    """Whom the token stands for, and what that may see."""

    account: Named
    token: Token = Token()
    projects: tuple[Named, ...] = ()
    server: Version = Version()


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes, unpacked, and their revision."""

    data: bytes
    revision: str | None


class StateAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A state with its revision."""

    state: State
    data: bytes
    revision: str | None


def who_am_i(server: Server) -> WhoAmI | Trouble:
    """Ask whom the token stands for."""
    return _typed(ask(server, f"{BASE}/whoami", QUICK), WhoAmI)


def environments(server: Server, project_id: str) -> tuple[StatedEnvironment, ...] | Trouble:
    """Ask for a project's environments."""
    answer = ask(server, f"{BASE}/projects/{project_id}/environments", QUICK)
    found = _typed(answer, _Environments)
    return found if isinstance(found, Trouble) else found.environments


def current_state(
    server: Server,
    project_id: str,
    environment_id: str | None,
    revision: str | None,
    patience: Patience | None = None,
) -> StateAnswer | Unchanged | Trouble:
    """Ask for the state of an environment, or of the default one, unless it is still the same."""
    path = _path(f"projects/{project_id}/state", environment_id)
    answer = ask(server, path, patience or QUICK, revision)
    if isinstance(answer, Unchanged | Trouble):
        return answer
    state = _typed(answer, State)
    if isinstance(state, Trouble):
        return state
    return StateAnswer(state=state, data=answer.data, revision=answer.revision)


def state_index(
    server: Server, project_id: str, environment_id: str | None
) -> Answered | Unchanged | Trouble:
    """Ask for the lean manifest that deferral reads."""
    return ask(server, _path(f"projects/{project_id}/state/index", environment_id), STEADY)


def state_artifact(
    server: Server, project_id: str, environment_id: str | None, name: str
) -> Answered | Unchanged | Trouble:
    """Ask for an artifact of the current state."""
    path = _path(f"projects/{project_id}/state/artifacts/{name}", environment_id)
    return ask(server, path, LONG)


def _path(path: str, environment_id: str | None) -> str:
    query = "" if environment_id is None else "?" + urlencode({"environment_id": environment_id})
    return f"{BASE}/{path}{query}"


def ask(
    server: Server, path: str, patience: Patience, revision: str | None = None
) -> Answered | Unchanged | Trouble:
    """Get a path, within the time."""
    call = Call(
        url=f"{server.host}{path}",
        token=server.token,
        revision=revision,
        headers={"Accept": "application/json", "Accept-Encoding": "gzip"},
    )

    reply = exchange(server, call, patience)
    return reply if isinstance(reply, Trouble) else _read(reply)


def exchange(server: Server, call: Call, patience: Patience) -> Reply | Trouble:
    """Send one question, and return the answer within the time."""

    def work(check: Callable[[], None]) -> Reply | Failure:
        client = Client(
            env=server.env,
            attempts=patience.attempts,
            pause=0.2,
            timeout=patience.silent,
            deadline=patience.total,
            limit=LIMIT,
            check_stop=check,
        )
        return send(client, call)

    try:
        reply = Pending(work, patience.total).wait(server.check_stop)
    except OutOfTime:
        return Trouble(kind="unreachable", said=f"no answer within {patience.total:g} seconds")
    return Trouble(kind="unreachable", said=reply.reason) if isinstance(reply, Failure) else reply


def _read(reply: Reply) -> Answered | Unchanged | Trouble:
    if reply.is_unchanged:
        return Unchanged()
    if reply.is_success:
        # Packed for the way, and perhaps as it was stored.
        data = ungzip(ungzip(reply.body) or b"\x1f\x8b")
        if data is None:
            return Trouble(kind="odd", said="its answer is damaged")
        return Answered(data=data, revision=reply.headers.get("etag"))
    return trouble_of(reply)


def trouble_of(reply: Reply) -> Trouble:
    """Say why an answer is no success."""
    said = said_by(reply)
    if reply.status == _UNAUTHORISED:
        return Trouble(kind="unauthorised", said=said or "it does not know the token")
    if reply.status == _FORBIDDEN:
        return Trouble(kind="forbidden", said=said or "the token may not see this")
    if reply.is_absent:
        known = Trouble(kind="absent", said=said or "")
        return known if said else Trouble(kind="odd", said=_NOT_OURS)
    words = said or f"it answers {reply.status} {reply.reason}".strip()
    return Trouble(kind="busy" if reply.may_pass else "odd", said=words)


_NOT_OURS = "what answers is not upriver's server"


class _Status(msgspec.Struct, frozen=True):
    user_message: str | None = None
    developer_message: str | None = None


class _Envelope(msgspec.Struct, frozen=True):
    status: _Status


def said_by(reply: Reply) -> str | None:
    """Return what the server says of an error to people."""
    data = ungzip(reply.body, _LONGEST_SAID << 8)
    try:
        status = msgspec.json.decode(data or b"", type=_Envelope).status
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    words = (status.user_message or status.developer_message or "").split()
    return " ".join(words)[:_LONGEST_SAID].rstrip(".") or None


def _typed(answer: Answered | Unchanged | Trouble, kind: type[T]) -> T | Trouble:
    if isinstance(answer, Trouble):
        return answer
    if isinstance(answer, Unchanged):
        return Trouble(kind="odd", said=_NOT_OURS)
    return decoded(answer.data, kind) or Trouble(kind="odd", said=_NOT_OURS)


def decoded(data: bytes, kind: type[T]) -> T | None:
    """Return an answer's value; None if it is something else."""
    try:
        value: Any = msgspec.json.decode(data, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    return value  # type: ignore[no-any-return]
