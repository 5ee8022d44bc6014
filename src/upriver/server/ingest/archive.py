"""Reading an archive nobody can be trusted with: nothing is extracted that was not checked (S-08).

The directory at the end of the archive is looked at first. Names are compared with a list, never
used as paths; sizes are counted while reading, since an archive may lie about them.
"""

from __future__ import annotations

import re
import stat
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path

KEPT = frozenset(
    {"manifest.json", "run_results.json", "sources.json", "catalog.json",
     "semantic_manifest.json", "upriver_builds.json", ".publication.json"}
)  # fmt: skip
"""Members that are kept. Others of a harmless name are passed over."""

_HARMLESS = re.compile(r"[A-Za-z0-9._-]{1,128}")
_NESTED = (".zip", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".tar", ".zst", ".rar", ".jar", ".whl")
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_END = b"PK\x05\x06"
_END_SIZE = 22
_LONGEST_COMMENT = 1 << 16
_DIRECTORY_BYTES_PER_MEMBER = 1024
_LARGE = 0xFFFF
_ENCRYPTED = 1
_UNIX = 3
_PIECE = 1 << 20
_FREE = 16 << 20
"""Bytes that any upload may unpack to, whatever the ratio."""


class Unsafe(Exception):  # noqa: N818 - a refusal rather than an error
    """The archive is refused; the message says why."""


def check_directory(path: Path, most_members: int) -> None:
    """Refuse a directory too large to be read, before it is."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - _END_SIZE - _LONGEST_COMMENT))
        tail = file.read()
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < _END_SIZE:
        raise Unsafe("it is not a zip archive")
    members, directory = struct.unpack("<HL", tail[at + 10 : at + 16])
    if members == _LARGE or members > most_members:
        raise Unsafe(f"it has more than {most_members} members")
    if directory > most_members * _DIRECTORY_BYTES_PER_MEMBER:
        raise Unsafe("its directory is too large")


def checked_members(
    archive: zipfile.ZipFile, *, archive_size: int, unpacked: int, ratio: int
) -> list[zipfile.ZipInfo]:
    """Return the members to keep; raises Unsafe if anything about any member is wrong."""
    seen: set[str] = set()
    total = 0
    for member in archive.infolist():
        _check_member(member)
        folded = member.filename.casefold()
        if folded in seen:
            raise Unsafe(f"it has two members called {member.filename!r}")
        seen.add(folded)
        total += member.file_size
    if total > min(unpacked, max(_FREE, archive_size * ratio)):
        raise Unsafe(f"it unpacks to {total} bytes, which is more than is allowed")
    _check_overlaps(archive.infolist())
    return [member for member in archive.infolist() if member.filename in KEPT]


def _check_member(member: zipfile.ZipInfo) -> None:
    name = member.orig_filename
    if not _HARMLESS.fullmatch(name) or name != member.filename or name in (".", ".."):
        raise Unsafe(f"the member name {name[:80]!r} is not allowed")
    if name.lower().endswith(_NESTED):
        raise Unsafe(f"the member {name!r} is an archive itself")
    mode = member.external_attr >> 16
    if member.create_system == _UNIX and stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        raise Unsafe(f"the member {name!r} is not a plain file")
    if member.flag_bits & _ENCRYPTED:
        raise Unsafe(f"the member {name!r} is encrypted")
    if member.compress_type not in _METHODS:
        raise Unsafe(f"the member {name!r} is compressed in a way that is not accepted")


def _check_overlaps(members: list[zipfile.ZipInfo]) -> None:
    """Refuse members that share bytes, by which a small archive unpacks to a huge one."""
    end = 0
    for member in sorted(members, key=lambda each: each.header_offset):
        if member.header_offset < end:
            raise Unsafe("members overlap")
        end = member.header_offset + member.compress_size


def pieces(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield a member's bytes, not one more than it says it has."""
    left = member.file_size
    with archive.open(member) as file:
        while piece := file.read(_PIECE):
            left -= len(piece)
            if left < 0:
                raise Unsafe(f"the member {member.filename!r} is larger than it says")
            yield piece
    if left:
        raise Unsafe(f"the member {member.filename!r} is smaller than it says")
