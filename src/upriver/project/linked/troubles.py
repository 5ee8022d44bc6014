"""What is said when the server does not give what it was asked for (DEF-10)."""

from __future__ import annotations

from upriver.problems import Problem, Severity
from upriver.state.remote.server_api import Server, Trouble
from upriver.workspace.link.hosts import place_of

_CODES = {
    "unreachable": "link-unreachable",
    "busy": "link-unreachable",
    "odd": "link-not-understood",
    "unauthorised": "link-refused",
    "forbidden": "link-refused",
    "absent": "link-no-state",
}
_REMEDIES = {
    "unreachable": "Check the network, the address and `HTTPS_PROXY`; `REQUESTS_CA_BUNDLE` names"
    " certificates to trust",
    "busy": "Try again in a moment",
    "odd": "Check the address with `upriver login status`; a network may ask you to sign in first",
    "unauthorised": "`upriver login` stores a new token",
    "forbidden": "Ask who runs the server for permission to read this project, or use another"
    " token: `upriver login`",
    "absent": "`upriver environment show` lists what can be deferred to",
}


def no_state(trouble: Trouble, server: Server, place: str, *, is_required: bool) -> Problem:
    """Say that the server's state is not to be had; only who needs it is stopped."""
    severity: Severity = "error" if is_required else "warning"
    host = place_of(server.host)
    what = f"The state of `{place}` cannot be read" if is_required else "Nothing is deferred"
    more = "" if is_required else "; `--no-defer` does not ask"
    return Problem(
        code=_CODES[trouble.kind],
        severity=severity,
        message=f"{what}: {host}: {trouble.said}",
        hint=_REMEDIES[trouble.kind] + more,
    )


def troubled(trouble: Trouble, server: Server) -> Problem:
    """Say why the server cannot be used at all."""
    return Problem(
        code=_CODES[trouble.kind],
        message=f"{place_of(server.host)}: {trouble.said}",
        hint=_REMEDIES[trouble.kind],
    )


def offline(warning: str, server: Server) -> Problem:
    """Say that a copy is used whose age is told."""
    return Problem(
        code="state-offline",
        severity="warning",
        message=f"{place_of(server.host)} does not say whether its state is still current, and"
        f" {warning}",
    )


def not_linked(place: str) -> Problem:
    """Say that the project has no server."""
    return Problem(
        code="link-missing",
        message=f"`{place}` means the server that the project is linked to, and it is linked to"
        " none",
        hint="`upriver login HOST` links it",
    )


def not_signed_in() -> Problem:
    """Say that no server and token are known here."""
    return Problem(
        code="link-missing",
        message="No server is known for this project, or no token for it",
        hint="`upriver login HOST` links the project",
    )
