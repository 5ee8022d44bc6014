"""Unpacking archives that others made: nothing leaves the directory, nothing fills the disk."""

from __future__ import annotations

import os
import posixpath
import shutil
import tarfile
import zlib
from lzma import LZMAError
from pathlib import Path
from typing import IO

from upriver.workspace.package_files.checks import is_inside
from upriver.workspace.package_sources.setting import MEBIBYTE, Setting, SourceError

_CHUNK = 256 * 1024
_BROKEN = (tarfile.TarError, EOFError, zlib.error, LZMAError, OSError)


def unpack(archive: Path, into: Path, label: str, setting: Setting) -> Path:
    """Unpack into an empty directory and return the package's root; raises SourceError.

    The root is the one directory that holds everything, or `into` where there is no such.
    """
    into.mkdir(parents=True)
    unpacking = _Unpacking(into, label, setting)
    try:
        tar = tarfile.open(archive, "r:*")  # noqa: SIM115 - closed below
    except _BROKEN as error:
        raise _damaged(label, error) from None
    with tar:
        while (member := _next(tar, label)) is not None:
            setting.check_stop()
            unpacking.take(tar, member)
    unpacking.link()
    inside = list(into.iterdir())
    return inside[0] if len(inside) == 1 and inside[0].is_dir() else into


def stays_inside(member: tarfile.TarInfo) -> bool:
    """Whether a member, and what it links to, lies below the directory it is unpacked into."""
    if not is_inside(member.name):
        return False
    if not (member.issym() or member.islnk()):
        return True
    return not posixpath.isabs(member.linkname) and is_inside(_target_of(member))


def _plain(name: str) -> str:
    return posixpath.normpath(name.replace("\\", "/"))


def _target_of(member: tarfile.TarInfo) -> str:
    """Return where a link leads; a symbolic one starts from its own directory."""
    base = posixpath.dirname(_plain(member.name)) if member.issym() else ""
    return posixpath.normpath(posixpath.join(base, member.linkname))


def _next(tar: tarfile.TarFile, label: str) -> tarfile.TarInfo | None:
    try:
        return tar.next()
    except _BROKEN as error:
        raise _damaged(label, error) from None


class _Unpacking:
    """Counts what was unpacked, and keeps links for the end: nothing is written through one."""

    def __init__(self, into: Path, label: str, setting: Setting) -> None:
        self.into = into
        self.label = label
        self.most_bytes = setting.patience.largest_unpacked
        self.most_files = setting.patience.most_files
        self.bytes = 0
        self.files = 0
        self.links: dict[str, str] = {}

    def take(self, tar: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        name = _plain(member.name)
        if not stays_inside(member):
            kind = "link" if member.issym() or member.islnk() else "entry"
            raise self._refused(f"its {kind} `{member.name}` leads out of the package")
        self.files += 1
        if self.files > self.most_files:
            raise self._refused(f"it holds more than {self.most_files} files")
        if name == "." or member.isdir():
            self._directory(name)
        elif member.issym() or member.islnk():
            self.links[name] = _target_of(member)
        elif member.isfile():
            self._file(tar, member, name)
        else:
            raise self._refused(f"its entry `{member.name}` is neither file, directory nor link")

    def _directory(self, name: str) -> None:
        self._place(name).mkdir(parents=True, exist_ok=True)

    def _place(self, name: str) -> Path:
        place = self.into / name
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise self._refused(f"its entry `{name}` lies below a file") from None
        return place

    def _file(self, tar: tarfile.TarFile, member: tarfile.TarInfo, name: str) -> None:
        place = self._place(name)
        source = tar.extractfile(member)
        assert source is not None  # noqa: S101 - it is a file
        try:
            with source, place.open("wb") as target:
                self._copy(source, target, member)
        except IsADirectoryError:
            raise self._refused(f"its entry `{name}` is a file and a directory") from None
        place.chmod(0o755 if member.mode & 0o100 else 0o644)

    def _copy(self, source: IO[bytes], target: IO[bytes], member: tarfile.TarInfo) -> None:
        left = member.size
        while left:
            try:
                chunk = source.read(min(left, _CHUNK))
            except _BROKEN as error:
                raise _damaged(self.label, error) from None
            if not chunk:
                raise _damaged(self.label, EOFError("it ends too early"))
            left -= len(chunk)
            self.bytes += len(chunk)
            if self.bytes > self.most_bytes:
                raise self._refused(f"it unpacks to more than {self.most_bytes // MEBIBYTE} MiB")
            target.write(chunk)

    def link(self) -> None:
        """Put what links mean in their places, as copies: what is read later cannot change."""
        root = os.path.realpath(self.into)
        for name, target in self.links.items():
            source, place = self.into / target, self._place(name)
            if not source.exists() or place.exists():
                continue
            real = os.path.realpath(source)
            if not f"{real}/".startswith(f"{root}/") or f"{place}/".startswith(f"{real}/"):
                raise self._refused(f"its link `{name}` leads out of the package")
            if source.is_dir():
                shutil.copytree(source, place)
            else:
                shutil.copyfile(source, place)

    def _refused(self, reason: str) -> SourceError:
        return SourceError(
            code="package-archive-refused",
            message=f"The archive of `{self.label}` is not unpacked: {reason}",
            hint="Tell whoever publishes it; nothing of it was installed",
        )


def _damaged(label: str, error: BaseException) -> SourceError:
    return SourceError(
        code="package-archive-damaged",
        message=f"The archive of `{label}` cannot be read: {error}",
        hint="Check that the address is that of a `.tar.gz` file, and run the command again",
    )
