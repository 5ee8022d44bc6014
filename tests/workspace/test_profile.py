"""The chosen output of `profiles.yml` (PROJ-35..45)."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.workspace.project_directory import (
    PROFILES,
    codes,
    open_at,
    opened,
    write,
    write_project,
)

from upriver.workspace.profile import Profile


def _profile(root: Path, **inputs: object) -> Profile:
    profile = opened(root, **inputs).profile
    assert profile is not None
    return profile


def test_the_target_object(tmp_path: Path) -> None:
    profile = _profile(write_project(tmp_path))
    expected = {
        "type": "duckdb",
        "threads": 4,
        "name": "dev",
        "target_name": "dev",
        "profile_name": "shop",
        "schema": "main",
        "database": "shop",
    }
    assert {key: profile.target[key] for key in expected} == expected
    assert profile.profiles_path == str(tmp_path / "profiles.yml")


@pytest.mark.parametrize("place", ["option", "variable", "here", "home", "beside the project"])
def test_where_profiles_are_looked_for(tmp_path: Path, place: str) -> None:
    folder = {
        "option": "profiles",
        "variable": "profiles",
        "here": "models",
        "home": "home/.dbt",
        "beside the project": ".",
    }[place]
    inputs = {
        "option": {"profiles_dir": str(tmp_path / "profiles")},
        "variable": {"env": {"DBT_PROFILES_DIR": str(tmp_path / "profiles")}},
    }.get(place, {})
    write(tmp_path, {"dbt_project.yml": "name: shop\nprofile: shop\n", "models/a.sql": ""})
    write(tmp_path, {f"{folder}/profiles.yml": PROFILES})
    profile = _profile(tmp_path, cwd=str(tmp_path / "models"), **inputs)
    assert Path(profile.profiles_path) == (tmp_path / folder / "profiles.yml").resolve()


@pytest.mark.parametrize(
    ("inputs", "target"),
    [
        ({}, "dev"),
        ({"env": {"T": "prod"}}, "prod"),
        ({"target": "prod"}, "prod"),
        ({"env": {"DBT_TARGET": "prod"}}, "prod"),
        ({"target": "dev", "env": {"DBT_TARGET": "prod"}}, "dev"),
    ],
)
def test_the_target_is_chosen(tmp_path: Path, inputs: dict[str, object], target: str) -> None:
    text = """
shop:
  target: "{{ env_var('T', 'dev') }}"
  outputs: {dev: {type: duckdb}, prod: {type: duckdb}}
"""
    profile = _profile(write_project(tmp_path, {"profiles.yml": text}), **inputs)
    assert profile.target_name == target


def test_only_the_chosen_output_is_rendered(tmp_path: Path) -> None:
    text = """
shop:
  target: dev
  outputs:
    dev:
      type: duckdb
      path: "{{ env_var('P') }}.duckdb"
      threads: "{{ env_var('N') | as_number }}"
      password: "{{ not jinja"
    other: {type: duckdb, path: "{{ env_var('NOPE') }}"}
"""
    root = write_project(tmp_path, {"profiles.yml": text})
    profile = _profile(root, env={"P": "mine", "N": "3"})
    assert profile.target["path"] == "mine.duckdb"
    assert profile.threads == 3
    assert profile.env_read == ("P", "N")


def test_secrets_are_put_in_after_rendering(tmp_path: Path) -> None:
    text = """
shop:
  target: dev
  outputs: {dev: {type: duckdb, path: "{{ env_var('DBT_ENV_SECRET_P') | upper }}.duckdb"}}
"""
    root = write_project(tmp_path, {"profiles.yml": text})
    profile = _profile(root, env={"DBT_ENV_SECRET_P": "hush"})
    assert profile.credentials.secret["path"].endswith("hush.duckdb")


def test_secrets_are_not_in_messages(tmp_path: Path) -> None:
    text = """
shop:
  target: dev
  outputs: {dev: {type: "{{ env_var('DBT_ENV_SECRET_P') }}"}}
"""
    root = write_project(tmp_path, {"profiles.yml": text})
    _, problems = open_at(root, env={"DBT_ENV_SECRET_P": "hush-hush"})
    assert codes(problems) == ["adapter-not-found"]
    assert "hush" not in repr(problems)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (None, "profiles-file-missing"),
        ("", "profiles-file-not-mapping"),
        ("[a]", "profiles-file-not-mapping"),
        ("a: [", "yaml-invalid"),
        ("shoop: {}", "profile-not-found"),
        ("shop: x", "profile-no-outputs"),
        ("shop: {target: dev}", "profile-no-outputs"),
        ("shop: {outputs: {dev: {type: duckdb}}}", "target-not-found"),
        ("shop: {target: dev, outputs: {dev: {threads: 1}}}", "profile-no-type"),
        ("shop: {target: dev, outputs: {dev: {type: zork}}}", "adapter-not-found"),
        ("shop: {target: dev, outputs: {dev: {type: duckdb, threads: x}}}",
         "profile-threads-invalid"),
        ("shop: {target: dev, outputs: {dev: {type: duckdb, path: \"{{ env_var('Q') }}\"}}}",
         "env-var-not-found"),
        ("shop: {target: \"{{ env_var('Q') }}\", outputs: {dev: {type: duckdb}}}",
         "env-var-not-found"),
        ("config: {use_colors: false}\nshop: {target: dev, outputs: {dev: {type: duckdb}}}",
         "profiles-config-moved"),
    ],
)  # fmt: skip
def test_mistakes(tmp_path: Path, text: str | None, code: str) -> None:
    files = {"dbt_project.yml": "name: shop\nprofile: shop\n"}
    if text is not None:
        files["profiles.yml"] = text
    _, problems = open_at(write(tmp_path, files))
    assert codes(problems) == [code]


def test_a_project_must_name_a_profile(tmp_path: Path) -> None:
    root = write_project(tmp_path, {"dbt_project.yml": "name: shop\n"})
    _, problems = open_at(root)
    assert codes(problems) == ["profile-not-named"]
    assert opened(root, profile="shop").profile is not None


def test_a_misspelt_target_gets_the_nearest_name(tmp_path: Path) -> None:
    _, problems = open_at(write_project(tmp_path), target="dve")
    assert problems[0].hint == "Did you mean `dev`?"
