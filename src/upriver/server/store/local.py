"""Objects as files of a directory: written beside, made durable, then linked into place."""

from __future__ import annotations

import contextlib
import datetime
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from upriver.server.store.contract import PIECE, MissingObjectError

_KEY = re.compile(r"[a-z]+/[0-9a-f]{2}/[0-9a-f]{38}")
_BESIDE = re.compile(r"[a-z]+/[0-9a-f]{2}/\.[0-9a-f]{38}\.\d+")
"""A copy on its way, of whoever died meanwhile."""


class LocalStore:
    """Objects below a directory of this machine, or of one that several machines share."""

    def __init__(self, root: Path) -> None:
        """Create the directory."""
        self._root = root
        root.mkdir(parents=True, exist_ok=True, mode=0o700)

    def put_file(self, key: str, path: Path) -> None:
        """Link the file into place, or copy it from another file system."""
        target = self._path(key)
        target.parent.mkdir(parents=True, exist_ok=True)
        with path.open("rb") as file:
            os.fsync(file.fileno())
        try:
            os.link(path, target)
        except FileExistsError:
            raise
        except OSError:
            self._copy(path, target)
        _sync_directory(target.parent)

    def read(self, key: str) -> Iterator[bytes]:
        """Open at once, read as it is asked for."""
        try:
            file = self._path(key).open("rb")
        except FileNotFoundError as error:
            raise MissingObjectError(key) from error

        def pieces() -> Iterator[bytes]:
            with file:
                while piece := file.read(PIECE):
                    yield piece

        return pieces()

    def fetch(self, key: str, path: Path) -> None:
        """Copy the file."""
        try:
            shutil.copyfile(self._path(key), path)
        except FileNotFoundError as error:
            raise MissingObjectError(key) from error

    def delete(self, key: str) -> None:
        """Remove the file."""
        path = self._root / key if _BESIDE.fullmatch(key) else self._path(key)
        path.unlink(missing_ok=True)

    def old_keys(self, before: datetime.datetime) -> Iterator[str]:
        """Look at one directory after another; the time is that of the link, not of the bytes."""
        moment = before.timestamp()
        for folder in self._root.glob("*/??/"):
            for file in os.scandir(folder):
                key = str(Path(file.path).relative_to(self._root))
                if not (_KEY.fullmatch(key) or _BESIDE.fullmatch(key)):
                    continue
                # Gone meanwhile: somebody else has deleted it.
                with contextlib.suppress(FileNotFoundError):
                    if file.stat(follow_symlinks=False).st_ctime < moment:
                        yield key

    def check(self) -> None:
        """Write a small file and remove it."""
        probe = self._root / f".probe-{os.getpid()}"
        try:
            probe.write_bytes(b"upriver")
        finally:
            probe.unlink(missing_ok=True)

    def _copy(self, path: Path, target: Path) -> None:
        beside = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            with path.open("rb") as source, beside.open("xb") as file:
                shutil.copyfileobj(source, file, PIECE)
                file.flush()
                os.fsync(file.fileno())
            os.link(beside, target)
        finally:
            beside.unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        if not _KEY.fullmatch(key):
            raise MissingObjectError(key)
        return self._root / key


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
