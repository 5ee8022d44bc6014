"""`deps` as a whole: a registry, repositories and archives on loopback ports (CLI-52, CLI-81, CLI-148,
PROJ-56)."""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from tests.workspace.package_server import PackageServer, archive_of, git, repository
from tests.workspace.project_directory import write

from upriver.cli.invoke import InvokeResult, invoke
from upriver.run.stop import Stop

ONE = "packages:\n  - package: acme/one\n    version: 1.0.0\n"


_STAMP = re.compile(r"^\d\d:\d\d:\d\d  ")
SECRET = {"DBT_ENV_SECRET_T": "s3cret"}


class Site:
    """A project, a registry, and a user who has nothing else."""

    def __init__(self, root: Path, server: PackageServer) -> None:
        self.root = root / "project"
        self.server = server
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(root / "home"),
            "GIT_CONFIG_NOSYSTEM": "1",
            "DBT_PACKAGE_HUB_URL": server.url,
            "DBT_USE_COLORS": "0",
        }
        self.output = ""
        write(self.root, {"dbt_project.yml": "name: shop\nprofile: nowhere\n"})

    def run(self, *words: str, **env: str) -> InvokeResult:
        out = io.StringIO()
        result = invoke(
            list(words), env={**self.env, **env}, cwd=str(self.root), stdout=out, stderr=out
        )
        self.output = out.getvalue()
        return result

    def deps(self, *words: str, packages: str | None = None, **env: str) -> list[str]:
        """Run `deps` with success and return its lines."""
        if packages is not None:
            write(self.root, {"packages.yml": packages})
        assert self.run("deps", *words, **env).exit_code == 0, self.output
        return [_STAMP.sub("", line) for line in self.output.splitlines()[1:]]

    def fails(self, *words: str, packages: str | None = None, **env: str) -> list[str]:
        """Run `deps` in vain and return the codes of the problems."""
        if packages is not None:
            write(self.root, {"packages.yml": packages})
        result = self.run("deps", *words, **env)
        assert result.exit_code == 2, self.output
        assert result.outcome is not None
        return [problem.code for problem in result.outcome.problems]

    @property
    def installed(self) -> list[str]:
        folder = self.root / "dbt_packages"
        return sorted(path.name for path in folder.iterdir()) if folder.exists() else []

    @property
    def lock(self) -> str:
        return (self.root / "package-lock.yml").read_text()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    (tmp_path / "home").mkdir()
    with PackageServer() as server:
        server.add("acme/one", "1.0.0", files={"models/m.sql": "select 1 as id"})
        server.add("acme/one", "1.1.0")
        server.add("acme/two", "1.0.0", needs=[{"package": "acme/one", "version": ">=1.0.0"}])
        yield Site(tmp_path, server)


def test_lines_are_dbts(site: Site, tmp_path: Path) -> None:
    origin = repository(tmp_path / "origin", {"sub/dbt_project.yml": "name: sub"})
    write(tmp_path, {"local/dbt_project.yml": "name: local"})
    site.server.bodies["t.tar.gz"] = archive_of({"dbt_project.yml": "name: tarred"})
    url = f"file://{origin}"
    packages = f"""{ONE}
  - package: acme/two
    version: [">=1.0.0"]
  - git: {url}
    revision: v1
    subdirectory: sub
  - local: ../local
  - tarball: {site.server.url}t.tar.gz
    name: tarred
"""
    assert site.deps(packages=packages) == [
        f"Updating lock file in file path: {site.root}/package-lock.yml",
        "Installing acme/one",
        "Installed from version 1.0.0",
        "Updated version available: 1.1.0",
        "Installing acme/two",
        "Installed from version 1.0.0",
        "Up to date!",
        f"Installing {url}/sub",
        f"Installed from revision {git(origin, 'rev-parse', 'v1')}",
        "and subdirectory sub",
        "Installing ../local",
        "Installed from <local @ ../local>",
        "Installing tarred",
        f"Installed from tarball (url: {site.server.url}t.tar.gz)",
        "",
        "Updates available for packages: ['acme/one']",
        "Update your versions in packages.yml, then run upriver deps",
    ]
    assert site.installed == ["local", "one", "sub", "tarred", "two"]
    assert (site.root / "dbt_packages/one/models/m.sql").exists()
    assert site.lock.startswith("packages:\n  - name: one\n    package: acme/one\n")


