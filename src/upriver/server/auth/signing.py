"""Addresses that need no token: signed, for one purpose and one object, valid for minutes (S-04)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time

from upriver.server.refusals import FORBIDDEN, Refused

_SIZE = 24
"""Bytes of the signature: 192 bits."""


def sign(key: bytes, purpose: str, name: str, *, seconds: int) -> str:
    """Return a word that stands for `name` until it expires; safe in a path."""
    body = f"{int(time.time()) + seconds}.{name}"
    return f"{body}.{_signature(key, purpose, body)}"


def read_signed(key: bytes, purpose: str, word: str) -> str:
    """Return the name that was signed; raises Refused when it was not, or is over."""
    body, _, signature = word.rpartition(".")
    until, _, name = body.partition(".")
    is_genuine = hmac.compare_digest(
        signature.encode("utf-8", "replace"), _signature(key, purpose, body).encode()
    )
    if not is_genuine or not until.isdecimal() or int(until) < time.time():
        raise Refused(FORBIDDEN, "This address is not valid, or not any more.")
    return name


def _signature(key: bytes, purpose: str, body: str) -> str:
    # A key for each purpose, so that a word for one thing opens nothing else.
    own = hmac.digest(key, f"upriver:{purpose}".encode(), hashlib.sha256)
    digest = hmac.digest(own, body.encode("utf-8", "replace"), hashlib.sha256)[:_SIZE]
    return base64.urlsafe_b64encode(digest).decode()
