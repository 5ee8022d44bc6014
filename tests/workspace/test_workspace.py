"""Opening a project directory."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.workspace.project_directory import (
    PROFILES,
    PROJECT,
    codes,
    open_at,
    opened,
    write,
    write_project,
)

from upriver.resources.relation import Quoting
from upriver.workspace.inputs import Inputs


def test_a_workspace(tmp_path: Path) -> None:
    root = write_project(
        tmp_path,
        {
            "dbt_project.yml": PROJECT
            + "quoting: {schema: false}\nvars: {a: 1}\nflags: {fail_fast: true}\n"
            + "models: {shop: {+schema: \"{{ target.name }}_x\", post-hook: '{{ this }}'}}\n"
        },
    )
    workspace = opened(root, vars={"b": 2}, threads=7, target_path="out")
    assert workspace.name == "shop"
    assert workspace.profile is not None
    assert (workspace.profile.target_name, workspace.profile.threads) == ("dev", 7)
    assert workspace.dialect is not None
    assert workspace.dialect.type == "duckdb"
    assert workspace.quoting == Quoting(database=True, schema=False, identifier=True)
    assert workspace.flags.fail_fast
    assert workspace.vars.cli == {"b": 2}
    assert workspace.vars.by_package == {"shop": {"a": 1}}
    assert workspace.target_path == str(root / "out")
    assert workspace.log_path == str(root / "logs")
    settings = workspace.settings
    assert settings.configs["models"]["shop"] == {"+schema": "dev_x", "post-hook": "{{ this }}"}
    assert settings.raw_configs["models"]["shop"]["+schema"] == "{{ target.name }}_x"


def test_the_project_is_found_above_the_current_directory(tmp_path: Path) -> None:
    root = write_project(tmp_path, {"models/staging/a.sql": "select 1"})
    workspace = opened(root, cwd=str(root / "models" / "staging"))
    assert workspace.root == str(root)


@pytest.mark.parametrize("given", ["option", "variable", "preferred variable"])
def test_the_project_directory_is_given(tmp_path: Path, given: str) -> None:
    root = write_project(tmp_path / "project")
    inputs = {
        "option": {"project_dir": "project"},
        "variable": {"env": {"DBT_PROJECT_DIR": "project"}},
        "preferred variable": {
            "env": {"DBT_PROJECT_DIR": "zork", "DBT_ENGINE_PROJECT_DIR": "project"}
        },
    }[given]
    workspace = opened(tmp_path, **inputs)
    assert workspace.root == str(root)


@pytest.mark.parametrize("inputs", [{}, {"project_dir": "nowhere"}])
def test_no_project_is_a_problem(tmp_path: Path, inputs: dict[str, str]) -> None:
    workspace, problems = open_at(tmp_path, **inputs)
    assert workspace is None
    assert codes(problems) == ["project-file-missing"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "project-file-not-mapping"),
        ("- a", "project-file-not-mapping"),
        ("a: [", "yaml-invalid"),
    ],
)
def test_a_broken_project_file(tmp_path: Path, text: str, code: str) -> None:
    workspace, problems = open_at(write_project(tmp_path, {"dbt_project.yml": text}))
    assert workspace is None
    assert codes(problems) == [code]


def test_mistakes_of_all_files_are_reported_together(tmp_path: Path) -> None:
    root = write_project(
        tmp_path,
        {
            "dbt_project.yml": PROJECT + "zork: 1\nmodels: {+alias: \"{{ env_var('NOPE') }}\"}\n",
            "selectors.yml": "selectors: [{name: a}]",
            "packages.yml": "packages: [{package: a/b, version: 1.0.0}]",
            "profiles.yml": PROFILES.replace("4", "many"),
        },
    )
    _, problems = open_at(root)
    assert codes(problems) == [
        "profile-threads-invalid",
        "env-var-not-found",
        "project-key-unknown",
        "packages-not-installed",
        "selectors-file-invalid",
    ]


def test_a_verb_without_a_warehouse_opens_without_a_profile(tmp_path: Path) -> None:
    root = write(tmp_path, {"dbt_project.yml": "name: shop\nprofile: shop\n"})
    workspace = opened(root, needs_profile=False)
    assert workspace.profile is None
    assert workspace.dialect is None


@pytest.mark.parametrize(
    ("required", "inputs", "found"),
    [
        ('">=1.0.0,<2.0.0"', {}, []),
        ('[">=1.0.0", "<1.11.0"]', {}, ["dbt-version-unsupported"]),
        ('"=1.11.16"', {}, []),
        ('">=1.12.0-rc1"', {}, ["dbt-version-unsupported"]),
        ('">2.0.0"', {"version_check": False}, []),
        ('">2.0.0"', {"flags": {"version_check": False}}, []),
    ],
)
def test_required_versions(
    tmp_path: Path, required: str, inputs: dict[str, bool], found: list[str]
) -> None:
    text = f"{PROJECT}require-dbt-version: {required}\n"
    _, problems = open_at(write_project(tmp_path, {"dbt_project.yml": text}), **inputs)
    assert codes(problems) == found


def test_values_of_the_environment_are_not_shown(tmp_path: Path) -> None:
    env = {"DBT_ENV_SECRET_X": "hush"}
    workspace = opened(write_project(tmp_path), env=env)
    assert "hush" not in repr(workspace)
    assert "hush" not in repr(Inputs(cwd="/", env=env))


@pytest.mark.parametrize(
    ("project_flags", "found"),
    [("", ["profiles-config-moved"]), ("flags: {debug: true}\n",
                                       ["profiles-config-moved", "flags-twice"])],
)  # fmt: skip
def test_flags_in_the_profiles_file(tmp_path: Path, project_flags: str, found: list[str]) -> None:
    files = {
        "dbt_project.yml": PROJECT + project_flags,
        "profiles.yml": PROFILES + "config: {fail_fast: true}\n",
    }
    workspace, problems = open_at(write_project(tmp_path, files))
    assert codes(problems) == found
    assert workspace is not None
    assert workspace.flags.fail_fast is not bool(project_flags)


def test_a_given_log_path_starts_at_the_current_directory(tmp_path: Path) -> None:
    root = write_project(tmp_path / "project")
    workspace = opened(tmp_path, project_dir="project", log_path="l", target_path="t")
    assert workspace.log_path == str(tmp_path / "l")
    assert workspace.target_path == str(root / "t")
