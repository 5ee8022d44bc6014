from __future__ import annotations

import stat
from pathlib import Path

import pytest
import yaml

from upriver.workspace.link.mention import user_file_path
from upriver.workspace.link.user_file import (
    Entry,
    read_user_file,
    with_entry,
    without_entry,
)

TOKEN = "t"  # noqa: S105 - made up
ENTRY = Entry(
    project_id="7", host="https://a.example.com", token=TOKEN, account_id="1", project_name="shop"
)


def test_an_entry_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = user_file_path(str(tmp_path))
    with_entry(path, ENTRY)
    file, problems = read_user_file(path)
    assert problems == ()
    assert file.entries == (ENTRY,)
    assert (file.active_project, file.active_host) == ("7", "https://a.example.com")
    assert stat.S_IMODE(Path(path).stat().st_mode) == 0o600
    assert [item.name for item in Path(path).parent.iterdir()] == ["dbt_cloud.yml"]


def test_other_entries_and_keys_stay(tmp_path: Path) -> None:
    path = Path(user_file_path(str(tmp_path)))
    path.parent.mkdir()
    other = {"project-id": 8, "account-host": "b", "token-value": "x", "more": [1]}
    old = {"project-id": 7, "account-host": "a.example.com", "token-value": "old"}
    path.write_text(yaml.safe_dump({"extra": {"k": 1}, "projects": [old, other]}))
    with_entry(str(path), ENTRY)
    body = yaml.safe_load(path.read_text())
    assert body["extra"] == {"k": 1}
    assert body["projects"][0] == other
    assert [item["token-value"] for item in body["projects"]] == ["x", TOKEN]
    without_entry(str(path), ENTRY)
    body = yaml.safe_load(path.read_text())
    assert body["projects"] == [other]
    assert body["context"] == {}


def test_an_environment_is_not_taken_along_to_another_server(tmp_path: Path) -> None:
    path = Path(user_file_path(str(tmp_path)))
    with_entry(str(path), ENTRY)
    body = yaml.safe_load(path.read_text())
    body["context"]["defer-env-id"] = 4
    path.write_text(yaml.safe_dump(body))
    with_entry(str(path), ENTRY)
    assert read_user_file(str(path))[0].defer_environment == "4"
    with_entry(str(path), Entry(project_id="7", host="https://b.example.com", token=TOKEN))
    assert read_user_file(str(path))[0].defer_environment is None


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    path = Path(user_file_path(str(tmp_path)))
    path.parent.mkdir()
    real = tmp_path / "settings.yml"
    real.write_text("version: '1'\n")
    path.symlink_to(real)
    with_entry(str(path), ENTRY)
    assert path.is_symlink()
    assert "shop" in real.read_text()


def test_what_is_something_else_is_not_overwritten(tmp_path: Path) -> None:
    path = Path(user_file_path(str(tmp_path)))
    path.parent.mkdir()
    path.write_text("- a list\n")
    with pytest.raises(ValueError, match="mapping"):
        with_entry(str(path), ENTRY)
    assert path.read_text() == "- a list\n"
