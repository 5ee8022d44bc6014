"""`deps` against dbt-core's, with one registry for both (CLI-52, CLI-81, PROJ-46, PROJ-47, PROJ-48,
PROJ-49, PROJ-50, PROJ-51, PROJ-52, PROJ-53, PROJ-54, PROJ-55, PROJ-56).

Both install in equal directories; then each installs from the lock file of the other.
"""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.oracle.running import find_dbt
from tests.workspace.package_server import PackageServer, archive_of, git, repository
from tests.workspace.project_directory import write

from upriver.cli.invoke import invoke

pytestmark = [pytest.mark.oracle, pytest.mark.xdist_group("oracle")]

HERE = Path(__file__).parent
ENV = {"DBT_ENV_SECRET_T": "s3cret", "REVISION": "v1"}


class Case(NamedTuple):
    """What a project declares, and what is said on the command line."""

    packages: str | None = None
    dependencies: str | None = None
    lock: str | None = None
    words: tuple[str, ...] = ()
    is_relocked: bool = False
    """dbt's lock after `--add-package` has a hash that it does not accept itself."""


def _hub(*entries: str) -> Case:
    return Case("packages:\n" + "".join(f"  - {{package: {entry}}}\n" for entry in entries))


def _list(*entries: str) -> Case:
    return Case("packages:\n" + "".join(f"  - {entry}\n" for entry in entries))


STALE = "packages:\n  - name: leaf\n    package: acme/leaf\n    version: 1.0.0\nsha1_hash: 0\n"
CASES: Mapping[str, Case] = {
    "exact": _hub("acme/leaf, version: 1.0.0"),
    "range": _hub("acme/leaf, version: '>=1.0.0'"),
    "ranges": _hub("acme/leaf, version: ['>=1.0.0', '<2.0.0']"),
    "empty range": _hub("acme/leaf, version: ['>=2.0.0', '<2.0.0']"),
    "below a release": _hub("acme/leaf, version: ['<2.0.0'], install_prerelease: true"),
    "below a pre-release": _hub("acme/leaf, version: ['<2.0.0-z']"),
    "pre-releases": _hub("acme/pre, version: '>=0.1.0', install_prerelease: true"),
    "no pre-releases": _hub("acme/pre, version: '>=0.1.0'"),
    "several requests": _hub("acme/leaf, version: '>=1.0.0'", "acme/leaf, version: '<=1.1.0'"),
    "transitive": _hub("acme/top, version: 1.0.0"),
    "transitive and own": _hub("acme/leaf, version: '>=1.0.0'", "acme/top, version: 1.0.0"),
    "build": _hub("acme/leaf, version: '=1.0.0+build5'"),
    "conflict": _hub("acme/mid, version: 1.0.0", "acme/leaf, version: 2.0.0"),
    "no package": _hub("acme/none, version: 1.0.0"),
    "no version": _hub("acme/leaf, version: 9.0.0"),
    "other dbt": _hub("acme/leaf, version: 3.0.0"),
    "other dbt unchecked": _hub("acme/leaf, version: 3.0.0")._replace(
        words=("--no-version-check",)
    ),
    "bad version": _hub("acme/leaf, version: 1.0"),
    "no namespace": _hub("leaf, version: 1.0.0"),
    "redirected": _hub("acme/old, version: 1.0.0"),
    "tag": _list("{git: 'file://{git}', revision: v1}"),
    "branch": _list("{git: 'file://{git}', revision: side}"),
    "main": _list("{git: 'file://{git}', revision: main}"),
    "commit": _list("{git: 'file://{git}', revision: {commit}}"),
    "unpinned": _list("{git: 'file://{git}'}"),
    "unpinned on purpose": _list("{git: 'file://{git}', warn-unpinned: false}"),
    "subdirectory": _list("{git: 'file://{git}', revision: v2, subdirectory: sub}"),
    "two subdirectories": _list(
        "{git: 'file://{git}', revision: v2, subdirectory: sub}", "{git: 'file://{git}'}"
    ),
    "no revision": _list("{git: 'file://{git}', revision: v9}"),
    "no subdirectory": _list("{git: 'file://{git}', revision: v1, subdirectory: sub}"),
    "no repository": _list("{git: 'file://{git}/none', revision: v1}"),
    "two revisions": _list(
        "{git: 'file://{git}', revision: v1}", "{git: 'file://{git}.git', revision: v2}"
    ),
    "local": _list("{local: ../shared/lp}"),
    "local with needs": _list("{local: ../shared/needy}"),
    "no local": _list("{local: ../shared/none}"),
    "nameless": _list("{local: ../shared/nameless}"),
    "same name": _list("{local: ../shared/lp}", "{local: ../shared/also_lp}"),
    "tarball": _list("{tarball: '{hub}t.tar.gz', name: tarred}"),
    "tarball by another name": _list("{tarball: '{hub}t.tar.gz', name: other}"),
    "private": _list("{private: org/repo}"),
    "expressions": _list(
        "{package: acme/leaf, version: \"{{ var('v', '1.0.0') }}\"}",
        "{git: \"file://{secret}/{{ env_var('DBT_ENV_SECRET_T') }}\", "
        "revision: \"{{ env_var('REVISION') }}\"}",
    ),
    "no variable": _list("{git: \"{{ env_var('NONE') }}\"}"),
    "unknown key": _list("{git: 'file://{git}', zork: 1}"),
    "no kind": _list("{zork: 1}"),
    "dependencies": Case(
        None, "projects: [{name: other}]\npackages: [{package: acme/leaf, version: 1.0.0}]"
    ),
    "both": Case("packages: [{local: ../shared/lp}]", "packages: [{local: ../shared/lp}]"),
    "projects misplaced": Case("projects: [{name: x}]"),
    "nothing": Case(),
    "empty": Case("packages: []"),
    "stale lock": _hub("acme/leaf, version: 1.1.0")._replace(lock=STALE),
    "lock": _hub("acme/leaf, version: 1.1.0")._replace(words=("--lock",)),
    "upgrade": _hub("acme/leaf, version: '>=1.0.0'")._replace(words=("--upgrade",)),
    "add": Case(words=("--add-package", "acme/leaf@1.0.0"), is_relocked=True),
    "add a range": _list("{local: ../shared/lp}")._replace(
        words=("--add-package", "acme/leaf@>=1.0.0,<2.0.0"), is_relocked=True
    ),
    "add a repository": Case(
        words=("--add-package", "file://{git}@v1", "--source", "git"), is_relocked=True
    ),
    "add a directory": Case(
        words=("--add-package", "../shared/lp", "--source", "local"), is_relocked=True
    ),
    "add without version": Case(words=("--add-package", "acme/leaf")),
    "everything": _list(
        "{package: acme/top, version: 1.0.0}", "{local: ../shared/needy}",
        "{git: 'file://{git}', revision: v2, subdirectory: sub}",
        "{tarball: '{hub}t.tar.gz', name: tarred}",
    ),
}  # fmt: skip


