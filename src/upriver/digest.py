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
    try:
        data = _encoder.encode(value)
    except (TypeError, OverflowError):
        data = _encoder.encode(_encodable(value))
    return hashlib.sha256(data).hexdigest()


def _encodable(value: Any) -> Any:
    """Return a value whose keys are text and whose numbers are small: YAML allows any."""
    if isinstance(value, dict):
        return {_key(key): _encodable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_encodable(item) for item in value]
    is_huge = isinstance(value, int) and value.bit_length() >= 64  # noqa: PLR2004 - of msgpack
    return f"int:{value}" if is_huge else value


def _key(key: Any) -> str:
    return key if isinstance(key, str) else f"{type(key).__name__}:{key}"
