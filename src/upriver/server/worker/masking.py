"""Taking secret values out of what an invocation printed, before anyone keeps it (S-04, ENV-09)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote

MASK: Final = "*****"
_SHORTEST = 4
"""A value shorter than this is no secret, and masking it would tear words apart."""


class Masker:
    """Replaces secret values, also where they stand quoted in JSON or in a URL."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form for secret in secrets for form in _forms(secret) if len(form) >= _SHORTEST}
        # Longest first: a secret may be the beginning of another.
        ordered = sorted(forms, key=lambda form: (-len(form), form))
        self._pattern = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def masked(self, text: str) -> str:
        """Return the text without secrets."""
        return text if self._pattern is None else self._pattern.sub(MASK, text)


def _forms(secret: str) -> Iterable[str]:
    yield secret
    yield from (line for line in secret.splitlines() if line.strip())
    yield json.dumps(secret)[1:-1]
    yield quote(secret, safe="")
