"""Getting at the files of a package, wherever it comes from (PROJ-50, PROJ-51)."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from tests.workspace.package_server import PackageServer, archive_of
from tests.workspace.package_sources.fetching import setting_in
from tests.workspace.project_directory import write

from upriver.workspace.package_files.specs import PinnedHub, PinnedLocal, PinnedTarball
from upriver.workspace.package_sources.setting import SourceError, cache_directory
from upriver.workspace.package_sources.sources import Sources, shown_name, shown_version


def test_a_local_package_is_linked(tmp_path: Path) -> None:
    write(tmp_path, {"one/dbt_project.yml": "name: one"})
    with closing(Sources(setting_in(tmp_path))) as sources:
        sources.place(PinnedLocal(local="../one", name="one"), tmp_path / "placed")
    assert (tmp_path / "placed").is_symlink()
    assert (tmp_path / "placed").resolve() == tmp_path / "one"


def test_a_local_package_is_copied_where_there_are_no_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(1, "not permitted")

    monkeypatch.setattr(Path, "symlink_to", refuse)
    write(tmp_path, {"one/dbt_project.yml": "name: one"})
    with closing(Sources(setting_in(tmp_path))) as sources:
        sources.place(PinnedLocal(local="../one", name="one"), tmp_path / "placed")
    assert (tmp_path / "placed" / "dbt_project.yml").read_text() == "name: one"


def test_a_tarball_is_asked_for_anew_and_kept_for_bad_times(tmp_path: Path) -> None:
    with PackageServer() as server:
        pinned = PinnedTarball(tarball=f"{server.url}a", unrendered="", name="one")

        def text() -> str:
            with closing(Sources(setting_in(tmp_path))) as sources:
                return (sources.files(pinned) / "dbt_project.yml").read_text()

        for version in ("name: one", "name: one # again"):
            server.bodies["a"] = archive_of({"dbt_project.yml": version})
            assert text() == version
        server.faults["a"] = "fail"
        assert text() == "name: one # again"
        server.faults["a"] = "corrupt"
        with pytest.raises(SourceError) as caught:
            text()
        assert caught.value.code == "package-archive-damaged"
        server.faults["a"] = "fail"
        assert text() == "name: one # again"


def test_a_damaged_archive_of_the_registry_is_not_kept(tmp_path: Path) -> None:
    pinned = PinnedHub(package="acme/one", version="1.0.0", name="one")
    with PackageServer() as server:
        server.add("acme/one", "1.0.0")
        server.faults["archives/acme/one/1.0.0.tar.gz"] = "corrupt"
        setting = setting_in(tmp_path, hub_url=server.url)
        with closing(Sources(setting)) as sources, pytest.raises(SourceError) as caught:
            sources.files(pinned)
        assert caught.value.code == "package-archive-damaged"
        server.faults.clear()
        with closing(Sources(setting)) as sources:
            files = sources.files(pinned)
            assert files is sources.files(pinned)
        assert not files.exists()


def test_what_is_shown_hides_credentials() -> None:
    pinned = PinnedTarball(tarball="https://u:s3cret@h/a?token=s3cret", unrendered="", name="a")
    assert "s3cret" not in shown_name(pinned) + shown_version(pinned)


@pytest.mark.parametrize(
    ("env", "home", "place"),
    [
        ({"DBT_DOWNLOADS_DIR": "/d", "XDG_CACHE_HOME": "/x"}, "/h", "/d"),
        ({"XDG_CACHE_HOME": "/x"}, "/h", "/x/upriver/packages"),
        ({}, "/h", "/h/.cache/upriver/packages"),
    ],
)
def test_where_the_cache_is(env: dict[str, str], home: str, place: str) -> None:
    assert cache_directory(env, home) == place