def test_events_are_dbts(site: Site) -> None:
    write(site.root, {"packages.yml": ONE})
    site.run("deps", "--log-format", "json")
    told = [json.loads(line)["info"] for line in site.output.splitlines()]
    names = [(info["name"], info["code"]) for info in told]
    assert names[1:] == [
        ("DepsLockUpdating", "M031"), ("DepsStartPackageInstall", "M014"),
        ("DepsInstallInfo", "M015"), ("DepsUpdateAvailable", "M016"), ("Formatting", "Z017"),
        ("DepsNotifyUpdatesAvailable", "M019"),
    ]  # fmt: skip


@pytest.mark.parametrize("files", [{}, {"packages.yml": ""}, {"packages.yml": "packages: []"},
                                   {"dependencies.yml": "projects: [{name: other}]"}])  # fmt: skip
def test_nothing_to_install(site: Site, files: Mapping[str, str]) -> None:
    write(site.root, {**files, "dbt_packages/left/x": ""})
    assert site.deps() == ["Warning: No packages were found in packages.yml"]
    assert site.installed == []


def test_a_second_installation_needs_no_network(site: Site, tmp_path: Path) -> None:
    origin = repository(tmp_path / "origin")
    packages = f"{ONE}  - git: file://{origin}\n    revision: v1\n"
    site.deps(packages=packages)
    lock = site.lock
    origin.rename(tmp_path / "gone")
    assert site.run("clean").exit_code == 0
    lines = site.deps(DBT_PACKAGE_HUB_URL=site.server.url, HTTP_PROXY="http://127.0.0.1:1")
    assert "Installed from version 1.0.0" in lines
    assert not any(line.startswith(("Updat", "Up to date")) for line in lines)
    assert site.installed == ["from_git", "one"]
    assert site.lock == lock


def test_clean_and_deps(site: Site) -> None:
    write(site.root, {"dbt_project.yml": "name: shop\nclean-targets: [dbt_packages]\n"})
    site.deps(packages=ONE)
    assert site.run("clean").exit_code == 0
    assert site.installed == []
    site.deps()
    assert site.installed == ["one"]


def test_without_network_and_cache_the_message_is_clear(site: Site) -> None:
    assert site.fails(packages=ONE, HTTP_PROXY="http://127.0.0.1:1") == ["package-hub-unreachable"]
    assert "DBT_PACKAGE_HUB_URL" in site.output
    assert "packages.yml:2:5" in site.output


def test_the_lock_decides_until_the_declarations_change(site: Site) -> None:
    loose = "packages:\n  - package: acme/one\n    version: ['>=1.0.0', '<2.0.0']\n"
    site.deps(packages=loose)
    assert "version: 1.1.0" in site.lock
    site.server.add("acme/one", "1.2.0")
    assert "Updated version available: 1.2.0" in site.deps()
    assert "version: 1.1.0" in site.lock
    site.deps("--upgrade")
    assert "version: 1.2.0" in site.lock
    site.deps(packages=ONE)
    assert "version: 1.0.0" in site.lock


def test_lock_installs_nothing(site: Site) -> None:
    write(site.root, {"dbt_packages/old/dbt_project.yml": "name: old"})
    site.deps("--lock", packages=ONE)
    assert "version: 1.0.0" in site.lock
    assert site.installed == ["old"]
    assert site.deps("--lock") == []


@pytest.mark.parametrize("fault", ["fail", "truncate", "corrupt", "refuse"])
def test_a_package_that_cannot_be_had_leaves_the_old_ones(site: Site, fault: str) -> None:
    site.deps(packages=ONE)
    site.server.faults["archives/acme/two/1.0.0.tar.gz"] = fault
    more = f"{ONE}  - package: acme/two\n    version: 1.0.0\n"
    [code] = site.fails(packages=more)
    assert code in ("package-source-unreachable", "package-archive-damaged")
    assert site.installed == ["one"]
    assert (site.root / "dbt_packages/one/models/m.sql").exists()
    assert [p.name for p in site.root.iterdir() if ".upriver-" in p.name] == []
    site.server.faults.clear()
    site.deps()
    assert site.installed == ["one", "two"]


