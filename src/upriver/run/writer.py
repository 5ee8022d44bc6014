"""Files a run leaves for people to read: compiled SQL and the statements sent (CLI-131..135)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

Folder = Literal["compiled", "run"]
_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0)


class Writer:
    """Writes below one target directory; safe to share between workers.

    Directories are made once. Files are plain output for people, read by nobody during the run,
    so they are written in place.
    """

    def __init__(self, target_path: str, shown_path: str | None = None) -> None:
        """`shown_path` is how messages spell the directory; by default its last part."""
        self._root = Path(target_path)
        self._shown = shown_path if shown_path is not None else self._root.name
        self._made: set[str] = set()
        self._written: set[str] = set()

    def write_once(self, folder: Folder, package: str, path: str, text: str) -> str:
        """Write one file unless this run has written it before; return its path as shown."""
        key = f"{folder}/{package}/{path}"
        if key in self._written:
            return f"{self._shown}/{key}"
        self._written.add(key)
        return self.write(folder, package, path, text)

    def write(self, folder: Folder, package: str, path: str, text: str) -> str:
        """Write one file and return its path as messages show it."""
        relative = f"{folder}/{package}/{path}"
        target = f"{self._root}/{relative}"
        parent = target.rpartition("/")[0]
        if parent not in self._made:
            Path(parent).mkdir(parents=True, exist_ok=True)
            self._made.add(parent)
        data = text.encode()
        # Bare system calls: a file object for each of a thousand files takes 20 ms more.
        descriptor = os.open(target, _FLAGS, 0o666)
        try:
            while data:
                data = data[os.write(descriptor, data) :]
        finally:
            os.close(descriptor)
        return f"{self._shown}/{relative}"
