"""A directory is replaced as a whole, or not at all (PROJ-56)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from upriver.workspace.package_sources.staging import Staging


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "root" / "packages" / "old").mkdir(parents=True)
    return tmp_path / "root" / "packages"


def test_replaced(folder: Path) -> None:
    with Staging(str(folder)) as staging:
        (staging.path / "new").mkdir()
        assert _names(folder) == ["old"]
        staging.commit()
    assert _names(folder) == ["new"]
    assert _names(folder.parent) == ["packages"]


def test_a_failure_leaves_everything(folder: Path) -> None:
    def fail() -> None:
        with Staging(str(folder)) as staging:
            (staging.path / "new").mkdir()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert _names(folder) == ["old"]
    assert _names(folder.parent) == ["packages"]


def test_made_where_there_was_none(tmp_path: Path) -> None:
    with Staging(str(tmp_path / "deep" / "packages")) as staging:
        staging.commit()
    assert _names(tmp_path / "deep") == ["packages"]


def test_what_a_link_leads_to_is_replaced(folder: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(folder)
    with Staging(str(link)) as staging:
        (staging.path / "new").mkdir()
        staging.commit()
    assert link.is_symlink()
    assert _names(folder) == ["new"]


def test_a_directory_that_cannot_be_renamed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a mounted one: its content is exchanged."""
    replace = Path.replace

    def refuse(path: Path, target: Path) -> Path:
        if folder in (path, target):
            raise OSError(16, "busy")
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", refuse)
    with Staging(str(folder)) as staging:
        (staging.path / "new").mkdir()
        staging.commit()
    assert _names(folder) == ["new"]


def test_what_was_left_behind_long_ago_is_removed(folder: Path) -> None:
    old, young = (folder.parent / f".packages.upriver-{name}" for name in ("old", "young"))
    for path in (old, young):
        path.mkdir()
    os.utime(old, (0, 0))
    with Staging(str(folder)):
        pass
    assert _names(folder.parent) == [young.name, "packages"]
