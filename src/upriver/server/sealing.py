"""Encrypting what must not lie in the database as it is (S-05).

Keys are kept outside the database, newest first: the first one seals, all of them open, so that a
key is changed by adding one and sealing anew. A sealed text that was tampered with does not open.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


class SealBroken(Exception):  # noqa: N818 - what happened to the seal
    """A sealed text cannot be opened with any of the keys."""


class Sealer:
    """Seals and opens short texts."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        """Take the installation's keys, newest first; raises ValueError when there is none."""
        if not keys:
            raise ValueError("there is no key")
        self._ring = MultiFernet([Fernet(_derived(key)) for key in keys])

    def seal(self, text: str) -> str:
        """Return the text as it may be kept."""
        return self._ring.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """Return the text; raises SealBroken."""
        try:
            return self._ring.decrypt(sealed.encode()).decode()
        except InvalidToken as error:
            raise SealBroken from error

    def renewed(self, sealed: str) -> str:
        """Return the same text sealed with the newest key; raises SealBroken."""
        try:
            return self._ring.rotate(sealed.encode()).decode()
        except InvalidToken as error:
            raise SealBroken from error


def _derived(key: bytes) -> bytes:
    """Make a key for this purpose alone of one that has others too."""
    derivation = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"upriver:sealing")
    return urlsafe_b64encode(derivation.derive(key))
