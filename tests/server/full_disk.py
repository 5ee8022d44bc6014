"""Disks that fill up: a file system that is small, and a limit of a process that needs no root."""

from __future__ import annotations

import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec
import psutil
import pytest

MEBIBYTE = 1 << 20
_SIZE = 64


class Limited(msgspec.Struct, frozen=True, kw_only=True):
    """Processes whose files may not grow beyond a size, as on a disk of that little room."""

    folder: Path

    def fill(self, process_id: int, left: int = 0) -> None:
        """Let no file of the process grow beyond so many bytes; what it starts inherits that."""
        hard = resource.prlimit(process_id, resource.RLIMIT_FSIZE)[1]
        for number in _family(process_id):
            with suppress(ProcessLookupError):
                resource.prlimit(number, resource.RLIMIT_FSIZE, (left, hard))

    def empty(self, process_id: int) -> None:
        """Make room again."""
        for number in _family(process_id):
            with suppress(ProcessLookupError):
                hard = resource.prlimit(number, resource.RLIMIT_FSIZE)[1]
                resource.prlimit(number, resource.RLIMIT_FSIZE, (hard, hard))


class Small(msgspec.Struct, frozen=True, kw_only=True):
    """A file system in memory of a few mebibytes, and a file that takes up what is left."""

    folder: Path

    def fill(self, process_id: int, left: int = 0) -> None:  # noqa: ARG002 - one signature
        """Leave so many bytes."""
        ballast = self.folder / "ballast"
        with ballast.open("ab") as file:
            found = os.statvfs(self.folder)
            # Writing fails where the disk ends, and that is what is wanted.
            with suppress(OSError):
                os.posix_fallocate(
                    file.fileno(), file.tell(), max(1, found.f_bavail * found.f_bsize - left)
                )

    def empty(self, process_id: int) -> None:  # noqa: ARG002 - one signature
        """Make room again."""
        (self.folder / "ballast").unlink(missing_ok=True)


Disk = Limited | Small


def _family(process_id: int) -> list[int]:
    found = [process_id]
    with suppress(psutil.NoSuchProcess):
        found += [each.pid for each in psutil.Process(process_id).children(recursive=True)]
    return found


@contextmanager
def disk_of(kind: str, folder: Path) -> Iterator[Disk]:
    """Lend a disk that can be filled; skips, with the reason, where it cannot be made."""
    folder.mkdir()
    if kind == "limit":
        yield Limited(folder=folder)
        return
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small file system")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={_SIZE}m", "none", str(folder)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if mounted.returncode != 0:
        pytest.skip(f"no small file system can be mounted: {mounted.stderr.strip()}")
    try:
        yield Small(folder=folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
