"""Installed, local and missing packages (PROJ-46..57)."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.workspace.project_directory import codes, open_at, opened, write_project

_HUB = "packages: [{package: dbt-labs/dbt_utils, version: 1.0.0}]\n"


def test_installed_packages_come_after_the_root_sorted_by_name(tmp_path: Path) -> None:
    root = write_project(
        tmp_path,
        {
            "packages.yml": _HUB,
            "dbt_packages/z/dbt_project.yml": "name: a_package\nvars: {x: 1}\n",
            "dbt_packages/dbt_utils/dbt_project.yml": "name: dbt_utils\n",
        },
    )
    workspace = opened(root)
    assert [package.name for package in workspace.packages] == ["shop", "a_package", "dbt_utils"]
    assert [package.is_root for package in workspace.packages] == [True, False, False]
    assert workspace.vars.by_package["a_package"] == {"x": 1}


def test_a_local_package_is_read_from_where_it_stands(tmp_path: Path) -> None:
    root = write_project(
        tmp_path,
        {
            "packages.yml": "packages: [{local: lib/one}]\n",
            "lib/one/dbt_project.yml": "name: one\n",
            "lib/one/packages.yml": "packages: [{local: ../two}]\n",
            "lib/two/dbt_project.yml": "name: two\n",
        },
    )
    workspace = opened(root)
    assert [package.name for package in workspace.packages] == ["shop", "one", "two"]


def test_an_installed_copy_stands_for_a_local_package(tmp_path: Path) -> None:
    root = write_project(
        tmp_path,
        {
            "packages.yml": "packages: [{local: lib/one}]\n",
            "lib/one/dbt_project.yml": "name: one\n",
            "dbt_packages/one/dbt_project.yml": "name: one\n",
        },
    )
    [_, one] = opened(root).packages
    assert one.root == str(root / "dbt_packages" / "one")


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({"packages.yml": _HUB}, "packages-not-installed"),
        ({"dependencies.yml": _HUB}, "packages-not-installed"),
        ({"packages.yml": "packages: [{local: nowhere}]"}, "packages-not-installed"),
        ({"packages.yml": "packages: {a: b}"}, "packages-file-invalid"),
        ({"packages.yml": "packages: [{zork: 1}]"}, "package-entry-invalid"),
        ({"packages.yml": "[a]"}, "packages-file-invalid"),
        ({"packages.yml": "projects: [{name: x}]"}, "packages-file-invalid"),
        ({"packages.yml": "a: ["}, "yaml-invalid"),
        ({"dbt_packages/x/readme.md": ""}, "package-without-project-file"),
        ({"dbt_packages/x/dbt_project.yml": "name: shop"}, "package-name-taken"),
        ({"dbt_packages/x/dbt_project.yml": "name: x\nzork: 1"}, "project-key-unknown"),
    ],
)
def test_mistakes(tmp_path: Path, files: dict[str, str], code: str) -> None:
    workspace, problems = open_at(write_project(tmp_path, files))
    assert codes(problems) == [code]
    assert workspace is not None


def test_two_packages_of_one_name(tmp_path: Path) -> None:
    files = {f"dbt_packages/{name}/dbt_project.yml": "name: same" for name in "ab"}
    _, problems = open_at(write_project(tmp_path, files))
    assert codes(problems) == ["package-name-taken"]
    assert problems[0].span is not None
    assert problems[0].span.file == "dbt_packages/b/dbt_project.yml"


def test_a_local_package_that_is_refused_is_not_called_missing(tmp_path: Path) -> None:
    files = {"packages.yml": "packages: [{local: one}]", "one/dbt_project.yml": "name: shop"}
    _, problems = open_at(write_project(tmp_path, files))
    assert codes(problems) == ["package-name-taken"]


def test_both_files_may_not_declare_packages(tmp_path: Path) -> None:
    files = {
        "packages.yml": "packages: [{local: a}]",
        "dependencies.yml": "packages: [{local: a}]",
        "a/dbt_project.yml": "name: a",
    }
    _, problems = open_at(write_project(tmp_path, files))
    assert codes(problems) == ["packages-declared-twice"]


def test_packages_may_read_secrets_and_dependencies_are_not_rendered(tmp_path: Path) -> None:
    url = "packages: [{git: \"https://{{ env_var('DBT_ENV_SECRET_T') }}@x/one.git\"}]"
    files = {"packages.yml": url, "dbt_packages/one/dbt_project.yml": "name: one"}
    assert len(opened(write_project(tmp_path, files), env={"DBT_ENV_SECRET_T": "t"}).packages) == 2


def test_the_hint_says_what_to_do(tmp_path: Path) -> None:
    _, [problem] = open_at(write_project(tmp_path, {"packages.yml": _HUB}))
    assert "dbt-labs/dbt_utils" in problem.message
    assert "dbt_packages/<name>" in (problem.hint or "")
    assert "upriver deps" in (problem.hint or "")
