"""Artifacts out of what was fetched: plain JSON, gzip or zip, told apart by content.

Names and headers are not believed: stores and servers say anything. Of an archive only the members
that state consists of are read, by their last name, so that no member can be put anywhere else;
each is read up to a limit, so that a small file cannot fill the memory.
"""

from __future__ import annotations

from upriver.problems import Problem

ARTIFACTS = ("manifest.json", "run_results.json", "sources.json")
LIMIT = 1 << 30
"""Bytes an artifact may have, unpacked."""
_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"


def plain(data: bytes) -> bytes:
    """Return an artifact as it was before gzip; damaged ones as they are, for their reader."""
    if not data.startswith(_GZIP):
        return data
    return ungzip(data) or data


def unpack(data: bytes, name: str, limit: int = LIMIT) -> dict[str, bytes] | Problem:
    """Return artifacts by name; what is no archive is the artifact `name` itself."""
    if data.startswith(_ZIP):
        return _unzipped(data, limit)
    plain = ungzip(data, limit)
    if plain is None:
        return _damaged("gzip")
    return {name: plain}


def ungzip(data: bytes, limit: int = LIMIT) -> bytes | None:
    """Return data as it was before gzip, or as it is; None if it is damaged or over the limit."""
    if not data.startswith(_GZIP):
        return data
    # Loaded only where something is packed.
    import zlib

    reader = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        plain = reader.decompress(data, limit)
    except zlib.error:
        return None
    return plain if reader.eof and not reader.unconsumed_tail else None


def _unzipped(data: bytes, limit: int) -> dict[str, bytes] | Problem:
    # Loaded only where something is packed.
    import io
    import zipfile
    import zlib

    found: dict[str, tuple[int, bytes]] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for member in archive.infolist():
                name = member.filename.rpartition("/")[2]
                depth = member.filename.count("/")
                if name not in ARTIFACTS or depth >= found.get(name, (depth + 1,))[0]:
                    continue
                with archive.open(member) as file:
                    content = file.read(limit + 1)
                if len(content) > limit:
                    return _damaged("zip")
                found[name] = (depth, content)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError):
        return _damaged("zip")
    if "manifest.json" not in found:
        return Problem(
            code="state-archive",
            message="The archive holds no `manifest.json`",
            hint="Pack the target directory of a production run",
        )
    return {name: content for name, (_, content) in found.items()}


def _damaged(kind: str) -> Problem:
    return Problem(
        code="state-archive",
        message=f"The {kind} archive is damaged, incomplete, or larger than {LIMIT >> 30} GiB",
        hint="Publish the state again",
    )