def test_an_interrupted_installation_leaves_the_old_packages(site: Site) -> None:
    site.deps(packages=ONE)
    stop = Stop()
    stop.request()
    out = io.StringIO()
    result = invoke(
        ["deps", "--upgrade"], env=site.env, cwd=str(site.root), stdout=out, stderr=out, stop=stop
    )
    assert result.exit_code == 1
    assert (site.installed, site.lock.count("version")) == (["one"], 1)


def test_an_archive_that_leads_out_is_refused(site: Site) -> None:
    site.server.bodies["t.tar.gz"] = archive_of({"../../evil": "x"}, "a")
    packages = f"packages: [{{tarball: '{site.server.url}t.tar.gz', name: evil}}]"
    assert site.fails(packages=packages) == ["package-archive-refused"]
    assert site.installed == []


def test_all_mistakes_are_told_with_their_lines(site: Site) -> None:
    packages = """packages:
  - package: one
    version: x
  - git: a
    revisoin: v1
  - zork: 1
"""
    assert sorted(site.fails(packages=packages)) == [
        "package-entry-invalid", "package-entry-invalid", "package-key-unknown",
        "package-version-invalid",
    ]  # fmt: skip
    for place in ("2:5", "3:5", "5:5", "6:5"):
        assert f"packages.yml:{place}" in site.output
    assert "Did you mean `revision`?" in site.output


def test_several_packages_that_cannot_be_had_are_told_together(site: Site) -> None:
    packages = f"{ONE}  - local: nowhere\n  - package: acme/none\n    version: 1.0.0\n"
    assert site.fails(packages=packages) == ["package-not-found", "package-not-found"]


def test_secrets_reach_neither_lock_nor_output(site: Site, tmp_path: Path) -> None:
    origin = repository(tmp_path / "s3cret")
    packages = (
        f"packages:\n  - git: 'file://{origin.parent}/{{{{ env_var(\"DBT_ENV_SECRET_T\") }}}}'\n"
    )
    site.deps(packages=f"{packages}    revision: v1\n", **SECRET)
    assert "DBT_ENV_SECRET_T" in site.lock
    assert "s3cret" not in site.lock + site.output
    site.deps(**SECRET)
    assert site.installed == ["from_git"]
    site.fails(packages=f"{packages}    revision: v9\n", **SECRET)
    assert "s3cret" not in site.output + (site.root / "logs/dbt.log").read_text()


def test_credentials_in_an_address_are_warned_of(site: Site) -> None:
    site.server.bodies["t.tar.gz"] = archive_of({"dbt_project.yml": "name: t"})
    address = f"{site.server.url}t.tar.gz".replace("//", "//user:s3cret@")
    site.deps(packages=f"packages: [{{tarball: '{address}', name: t}}]")
    assert "package-credentials-written" in site.output
    assert "s3cret" not in site.output + site.lock + (site.root / "logs/dbt.log").read_text()
    lock = site.lock
    site.deps()
    assert (site.installed, site.lock) == (["t"], lock)
    assert site.server.headers[-1]["Authorization"].startswith("Basic ")


def test_a_package_for_another_dbt_is_warned_of(site: Site, tmp_path: Path) -> None:
    project = "name: new\nrequire-dbt-version: '>=2.0.0'"
    write(tmp_path, {"new/dbt_project.yml": project})
    site.deps(packages="packages: [{local: ../new}]")
    assert "warning[dbt-version-unsupported]" in site.output
    assert site.installed == ["new"]
    site.deps("--no-version-check")
    assert "warning" not in site.output


def test_a_local_package_may_not_be_where_packages_are_put(site: Site) -> None:
    write(site.root, {"dbt_packages/mine/dbt_project.yml": "name: mine"})
    assert site.fails(packages="packages: [{local: dbt_packages/mine}]") == [
        "local-package-misplaced"
    ]
    assert site.installed == ["mine"]


@pytest.mark.parametrize("path", [".", "..", "models", "extra/../models", "sources"])
def test_the_projects_own_files_are_never_replaced(site: Site, path: str) -> None:
    project = f"name: shop\npackages-install-path: {path}\nmodel-paths: [models, sources/a]\n"
    write(site.root, {"dbt_project.yml": project, "models/m.sql": "", "sources/a/n.sql": ""})
    assert site.fails(packages=ONE) == ["packages-path-refused"]
    assert site.fails(packages="") == ["packages-path-refused"]
    assert (site.root / "models/m.sql").exists()


