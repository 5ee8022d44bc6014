"""Archives of others: traversal, links, bombs, damage."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import msgspec
import pytest
from tests.workspace.package_server import archive_of
from tests.workspace.package_sources.fetching import QUICK, setting_in

from upriver.workspace.package_sources.archive import unpack
from upriver.workspace.package_sources.setting import Setting, SourceError


def _tar(*members: tuple[str, bytes, str]) -> bytes:
    """Members are name, type and link target, or content."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as tar:
        for name, kind, text in members:
            member = tarfile.TarInfo(name)
            member.type = kind
            if kind == tarfile.REGTYPE:
                member.size = len(text)
                tar.addfile(member, io.BytesIO(text.encode()))
            else:
                member.linkname = text
                tar.addfile(member)
    return data.getvalue()


def _unpack(tmp_path: Path, data: bytes, setting: Setting | None = None) -> Path:
    archive = tmp_path / "a.tar.gz"
    archive.write_bytes(data)
    return unpack(archive, tmp_path / "out", "acme/one 1.0.0", setting or setting_in(tmp_path))


@pytest.mark.parametrize("top", ["one-1.0.0", ""])
def test_the_root_is_what_holds_the_files(tmp_path: Path, top: str) -> None:
    root = _unpack(tmp_path, archive_of({"dbt_project.yml": "name: a", "models/m.sql": "x"}, top))
    assert sorted(path.name for path in root.iterdir()) == ["dbt_project.yml", "models"]
    assert (root / "models/m.sql").read_text() == "x"


FILE, LINK, HARD, FOLDER, FIFO = (
    tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE,
)  # fmt: skip


@pytest.mark.parametrize(
    "members",
    [
        [("../evil", FILE, "x")],
        [("a/../../evil", FILE, "x")],
        [("/evil", FILE, "x")],
        [("C:\\evil", FILE, "x")],
        [("a\\..\\..\\evil", FILE, "x")],
        [("a/link", LINK, "../../evil")],
        [("a/link", LINK, "/etc")],
        [("a/link", HARD, "../evil")],
        [("a/pipe", FIFO, "")],
        [("a/file", FILE, "x"), ("a/file/below", FILE, "x")],
        [("a/folder", FOLDER, ""), ("a/folder", FILE, "x")],
        [("a/b/c", FILE, "x"), ("a/b/loop", LINK, ".")],
    ],
)
def test_refused(tmp_path: Path, members: list[tuple[str, bytes, str]]) -> None:
    with pytest.raises(SourceError) as caught:
        _unpack(tmp_path, _tar(("a/fine", FILE, "x"), *members))
    assert caught.value.code == "package-archive-refused"
    assert "acme/one 1.0.0" in caught.value.message
    assert not list(tmp_path.glob("evil")) + list(tmp_path.glob("out/*/evil"))


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    data = _tar(("a/to", LINK, "b"), ("a/to/evil", FILE, "x"), ("a/b/f", FILE, "y"))
    root = _unpack(tmp_path, data)
    assert (root / "to/evil").read_text() == "x"
    assert not (root / "b/evil").exists()


def test_links_inside_become_what_they_mean(tmp_path: Path) -> None:
    root = _unpack(
        tmp_path,
        _tar(
            ("a/file", LINK, "b/real"), ("a/folder", LINK, "b"), ("a/hard", HARD, "a/b/real"),
            ("a/b/real", FILE, "x"), ("a/dangling", LINK, "nothing"),
        ),
    )  # fmt: skip
    assert [(root / n).read_text() for n in ("file", "folder/real", "hard")] == ["x", "x", "x"]
    assert not any(path.is_symlink() for path in root.rglob("*"))


@pytest.mark.parametrize("limit", [{"largest_unpacked": 1000}, {"most_files": 3}])
def test_bombs(tmp_path: Path, limit: dict[str, int]) -> None:
    patience = msgspec.structs.replace(QUICK, **limit)
    data = archive_of({f"{n}.sql": "0" * 900 for n in range(5)})
    with pytest.raises(SourceError, match="is not unpacked"):
        _unpack(tmp_path, data, setting_in(tmp_path, patience=patience))


@pytest.mark.parametrize("cut", [0, 5, 60, 200])
def test_damage(tmp_path: Path, cut: int) -> None:
    data = archive_of({"a.sql": "".join(str(n * n) for n in range(5000))})
    with pytest.raises(SourceError) as caught:
        _unpack(tmp_path, data[:-cut][: len(data) // 2] if cut else b"<html>no</html>")
    assert caught.value.code == "package-archive-damaged"
