"""Keeping secrets out of what is shown.

Drivers repeat connection strings and the text of failed statements in their errors. Everything
that leaves the room in an error goes through `hide`, which knows the secret values of the open
credentials.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

_MASK = "***"
_URL_PASSWORD = re.compile(r"(://[^/\s:@]*:)[^/\s@]+(@)")
_SECRET_KEY = re.compile(r"secret|password|passwd|token|private_key|passphrase", re.IGNORECASE)


def hide(text: str, secrets: Iterable[str]) -> str:
    """Replace every secret value, and passwords inside URLs, by a mask."""
    for secret in sorted(secrets, key=len, reverse=True):
        if secret:
            text = text.replace(secret, _MASK)
    return _URL_PASSWORD.sub(rf"\1{_MASK}\2", text)


def hide_in_value(value: Any, *, key: str = "") -> Any:
    """Return a copy of a profile value in which whatever looks like a secret is masked."""
    if isinstance(value, Mapping):
        return {name: hide_in_value(item, key=str(name)) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [hide_in_value(item, key=key) for item in value]
    if isinstance(value, str):
        return _MASK if value and looks_secret(key) else hide(value, ())
    return value


def looks_secret(key: str) -> bool:
    """Tell whether a key of a profile names a secret."""
    return _SECRET_KEY.search(key) is not None


def strings_in(value: Any) -> tuple[str, ...]:
    """Collect every string inside a nested value."""
    if isinstance(value, str):
        return (value,)
    if isinstance(value, Mapping):
        return tuple(text for item in value.values() for text in strings_in(item))
    if isinstance(value, list | tuple):
        return tuple(text for item in value for text in strings_in(item))
    return ()
