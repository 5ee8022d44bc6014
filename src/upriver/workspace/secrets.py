"""Environment variables that are secret (PROJ-40).

A template that asks for one gets a placeholder; the value takes its place only after rendering, so
no filter, comparison or message of a template ever sees it. Text that is shown passes through
`scrub`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

SECRET_PREFIX = "DBT_ENV_SECRET"  # noqa: S105 # the prefix of names, no secret
_SHOWN = "*****"
# Filters such as `upper` may have changed its letters.
_PLACEHOLDER = re.compile(r"\u241fsecret:(\w+)\u241f", re.IGNORECASE)


def is_secret(name: str) -> bool:
    """Whether an environment variable of this name is secret."""
    return name.startswith(SECRET_PREFIX)


def placeholder(name: str) -> str:
    """Return the text that stands for a secret while rendering."""
    return f"\u241fsecret:{name}\u241f"


def reveal(value: Any, env: Mapping[str, str]) -> Any:
    """Return the value with secrets in the place of their placeholders, at any depth."""
    if isinstance(value, str):
        if "\u241f" not in value:
            return value
        return _PLACEHOLDER.sub(lambda match: _secret(match[1], env), value)
    if isinstance(value, dict):
        return {key: reveal(item, env) for key, item in value.items()}
    if isinstance(value, list):
        return [reveal(item, env) for item in value]
    return value


def _secret(name: str, env: Mapping[str, str]) -> str:
    return env.get(name) or env.get(name.upper(), "")


def secrets_of(env: Mapping[str, str]) -> tuple[str, ...]:
    """Return every secret value, longest first, so that none hides a part of another."""
    values = {value for name, value in env.items() if is_secret(name) and value.strip()}
    return tuple(sorted(values, key=lambda value: (-len(value), value)))


def scrub(text: str, secrets: Iterable[str]) -> str:
    """Return the text with secrets blanked out."""
    for secret in secrets:
        text = text.replace(secret, _SHOWN)
    return text
