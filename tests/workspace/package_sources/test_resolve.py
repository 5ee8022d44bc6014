"""One version of each package, in dbt's order; and why there is none (PROJ-53)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.workspace.package_server import PackageServer, git, repository
from tests.workspace.package_sources.fetching import setting_in
from tests.workspace.project_directory import write

from upriver.workspace.inputs import Inputs
from upriver.workspace.package_files.declared import read_declarations
from upriver.workspace.package_files.specs import PinnedGit, PinnedHub, PinnedLocal
from upriver.workspace.package_sources.resolve import Resolved, resolve
from upriver.workspace.package_sources.sources import Sources
from upriver.workspace.rendering import EnvVar, settings_names


@pytest.fixture
def server() -> Iterator[PackageServer]:
    with PackageServer() as server:
        for version in ("1.0.0", "1.1.0-b1", "1.1.0", "2.0.0-rc1", "2.0.0"):
            server.add("acme/leaf", version)
        server.add("acme/mid", "1.0.0", needs=[_hub("leaf", ["<2.0.0"])])
        server.add("acme/top", "1.0.0", needs=[_hub("mid", ">=1.0.0"), _hub("leaf", ">=1.0.0")])
        yield server


def _hub(name: str, version: Any, **more: Any) -> dict[str, Any]:
    return {"package": f"acme/{name}", "version": version, **more}


def _resolved(root: Path, server: PackageServer, entries: list[Any], **given: Any) -> Resolved:
    import json

    setting = setting_in(root, hub_url=server.url, **given)
    names = settings_names(Inputs(cwd=str(root)), EnvVar(setting.env.get, allows_secrets=True))
    text = json.dumps({"packages": entries})
    found, problems = read_declarations({"packages.yml": text}.get, names)
    assert problems == ()
    with closing(Sources(setting)) as sources:
        return resolve(found, sources, names, "shop")


def _versions(resolved: Resolved) -> list[str]:
    assert resolved.problems == ()
    return [
        f"{p.name} {p.version}" if isinstance(p, PinnedHub) else p.name for p in resolved.pinned
    ]


@pytest.mark.parametrize(
    ("entries", "versions"),
    [
        ([_hub("leaf", ">=1.0.0")], ["leaf 2.0.0"]),
        ([_hub("leaf", ["<2.0.0"])], ["leaf 1.1.0"]),
        ([_hub("leaf", ["<2.0.0-z"])], ["leaf 2.0.0-rc1"]),
        ([_hub("leaf", ["<2.0.0", ">1.0.0"]), _hub("leaf", "<=1.1.0")], ["leaf 1.1.0"]),
        ([_hub("leaf", "1.1.0-b1")], ["leaf 1.1.0-b1"]),
        ([_hub("top", "1.0.0")], ["top 1.0.0", "mid 1.0.0", "leaf 1.1.0"]),
        ([_hub("leaf", ">=1.0.0"), _hub("top", "1.0.0")],
         ["leaf 1.1.0", "top 1.0.0", "mid 1.0.0"]),
        ([_hub("top", "1.0.0"), _hub("leaf", "=1.0.0")],
         ["top 1.0.0", "leaf 1.0.0", "mid 1.0.0"]),
    ],
)  # fmt: skip
def test_versions(
    server: PackageServer, tmp_path: Path, entries: list[Any], versions: list[str]
) -> None:
    assert _versions(_resolved(tmp_path, server, entries)) == versions


def test_prereleases_where_they_are_allowed(server: PackageServer, tmp_path: Path) -> None:
    server.add("acme/new", "1.0.0-b1")
    entries = [_hub("new", ">=0.1.0", install_prerelease=True)]
    assert _versions(_resolved(tmp_path, server, entries)) == ["new 1.0.0-b1"]


def test_versions_for_another_dbt_are_left_out(server: PackageServer, tmp_path: Path) -> None:
    server.add("acme/leaf", "3.0.0", require=[">=2.0.0"])
    assert _versions(_resolved(tmp_path, server, [_hub("leaf", ">=1.0.0")])) == ["leaf 2.0.0"]
    unchecked = _resolved(tmp_path, server, [_hub("leaf", ">=1.0.0")], checks_version=False)
    assert _versions(unchecked) == ["leaf 3.0.0"]
    [problem] = _resolved(tmp_path, server, [_hub("leaf", "3.0.0")]).problems
    assert problem.code == "package-version-unsupported"
    assert "3.0.0 requires >=2.0.0" in problem.message


@pytest.mark.parametrize(
    ("entries", "code", "said", "hint"),
    [
        ([_hub("mid", "1.0.0"), _hub("leaf", "2.0.0")], "package-versions-conflict",
         "`packages.yml` asks for `2.0.0`; `acme/mid` 1.0.0 asks for `<2.0.0`", "2.0.0, 1.1.0"),
        ([_hub("leaf", "1.0.0"), _hub("leaf", "1.1.0")], "package-versions-conflict",
         "asks for `1.0.0`; `packages.yml` asks for `1.1.0`", None),
        ([_hub("leaf", "9.0.0")], "package-version-not-found", "asks for `9.0.0`", "There is"),
        ([_hub("leaf", [">=1.1.0", "<1.1.0"])], "package-version-not-found", "`>=1.1.0, <1.1.0`",
         None),
        ([_hub("pre", ">=0.1.0")], "package-version-not-found", "`acme/pre`",
         "install_prerelease: true"),
        ([_hub("none", "1.0.0")], "package-not-found", "`acme/none`", None),
        ([_hub("needy", "1.0.0")], "package-not-found", "`acme/needy` 1.0.0 asks for it", None),
        ([_hub("wrong", "1.0.0")], "package-key-unknown", "as the package `acme/wrong`", None),
        ([_hub("sly", "1.0.0")], "package-entry-invalid", "is outside the repository", None),
        ([{"local": "../nowhere"}], "package-not-found", "does not exist", "project's directory"),
        ([{"local": "."}], "package-not-found", "has no `dbt_project.yml`", None),
        ([{"local": "../nameless"}], "package-without-name", "nameless", None),
        ([{"local": "../shop"}], "package-name-taken", "the root project", None),
        ([{"local": "../leaf"}, _hub("leaf", "1.0.0")], "package-name-taken",
         "`../leaf` and `acme/leaf` 1.0.0", None),
    ],
)  # fmt: skip
def test_explanations(
    server: PackageServer, tmp_path: Path, entries: list[Any], code: str, said: str, hint: str
) -> None:
    server.add("acme/pre", "1.0.0-b1")
    server.add("acme/needy", "1.0.0", needs=[_hub("none", "1.0.0")])
    server.add("acme/wrong", "1.0.0", needs=[_hub("leaf", "1.0.0", zork=1)])
    sly = {"git": f"file://{tmp_path}", "subdirectory": "../../etc"}
    server.add("acme/sly", "1.0.0", needs=[sly])
    write(
        tmp_path,
        {
            "nameless/dbt_project.yml": "version: 1.0.0",
            "shop/dbt_project.yml": "name: shop",
            "leaf/dbt_project.yml": "name: leaf",
        },
    )
    [problem] = _resolved(tmp_path, server, entries).problems
    assert problem.code == code
    assert said in problem.message
    assert hint is None or hint in (problem.hint or "")


def test_what_each_kind_of_package_needs(server: PackageServer, tmp_path: Path) -> None:
    needs = "packages: [{package: acme/leaf, version: 1.0.0}]"
    origin = repository(tmp_path / "origin", {"sub/dbt_project.yml": "name: sub"}, {
        "packages.yml": "packages: [{local: ../one}]",
        "sub/dependencies.yml": "projects: [{name: x}]\npackages: [{local: ../one}]",
    })  # fmt: skip
    write(tmp_path, {"one/dbt_project.yml": "name: one", "one/packages.yml": needs})
    entries = [{"git": f"file://{origin}", "revision": "v2", "subdirectory": "sub"}]
    resolved = _resolved(tmp_path, server, entries)
    assert _versions(resolved) == ["sub", "one", "leaf 1.0.0"]
    first = resolved.pinned[0]
    assert isinstance(first, PinnedGit)
    assert first.revision == git(origin, "rev-parse", "v2")


def test_a_path_of_a_package_that_is_fetched_is_the_projects(
    server: PackageServer, tmp_path: Path
) -> None:
    origin = repository(
        tmp_path / "origin",
        {"packages.yml": "packages: [{local: inner}, {git: x, zork: 1}]",
         "inner/dbt_project.yml": "name: inner"},
    )  # fmt: skip
    url = f"file://{origin}"
    problems = _resolved(tmp_path, server, [{"git": url, "revision": "v1"}]).problems
    unknown, missing = problems
    assert unknown.span is not None
    assert unknown.span.file == f"{url}/packages.yml"
    assert missing.code == "package-not-found"
    assert f"`{url}` asks for it" in missing.message


def test_repositories_agree_on_a_revision(server: PackageServer, tmp_path: Path) -> None:
    origin = repository(tmp_path / "origin.git", {}, {"a.sql": ""})
    url = f"file://{origin}"
    entries = [{"git": url, "revision": "v1"}, {"git": url.removesuffix(".git")}]
    assert _versions(_resolved(tmp_path, server, entries)) == ["from_git"]
    entries[1]["revision"] = "v2"
    [problem] = _resolved(tmp_path, server, entries).problems
    assert problem.code == "package-versions-conflict"
    assert "asks for `v1`; `packages.yml` asks for `v2`" in problem.message


@pytest.mark.parametrize(
    ("more", "warnings"),
    [({}, 1), ({"warn-unpinned": False}, 0), ({"revision": "main"}, 1), ({"revision": "v1"}, 0)],
)
def test_unpinned_repositories_are_told_of(
    server: PackageServer, tmp_path: Path, more: dict[str, Any], warnings: int
) -> None:
    origin = repository(tmp_path / "origin")
    resolved = _resolved(tmp_path, server, [{"git": str(origin), **more}])
    assert [p.event for p in resolved.problems] == ["DepsUnpinned"] * warnings
    assert len(resolved.pinned) == 1


def test_one_directory_is_one_package(server: PackageServer, tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "one/dbt_project.yml": "name: one",
            "one/packages.yml": "packages: [{local: inner}]",
            "one/inner/dbt_project.yml": "name: inner",
            "one/inner/packages.yml": f"packages: [{{local: '{tmp_path}/one'}}]",
        },
    )
    resolved = _resolved(tmp_path, server, [{"local": "../one"}])
    assert [p.local for p in resolved.pinned if isinstance(p, PinnedLocal)] == [
        "../one", "../one/inner",
    ]  # fmt: skip


def test_everything_is_told_at_once(server: PackageServer, tmp_path: Path) -> None:
    entries = [_hub("none", "1.0.0"), {"local": "nowhere"}, _hub("leaf", "9.0.0")]
    assert len(_resolved(tmp_path, server, entries).problems) == 3
