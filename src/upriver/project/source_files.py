"""Which version sources have that are files on this machine: their names, sizes and times.

Names are relative to the directory the command was given in, as for the warehouse that reads them.
Of files that lie elsewhere, and of what is no plain list of files, nothing is known.
"""

from __future__ import annotations

import glob
import os
import re

from upriver.digest import digest_value

_QUOTED = r"'((?:[^']|'')*)'"
_ALONE = re.compile(rf"\s*{_QUOTED}\s*$")
_CALL = re.compile(rf"\s*\w+\(\s*(?:{_QUOTED}|\[((?:\s*{_QUOTED}\s*,?)+)\])\s*[,)]")


def files_version(rendered: str | None, directory: str) -> str | None:
    """Return the version of the files that a source's rendered name stands for; None if unknown."""
    found: list[tuple[str, int, int]] = []
    patterns = _patterns(rendered or "")
    for pattern in patterns:
        if "://" in pattern:
            return None
        paths = sorted(glob.glob(os.path.join(directory, pattern), recursive=True))
        if not paths:
            return None
        for path in paths:
            try:
                stat = os.stat(path)
            except OSError:
                return None
            found.append((path, stat.st_size, stat.st_mtime_ns))
    return f"files:{digest_value(found)}" if found else None


def _patterns(rendered: str) -> tuple[str, ...]:
    alone = _ALONE.match(rendered)
    if alone is not None:
        return (alone[1].replace("''", "'"),)
    call = _CALL.match(rendered)
    if call is None:
        return ()
    names = [call[1]] if call[1] is not None else re.findall(_QUOTED, call[2])
    return tuple(name.replace("''", "'") for name in names)
