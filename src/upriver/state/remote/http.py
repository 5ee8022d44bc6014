"""State from a web server: one request with the revision known so far (RFC 9110, section 13).

`UPRIVER_STATE_TOKEN` is sent as a bearer token; where there is none, a name and password of the
address, or of `~/.netrc`, as basic authentication.
"""

from __future__ import annotations

from collections.abc import Mapping

from upriver.state.remote.answer import Absent, Answer, Content, Unchanged, Unreachable
from upriver.state.remote.archive import LIMIT
from upriver.workspace.web.client import Call, Client, Failure, send

PAUSE = 0.4
"""Seconds before a server in trouble is asked again."""


def get(url: str, revision: str | None, env: Mapping[str, str]) -> Answer:
    """Fetch a URL unless it is still what `revision` names."""
    token = env.get("UPRIVER_STATE_TOKEN")
    call = Call(url=url, token=token, uses_netrc=True, revision=revision)
    answer = send(Client(env=env, pause=PAUSE, limit=LIMIT), call)
    if isinstance(answer, Failure):
        return Unreachable(answer.reason, is_refusal=not answer.may_pass)
    if answer.is_success:
        return Content(data=answer.body, revision=answer.headers.get("etag"))
    if answer.is_unchanged:
        return Unchanged()
    if answer.is_absent:
        return Absent()
    reason = f"it answers {answer.status} {answer.reason}".strip()
    return Unreachable(reason, is_refusal=not answer.may_pass)
