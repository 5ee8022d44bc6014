"""Replacing the directory of installed packages as a whole, or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

_MARK = ".upriver-"
_OLD = 24 * 3600
"""Seconds after which what a killed process left behind is nobody's."""


class Staging:
    """A directory beside the one to be replaced, on the same file system.

    with Staging(folder) as staging:
        ...                      # fill staging.path
        staging.commit()
    """

    def __init__(self, folder: str) -> None:
        # Where the directory is a link, what it leads to is replaced.
        self._folder = Path(os.path.realpath(folder))
        self._aside = self._folder
        self.path = self._folder

    def __enter__(self) -> Self:
        parent = self._folder.parent
        parent.mkdir(parents=True, exist_ok=True)
        self._sweep(parent)
        prefix = f".{self._folder.name}{_MARK}"
        self._aside = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        self.path = self._aside / "new"
        self.path.mkdir()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        shutil.rmtree(self._aside, ignore_errors=True)

    def commit(self) -> None:
        """Put what was staged in place; raises OSError, with the old directory back."""
        old = self._aside / "old"
        try:
            if self._folder.exists():
                self._folder.replace(old)
        except OSError:
            # A mounted directory cannot be renamed; what it holds can.
            self._exchange(old)
            return
        try:
            self.path.replace(self._folder)
        except OSError:
            if old.exists():
                old.replace(self._folder)
            raise

    def _exchange(self, old: Path) -> None:
        old.mkdir()
        _move_all(self._folder, old)
        try:
            _move_all(self.path, self._folder)
        except OSError:
            _move_all(self._folder, self.path)
            _move_all(old, self._folder)
            raise

    def _sweep(self, parent: Path) -> None:
        for left in parent.glob(f".{self._folder.name}{_MARK}*"):
            try:
                is_old = time.time() - left.stat().st_mtime > _OLD
            except OSError:
                continue
            if is_old:
                shutil.rmtree(left, ignore_errors=True)


def _move_all(origin: Path, target: Path) -> None:
    for path in list(origin.iterdir()):
        if not (target / path.name).exists():
            shutil.move(path, target / path.name)
