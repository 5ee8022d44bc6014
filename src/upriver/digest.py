"""The one way to hash a value.

Digests name contents: files, remembered answers, templates, baselines. They are hexadecimal
SHA-256, so that they equal the checksums dbt writes (ART-52).
"""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

_encoder = msgspec.msgpack.Encoder(order="deterministic")


def digest_text(text: str) -> str:
    """Return the SHA-256 of the text's UTF-8 bytes, in hexadecimal."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def digest_bytes(data: bytes) -> str:
    """Return the SHA-256 of the bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def digest_value(value: Any) -> str:
    """Return a digest of a plain value (mappings in any order give the same digest).

    Raises TypeError for values msgpack cannot hold.
    """
    return hashlib.sha256(_encoder.encode(value)).hexdigest()