@pytest.mark.parametrize(
    ("lock", "code"),
    [("nonsense", "package-lock-invalid"), ("{", "yaml-invalid"), ("", None),
     ("packages: [{bogus: 1}]\nsha1_hash: 5", None)],
)  # fmt: skip
def test_a_broken_lock(site: Site, lock: str, code: str | None) -> None:
    write(site.root, {"package-lock.yml": lock})
    if code is None:
        site.deps(packages=ONE)
    else:
        assert site.fails(packages=ONE) == [code]
        site.deps("--upgrade")
    assert "version: 1.0.0" in site.lock


@pytest.mark.parametrize(
    ("words", "before", "after"),
    [
        (["acme/one@1.0.0"], None, ONE),
        (["acme/one@>=1.0.0,<1.1.0"], "# why\npackages:\n  - local: ../local # here\n",
         "# why\npackages:\n  - local: ../local # here\n  - package: acme/one\n    version:\n"
         "      - '>=1.0.0'\n      - <1.1.0\n"),
        (["acme/one@1.0.0"], "packages:\n  - package: acme/one\n    version: 1.1.0\n", ONE),
        (["../local", "--source", "local"], None, "packages:\n  - local: ../local\n"),
    ],
)  # fmt: skip
def test_adding(
    site: Site, tmp_path: Path, words: list[str], before: str | None, after: str
) -> None:
    write(tmp_path, {"local/dbt_project.yml": "name: local"})
    lines = site.deps("--add-package", *words, packages=before)
    name, _, version = words[0].partition("@")
    assert f"Added new package {name}@{version} to {site.root}/packages.yml" in lines
    assert ("Created packages.yml" in lines) is (before is None)
    assert (site.root / "packages.yml").read_text() == after
    assert site.deps()[0].startswith("Installing")


def test_adding_what_cannot_be_had_changes_nothing(site: Site) -> None:
    site.deps(packages=ONE)
    assert site.fails("--add-package", "acme/none@1.0.0") == ["package-not-found"]
    assert (site.root / "packages.yml").read_text() == ONE


@pytest.mark.parametrize(
    ("before", "code"),
    [("packages: [", "yaml-invalid"), ("packages: {a: b}", "packages-file-invalid"),
     ("- a", "packages-file-invalid"), ("packages: [{zork: 1}]", "package-entry-invalid")],
)  # fmt: skip
def test_a_file_with_mistakes_is_not_added_to(site: Site, before: str, code: str) -> None:
    assert site.fails("--add-package", "acme/one@1.0.0", packages=before) == [code]
    assert (site.root / "packages.yml").read_text() == before


def test_adding_to_dependencies(site: Site, tmp_path: Path) -> None:
    write(tmp_path, {"local/dbt_project.yml": "name: local"})
    write(site.root, {"dependencies.yml": "packages:\n  - local: ../local\n"})
    site.deps("--add-package", "acme/one@1.0.0")
    assert "acme/one" in (site.root / "dependencies.yml").read_text()
    assert not (site.root / "packages.yml").exists()


@pytest.mark.parametrize(
    "words", [["acme/one"], ["git@host:org/a.git", "--source", "git"],
              ["../a@1.0.0", "--source", "local"]]
)  # fmt: skip
def test_adding_without_a_version_or_with_one_too_many(site: Site, words: list[str]) -> None:
    assert site.fails("--add-package", *words) == ["add-package-version"]


def test_the_project_runs_with_what_was_installed(site: Site) -> None:
    # CLI-125, PROJ-57
    profile = "shop: {target: dev, outputs: {dev: {type: duckdb, path: shop.duckdb}}}"
    write(site.root, {"dbt_project.yml": "name: shop\nprofile: shop\n", "profiles.yml": profile})
    write(site.root, {"packages.yml": ONE})
    assert site.run("run").exit_code == 2
    assert "Run `upriver deps`" in site.output
    site.deps()
    assert site.run("run").exit_code == 0, site.output
    assert "OK created sql view model main.m" in site.output


def test_mistakes_in_the_project_file_are_told_first(site: Site) -> None:
    write(site.root, {"dbt_project.yml": "name: 3 4\nzork: 1"})
    assert "project-key-unknown" in site.fails(packages=ONE)