class Both(NamedTuple):
    """Where each case was played, and how it ended."""

    root: Path
    dbt: Mapping[str, Any]
    dbt_from_ours: Mapping[str, Any]
    upriver: Mapping[str, Any]
    upriver_from_theirs: Mapping[str, Any]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Both:
    root = tmp_path_factory.mktemp("deps")
    with PackageServer() as server:
        given = _publish(server, root)
        environment = {
            **{k: v for k, v in os.environ.items() if "DBT" not in k},
            **ENV, "HOME": str(root / "home"), "DBT_PACKAGE_HUB_URL": server.url,
        }  # fmt: skip
        for who in ("dbt", "upriver"):
            for name, case in CASES.items():
                _write(root / who / _folder(name), case, given)
            shutil.copytree(root / "shared", root / who / "shared")
        words = {
            name: [_filled(word, given) for word in case.words] for name, case in CASES.items()
        }
        upriver = {
            name: _upriver(root / "upriver" / _folder(name), words[name], environment)
            for name in CASES
        }
        shutil.copytree(root / "upriver", root / "dbt from ours", symlinks=True)
        folders = {name: root / "dbt" / _folder(name) for name in CASES}
        crossed = {name: root / "dbt from ours" / _folder(name) for name in CASES}
        again = {name: [w for w in words[name] if w == "--no-version-check"] for name in CASES}
        answers = _dbt(root, [(folders, words), (crossed, again)], environment)
        dbt, dbt_from_ours = (
            dict(zip(CASES, answers[i : i + len(CASES)], strict=True)) for i in (0, len(CASES))
        )
        shutil.copytree(root / "dbt", root / "upriver from theirs", symlinks=True)
        upriver_from_theirs = {
            name: _upriver(root / "upriver from theirs" / _folder(name), again[name], environment)
            for name in CASES
        }
    return Both(root, dbt, dbt_from_ours, upriver, upriver_from_theirs)


def _publish(server: PackageServer, root: Path) -> Mapping[str, str]:
    (root / "home").mkdir()
    for version in ("1.0.0", "1.1.0-b1", "1.1.0", "2.0.0-rc1", "2.0.0"):
        server.add("acme/leaf", version, files={"models/m.sql": f"select '{version}' as v"})
    server.add("acme/leaf", "3.0.0", require=[">=2.0.0"])
    leaf = {"package": "acme/leaf", "version": ["<2.0.0"]}
    server.add("acme/mid", "1.0.0", needs=[leaf])
    needs = [{"package": "acme/mid", "version": ">=1.0.0"}, {**leaf, "version": ">=1.0.0"}]
    server.add("acme/top", "1.0.0", needs=needs)
    server.add("acme/pre", "1.0.0-b1")
    server.add("acme/old", "1.0.0", redirectname="leaf", redirectnamespace="acme")
    tarred = {"dbt_project.yml": "name: tarred\n", "models/m.sql": "select 1 as id"}
    server.bodies["t.tar.gz"] = archive_of(tarred)
    origin = repository(
        root / "origin", {"models/a.sql": "1"},
        {"sub/dbt_project.yml": "name: sub\n", "sub/models/b.sql": "2"},
    )  # fmt: skip
    git(origin, "branch", "side", "v1")
    repository(root / "secret" / ENV["DBT_ENV_SECRET_T"])
    write(
        root / "shared",
        {
            "lp/dbt_project.yml": "name: lp\n",
            "also_lp/dbt_project.yml": "name: lp\n",
            "nameless/dbt_project.yml": "version: '1.0.0'\n",
            "needy/dbt_project.yml": "name: needy\n",
            "needy/packages.yml": "packages: [{local: ../shared/lp}]",
        },
    )
    commit = git(origin, "rev-parse", "v1")
    return {
        "git": str(origin),
        "hub": server.url,
        "commit": commit,
        "secret": str(root / "secret"),
    }


