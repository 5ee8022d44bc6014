"""Unpacking one upload, in a process of its own: `python -m upriver.server.ingest.unpack`.

Hostile input is read here, with limits of memory, and nothing else of the server is at hand: an
order comes in by the standard input, what was found goes out by the standard output. The server
goes on answering meanwhile, since this takes its own share of the machine.
"""

from __future__ import annotations

import hashlib
import mmap
import resource
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from upriver.server.ingest.archive import Unsafe, check_directory, checked_members, pieces
from upriver.server.ingest.artifacts import read_builds, read_manifest, read_results
from upriver.server.room import NO_ROOM_EXIT, is_no_room
from upriver.server.unpacked import (
    BUILDS,
    MANIFEST,
    RUN_RESULTS,
    BuiltNode,
    Member,
    Order,
    Unpacked,
)

_READ = frozenset({MANIFEST, RUN_RESULTS, BUILDS})
_INDEX = "index"
_GZIP = 31
"""The window of zlib that makes it write gzip."""
_QUICK = 1
_SUSPICIOUS = (
    (b"-----BEGIN ", "a private key"),
    (b"AKIA", "a key of AWS"),
    (b"ghp_", "a token of GitHub"),
    (b"dbtu_", "a token of this server"),
    (b"dbtc_", "a token of this server"),
    (b"xoxb-", "a token of Slack"),
)
"""Beginnings of well-known secrets, looked for in manifests (S-35)."""
_LONG_WORD = 16
_Found = TypeVar("_Found")


def main() -> None:
    """Read the order, carry it out, write what was found."""
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    resource.setrlimit(resource.RLIMIT_DATA, (order.memory, order.memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        found = unpack(order)
    except OSError as error:
        if is_no_room(error):
            sys.exit(NO_ROOM_EXIT)
        raise
    sys.stdout.buffer.write(msgspec.json.encode(found))


def unpack(order: Order) -> Unpacked:
    """Check and compress the members, and read those that tell what the upload is."""
    try:
        return _unpacked(order)
    except Unsafe as reason:
        return Unpacked(refused=f"The upload is refused: {reason}.")
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError):
        return Unpacked(refused="The upload is refused: the archive is damaged.")
    except MemoryError:
        return Unpacked(refused="The upload is refused: it needs too much memory to be read.")


def _unpacked(order: Order) -> Unpacked:
    path, folder = Path(order.archive), Path(order.folder)
    check_directory(path, order.members)
    members = []
    with zipfile.ZipFile(path) as archive:
        kept = checked_members(
            archive,
            archive_size=path.stat().st_size,
            unpacked=order.unpacked,
            ratio=order.ratio,
        )
        for number, member in enumerate(kept):
            members.append(_compress(archive, member, folder, number))
    if not members:
        raise Unsafe("it holds no artifact")
    return _read(members, folder)


def _compress(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path, number: int
) -> Member:
    """Write a member as gzip, and those that are read also as they are."""
    digest = hashlib.sha256()
    compressor = zlib.compressobj(_QUICK, zlib.DEFLATED, _GZIP)
    file = folder / f"{number}.gz"
    plain = (folder / member.filename).open("xb") if member.filename in _READ else None
    try:
        with file.open("xb") as out:
            for piece in pieces(archive, member):
                digest.update(piece)
                out.write(compressor.compress(piece))
                if plain is not None:
                    plain.write(piece)
            out.write(compressor.flush())
    finally:
        if plain is not None:
            plain.close()
    return Member(
        name=member.filename,
        file=file.name,
        sha256=digest.hexdigest(),
        size=member.file_size,
        stored_size=file.stat().st_size,
    )


def _read(members: list[Member], folder: Path) -> Unpacked:
    names = {member.name for member in members}
    facts = results = index_file = None
    relations: Any = {}
    built: dict[str, BuiltNode] = {}
    findings: tuple[str, ...] = ()
    if MANIFEST in names:
        facts, index, relations = _decoded(folder, MANIFEST, read_manifest)
        findings = _decoded(folder, MANIFEST, _suspicious)
        index_file = _INDEX
        (folder / _INDEX).write_bytes(msgspec.msgpack.encode(index))
    if RUN_RESULTS in names:
        results, nodes = _decoded(folder, RUN_RESULTS, lambda data: read_results(data, relations))
        built |= {node.unique_id: node for node in nodes}
    if BUILDS in names:
        built |= {node.unique_id: node for node in _decoded(folder, BUILDS, read_builds)}
    return Unpacked(
        members=tuple(members),
        manifest=facts,
        index_file=index_file,
        results=results,
        builds=tuple(built.values()),
        findings=findings,
    )


def _decoded(folder: Path, name: str, read: Callable[[Any], _Found]) -> _Found:
    """Apply a reader to a file that is mapped rather than loaded."""
    path = folder / name
    if path.stat().st_size == 0:
        raise Unsafe(f"`{name}` is empty")
    with path.open("rb") as file:
        # Left open: decoded values may refer to it, and the process ends soon.
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    try:
        return read(mapped)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        reason = str(error).partition("\n")[0][:200]
        raise Unsafe(f"`{name}` cannot be read: {reason}") from None


def _suspicious(mapped: mmap.mmap) -> tuple[str, ...]:
    found = []
    for beginning, what in _SUSPICIOUS:
        at = mapped.find(beginning)
        word = mapped[at : at + len(beginning) + _LONG_WORD] if at >= 0 else b""
        if word and not word[len(beginning) :].isspace() and word.find(b'"') < 0:
            found.append(f"The manifest holds what looks like {what}.")
    return tuple(dict.fromkeys(found))


if __name__ == "__main__":
    main()
