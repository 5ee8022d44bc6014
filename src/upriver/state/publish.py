"""Putting an artifact in place, whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

WRITE_BUFFER = 1 << 20
"""Bytes gathered before they are handed to the system: with the default of 8 KiB, writing forty
megabytes takes 40 ms more, since each small write is a call and a page of its own."""


def write_atomically(path: str, data: bytes | Iterable[bytes | memoryview]) -> None:
    """Write `data`, bytes or pieces of them, beside `path` and rename it into place.

    Parent directories are made.

    A reader sees the old bytes or the new ones, never a part, and a killed write leaves the old
    file (invariant 11). Raises OSError.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb", buffering=WRITE_BUFFER) as file:
            if isinstance(data, bytes):
                file.write(data)
            else:
                file.writelines(data)
        # mkstemp makes private files; artifacts are read by other people's tools.
        Path(name).chmod(0o644)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