def _folder(name: str) -> str:
    return name.replace(" ", "_")


def _filled(text: str, given: Mapping[str, str]) -> str:
    for key, value in given.items():
        text = text.replace(f"{{{key}}}", value)
    return text


def _write(folder: Path, case: Case, given: Mapping[str, str]) -> None:
    texts = {
        "dbt_project.yml": "name: shop\nprofile: nowhere\n",
        "packages.yml": case.packages,
        "dependencies.yml": case.dependencies,
        "package-lock.yml": case.lock,
    }
    write(folder, {name: _filled(text, given) for name, text in texts.items() if text is not None})


def _dbt(root: Path, runs: list[Any], environment: Mapping[str, str]) -> list[Any]:
    asked, answered = root / "asked.json", root / "answered.json"
    cases = [
        {"folder": str(folders[name]), "words": words[name]}
        for folders, words in runs
        for name in CASES
    ]
    asked.write_text(json.dumps(cases))
    python = Path(find_dbt() or "").parent / "python"
    subprocess.run(
        [str(python), str(HERE / "deps_driver.py"), str(asked), str(answered)],
        env=dict(environment), check=True, capture_output=True,
    )  # fmt: skip
    answers: list[Any] = json.loads(answered.read_text())
    return answers


def _upriver(folder: Path, words: list[str], environment: Mapping[str, str]) -> Mapping[str, Any]:
    out = io.StringIO()
    ended = invoke(
        ["--no-use-colors", "deps", *words],
        env=environment,
        cwd=str(folder),
        stdout=out,
        stderr=out,
    )
    return {"exit_code": ended.exit_code, "output": out.getvalue()}


def _files(folder: Path) -> dict[str, str]:
    """What is installed: every file with its text."""
    found = {}
    for package in sorted(folder.glob("dbt_packages/*")):
        found[package.name] = "linked" if package.is_symlink() else "there"
        for path in sorted(package.rglob("*")):
            if path.is_file() and ".git" not in path.relative_to(package).parts:
                found[path.relative_to(folder).as_posix()] = path.read_text()
    return found


def _lock(folder: Path) -> str | None:
    path = folder / "package-lock.yml"
    return path.read_text() if path.exists() else None


_TOLD = re.compile(
    r"(?:Installing|Installed from|and subdirectory|Up to date!|Updated version|Added new package|"
    r"Created|Warning: No packages|Updates available).*"
)


def _told(output: str, folder: Path) -> list[str]:
    """The lines of progress, each once."""
    text = output.replace(str(folder), "HERE")
    return list(dict.fromkeys(match[0].rstrip() for match in _TOLD.finditer(text)))


@pytest.mark.parametrize("name", CASES)
def test_the_same_is_installed(both: Both, name: str) -> None:
    theirs, ours = (both.root / who / _folder(name) for who in ("dbt", "upriver"))
    dbt, upriver = both.dbt[name], both.upriver[name]
    assert upriver["exit_code"] == dbt["exit_code"], (dbt["output"], upriver["output"])
    if dbt["exit_code"]:
        return
    assert _files(ours) == _files(theirs)
    assert _told(upriver["output"], ours) == _told(dbt["output"], theirs)
    if not CASES[name].is_relocked:
        assert _lock(ours) == _lock(theirs)


INSTALLED = [name for name in CASES if not name.startswith(("nothing", "empty"))]


@pytest.mark.parametrize("name", INSTALLED)
def test_each_accepts_the_lock_of_the_other(both: Both, name: str) -> None:
    if both.dbt[name]["exit_code"]:
        return
    runs = [("dbt from ours", both.dbt_from_ours, "upriver")]
    if not CASES[name].is_relocked:
        runs.append(("upriver from theirs", both.upriver_from_theirs, "dbt"))
    for place, answers, origin in runs:
        folder = both.root / place / _folder(name)
        assert answers[name]["exit_code"] == 0, answers[name]["output"]
        assert "Updating lock file" not in answers[name]["output"]
        assert _lock(folder) == _lock(both.root / origin / _folder(name))
        assert _files(folder) == _files(both.root / "dbt" / _folder(name)) or "--lock" in (
            CASES[name].words
        )
