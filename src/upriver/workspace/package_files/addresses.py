"""Addresses of packages, shown and kept without the credentials that may be in them.

An address carries credentials in three ways: as a secret of the environment (a placeholder until
the moment it is used), as `user:password@` before the host, and as a parameter such as `?token=`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from upriver.workspace.secrets import scrub, secrets_of

HIDDEN = "*****"
_USER = re.compile(r"(?P<scheme>[a-zA-Z][\w+.-]*)://(?P<user>[^/@\s'\"]+)@")
_PARAMETER = re.compile(
    r"(?P<name>[?&;](?:[\w.-]*(?:token|secret|password|passwd|signature|credential|(?:api|access)[_-]?key)[\w.-]*"
    r"|sig|auth))=(?P<value>[^&#;\s'\"]+)",
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile("\u241fsecret:\\w+\u241f", re.IGNORECASE)


def shown(text: str, env: Mapping[str, str] | None = None) -> str:
    """Return a text that may hold addresses as it may be printed."""
    text = _PLACEHOLDER.sub(HIDDEN, text)
    text = scrub(text, secrets_of(env or {}))
    text = _USER.sub(lambda match: _hidden_user(match, f"{HIDDEN}@"), text)
    return _PARAMETER.sub(lambda match: f"{match['name']}={HIDDEN}", text)


def without_credentials(address: str) -> str:
    """Return an address as it may be written to the lock file.

    What is an expression stays: it names a variable and does not hold its value.
    """
    address = _USER.sub(
        lambda match: match[0] if "{{" in match["user"] else _hidden_user(match, ""), address
    )
    return _PARAMETER.sub(
        lambda match: match[0] if "{{" in match["value"] else f"{match['name']}={HIDDEN}", address
    )


def has_credentials(address: str) -> bool:
    """Whether an address holds credentials that are written out."""
    return without_credentials(address) != address


def _hidden_user(match: re.Match[str], hidden: str) -> str:
    scheme, user = match["scheme"], match["user"]
    if scheme.lower() in ("http", "https"):
        # The name alone is often a token.
        return f"{scheme}://{hidden}"
    name, colon, _ = user.partition(":")
    return f"{scheme}://{name}{f':{HIDDEN}' if colon and hidden else ''}@"


def plain_git(address: str) -> str:
    """Return what two spellings of a repository's address have in common."""
    return without_credentials(address).rstrip("/").removesuffix(".git")
