"""Passwords: argon2id, long ones welcome, known bad ones refused (S-02)."""

from __future__ import annotations

import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from upriver.server.refusals import UNPROCESSABLE, Refused

SHORTEST = 12
LONGEST = 256
_COMMON = frozenset(
    {"123456789012", "1234567890123", "password1234", "passwordpassword", "qwertyuiop12",
     "qwertyuiopasdf", "administrator", "changemechangeme", "letmeinletmein", "iloveyou1234",
     "upriverupriver", "111111111111", "aaaaaaaaaaaa", "abcdefghijkl", "abcd12345678"}
)  # fmt: skip
"""Of the lists of known passwords, what is as long as ours have to be."""
_hasher = PasswordHasher()
_NOBODY = _hasher.hash(secrets.token_hex(16))
"""Compared with when there is no such user, so that the time taken tells nothing."""


def hash_password(password: str) -> str:
    """Return what is stored; raises Refused for passwords that are too easy."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise Refused(UNPROCESSABLE, f"A password has {SHORTEST} to {LONGEST} characters.")
    if password.lower() in _COMMON or len(set(password)) == 1:
        raise Refused(UNPROCESSABLE, "This password is on lists of known passwords.")
    return _hasher.hash(password)


def is_right(stored: str | None, password: str) -> bool:
    """Whether the password is the stored one; takes as long when nothing is stored."""
    try:
        return _hasher.verify(stored or _NOBODY, password[:LONGEST]) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(stored: str) -> bool:
    """Whether it was hashed with weaker parameters than today's."""
    return _hasher.check_needs_rehash(stored)


def make_password() -> str:
    """Return a random password that can be typed."""
    return "-".join(secrets.token_hex(3) for _ in range(4))
