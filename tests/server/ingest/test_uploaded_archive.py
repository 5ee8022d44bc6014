"""Archives nobody can be trusted with: each kind of malice is refused, before anything is kept."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.server_process import manifest, run_results, zipped

from upriver.server.ingest.archive import KEPT
from upriver.server.ingest.unpack import unpack
from upriver.server.unpacked import Order, Unpacked

GOOD = {"manifest.json": manifest("a"), "run_results.json": run_results("a")}


def _unpack(data: bytes, folder: Path, **limits: int) -> Unpacked:
    archive = folder / "archive"
    archive.write_bytes(data)
    out = folder / "out"
    out.mkdir()
    given = {"unpacked": 1 << 26, "ratio": 200, "members": 16, "memory": 1 << 30, **limits}
    return unpack(Order(archive=str(archive), folder=str(out), **given))


def _member(name: str, content: bytes = b"{}", **attributes: object) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", GOOD["manifest.json"])
        info = zipfile.ZipInfo(name)
        info.compress_type = zipfile.ZIP_DEFLATED
        for attribute, value in attributes.items():
            setattr(info, attribute, value)
        archive.writestr(info, content)
    return data.getvalue()


def _bomb() -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", b" " * (40 << 20))
    return data.getvalue()


def _duplicate() -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("manifest.json", GOOD["manifest.json"])
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("manifest.json", b"{}")
    return data.getvalue()


def _with_directory(change: Callable[[bytearray, int], None]) -> bytes:
    """Change the second member's entry of the directory."""
    data = bytearray(zipped(GOOD))
    first = data.find(b"PK\x01\x02")
    change(data, data.find(b"PK\x01\x02", first + 4))
    return bytes(data)


def _overlap(data: bytearray, at: int) -> None:
    struct.pack_into("<L", data, at + 42, 4)


def _larger(data: bytearray, at: int) -> None:
    struct.pack_into("<L", data, at + 24, 10)


def _smaller(data: bytearray, at: int) -> None:
    size = struct.unpack_from("<L", data, at + 24)[0]
    struct.pack_into("<L", data, at + 24, size + 10)


def _encrypted(data: bytearray, at: int) -> None:
    data[at + 8] |= 1


def _method(data: bytearray, at: int) -> None:
    struct.pack_into("<H", data, at + 10, zipfile.ZIP_LZMA)


MALICE: dict[str, tuple[Callable[[], bytes], str]] = {
    "path upward": (lambda: _member("../manifest.json"), "not allowed"),
    "absolute path": (lambda: _member("/etc/passwd"), "not allowed"),
    "windows path": (lambda: _member("..\\x.json"), "not allowed"),
    "drive": (lambda: _member("C:x.json"), "not allowed"),
    "folder": (lambda: _member("compiled/x.sql"), "not allowed"),
    "control character": (lambda: _member("x\n.json"), "not allowed"),
    "not ascii": (lambda: _member("m\u0430nifest.json"), "not allowed"),
    "long name": (lambda: _member("x" * 200), "not allowed"),
    "dots": (lambda: _member(".."), "not allowed"),
    "nested archive": (lambda: _member("inner.zip"), "archive itself"),
    "symbolic link": (
        lambda: _member("sources.json", b"/etc/passwd", create_system=3,
                        external_attr=(stat.S_IFLNK | 0o777) << 16),
        "not a plain file",
    ),
    "other case": (lambda: _member("MANIFEST.json"), "two members"),
    "same name twice": (_duplicate, "two members"),
    "bomb": (_bomb, "more than is allowed"),
    "too many members": (lambda: zipped({f"{n}.json": b"{}" for n in range(40)}), "members"),
    "overlapping members": (lambda: _with_directory(_overlap), "overlap"),
    "larger than it says": (lambda: _with_directory(_larger), "damaged|larger"),
    "smaller than it says": (lambda: _with_directory(_smaller), "damaged|smaller"),
    "encrypted": (lambda: _with_directory(_encrypted), "encrypted"),
    "other compression": (lambda: _with_directory(_method), "not accepted"),
    "not an archive": (lambda: b"hello " * 10, "not a zip"),
    "cut off": (lambda: zipped(GOOD)[:-30], "not a zip"),
    "empty archive": (lambda: zipped({}), "no artifact"),
    "nothing known": (lambda: zipped({"readme.json": b"{}"}), "no artifact"),
    "not json": (lambda: zipped({"manifest.json": b"<html>"}), "cannot be read"),
    "not a manifest": (lambda: zipped({"manifest.json": b"{}"}), "neither"),
    "empty manifest": (lambda: zipped({"manifest.json": b""}), "is empty"),
    "deep": (lambda: zipped({"manifest.json": b'{"x":' + b"[" * 100_000}), "cannot be read"),
    "wrong shape": (lambda: zipped({**GOOD, "run_results.json": b'{"results": 1}'}), "cannot"),
    "not utf-8": (
        lambda: zipped({"manifest.json": b'{"metadata": {}, "nodes": {"\xff": {}}}'}), "cannot"
    ),
}  # fmt: skip


@pytest.mark.parametrize(("make", "reason"), MALICE.values(), ids=[*MALICE])
def test_malice_is_refused(make: Callable[[], bytes], reason: str, tmp_path: Path) -> None:
    found = _unpack(make(), tmp_path)
    assert found.refused is not None
    assert any(word in found.refused for word in reason.split("|")), found.refused
    outside = {path.name for path in tmp_path.iterdir()}
    assert outside == {"archive", "out"}


def test_a_huge_directory_is_refused_before_it_is_read(tmp_path: Path) -> None:
    data = bytearray(zipped(GOOD))
    end = data.rfind(b"PK\x05\x06")
    struct.pack_into("<L", data, end + 12, 1 << 30)
    found = _unpack(bytes(data), tmp_path)
    assert found.refused is not None
    assert "directory is too large" in found.refused


def test_what_is_not_known_but_harmless_is_passed_over(tmp_path: Path) -> None:
    found = _unpack(zipped({**GOOD, "dbt.log": b"a line"}), tmp_path)
    assert found.refused is None
    assert {member.name for member in found.members} == {*GOOD} <= KEPT


def test_secrets_in_a_manifest_are_noticed(tmp_path: Path) -> None:
    planted = manifest("a", env={"KEY": "AKIA0123456789ABCDEF0"})
    found = _unpack(zipped({"manifest.json": planted}), tmp_path)
    assert found.findings == ("The manifest holds what looks like a key of AWS.",)


@given(data=st.binary(max_size=400), at=st.integers(0, 2000))
def test_damage_is_a_refusal_and_never_a_mistake(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, at: int
) -> None:
    whole = bytearray(zipped(GOOD))
    position = at % len(whole)
    whole[position : position + len(data)] = data
    _unpack(bytes(whole), tmp_path_factory.mktemp("damaged"))
