"""Package files, read with every mistake in them (PROJ-46, PROJ-47, PROJ-48, PROJ-49, PROJ-50, PROJ-51,
PROJ-52)."""

from __future__ import annotations

from pathlib import Path

import pytest

from upriver.problems import Problem
from upriver.workspace.inputs import Inputs
from upriver.workspace.package_files.checks import check_entries
from upriver.workspace.package_files.declared import read_declarations
from upriver.workspace.package_files.specs import (
    Declarations,
    GitSpec,
    HubSpec,
    LocalSpec,
    PrivateSpec,
    TarballSpec,
)
from upriver.workspace.rendering import EnvVar, settings_names


def read(
    packages: str | None = None, dependencies: str | None = None
) -> tuple[Declarations, tuple[Problem, ...]]:
    files = {"packages.yml": packages, "dependencies.yml": dependencies}
    env = {"REVISION": "v1", "DBT_ENV_SECRET_T": "s3cret"}
    names = settings_names(
        Inputs(cwd=str(Path.cwd()), vars={"v": "1.0.0"}), EnvVar(env.get, allows_secrets=True)
    )
    found, problems = read_declarations(files.get, names)
    return found, (*problems, *check_entries(found.entries))


def test_every_kind_of_entry() -> None:
    found, problems = read(
        """
packages:
  - {package: acme/one, version: "{{ var('v') }}"}
  - {package: acme/two, version: [">=1.0.0", "<2.0.0"], install_prerelease: true}
  - {git: "https://host/a.git", revision: "{{ env_var('REVISION') }}", subdirectory: sub}
  - {git: "git@host:a.git", revision: 1.5, warn-unpinned: false}
  - {local: ../here, name: here}
  - {tarball: "https://host/a.tar.gz", name: a}
"""
    )
    assert problems == ()
    assert [entry.spec for entry in found.entries] == [
        HubSpec(package="acme/one", versions=("1.0.0",)),
        HubSpec(package="acme/two", versions=(">=1.0.0", "<2.0.0"), install_prerelease=True),
        GitSpec(git="https://host/a.git", revision="v1", subdirectory="sub"),
        GitSpec(git="git@host:a.git", revision="1.5", warn_unpinned=False),
        LocalSpec(local="../here"),
        TarballSpec(tarball="https://host/a.tar.gz", name="a"),
    ]
    assert found.entries[0].unrendered == {"package": "acme/one", "version": "{{ var('v') }}"}


def test_dependencies_are_not_rendered_and_may_name_projects() -> None:
    found, problems = read(
        dependencies="""
projects: [{name: other}, {name: more, of: something}]
packages: [{git: "https://host/{{ env_var('REVISION') }}"}]
"""
    )
    assert problems == ()
    assert found.projects == ("other", "more")
    assert found.file == "dependencies.yml"
    assert found.entries[0].spec == GitSpec(git="https://host/{{ env_var('REVISION') }}")


def test_secrets_stay_placeholders() -> None:
    found, _ = read("packages: [{git: \"https://{{ env_var('DBT_ENV_SECRET_T') }}@h/a\"}]")
    assert "s3cret" not in repr(found)


def test_a_private_package_is_read() -> None:
    found, problems = read("packages: [{private: org/repo, provider: github}]")
    assert found.entries[0].spec == PrivateSpec(private="org/repo")
    assert [problem.code for problem in problems] == ["private-package-unsupported"]


@pytest.mark.parametrize(
    ("entry", "code", "key", "hint"),
    [
        ("3", "package-entry-invalid", None, "Each entry has one of"),
        ("{pacakge: a/b}", "package-entry-invalid", None, "Did you mean `package`?"),
        ("{local: a, git: b}", "package-entry-invalid", None, "Make two entries"),
        ("{package: a/b}", "package-entry-invalid", "package", 'version: [">=1.0.0"'),
        ("{package: a/b, version: []}", "package-entry-invalid", "package", "version: 1.0.0"),
        ("{package: a/b, version: {x: 1}}", "package-entry-invalid", "version", None),
        ("{package: one, version: 1.0.0}", "package-entry-invalid", "package", "namespace"),
        ("{package: a/b, versoin: 1.0.0, version: 1.0.0}", "package-key-unknown", "versoin",
         "Did you mean `version`?"),
        ("{package: a/b, version: 1.0}", "package-version-invalid", "version", "three numbers"),
        ("{package: a/b, version: '>=1.0.0,<2.0.0'}", "package-version-invalid", "version",
         'version: [">=1.0.0", "<2.0.0"]'),
        ("{package: a/b, version: '>= 1.0.0'}", "package-version-invalid", "version",
         "Leave the spaces out: `>=1.0.0`"),
        ("{package: a/b, version: 1.0.0, install_prerelease: maybe}", "package-entry-invalid",
         "install_prerelease", None),
        ("{git: [a]}", "package-entry-invalid", "git", None),
        ("{git: ''}", "package-entry-invalid", "git", None),
        ("{git: a, revision: [v1]}", "package-entry-invalid", "revision", None),
        ("{git: a, warn_unpinned: true}", "package-key-unknown", "warn_unpinned",
         "Did you mean `warn-unpinned`?"),
        ("{git: a, subdirectory: ../b}", "package-entry-invalid", "subdirectory", "relative"),
        ("{git: a, subdirectory: /b}", "package-entry-invalid", "subdirectory", "relative"),
        ("{git: --upload-pack=x}", "package-entry-invalid", "git", None),
        ("{git: a, revision: --exec}", "package-entry-invalid", "revision", None),
        ("{git: 'https://u:p@h/a'}", "package-credentials-written", "git", "DBT_ENV_SECRET_"),
        ("{tarball: 'https://h/a'}", "package-entry-invalid", "tarball", "`name`"),
        ("{tarball: 'https://h/a', name: ../a}", "package-entry-invalid", "name", "letters"),
    ],
)  # fmt: skip
def test_mistakes_of_an_entry(entry: str, code: str, key: str | None, hint: str | None) -> None:
    _, problems = read(f"packages:\n  - {{local: fine}}\n  - {entry}\n")
    [problem] = problems
    assert problem.code == code
    assert problem.span is not None
    assert problem.span.keys == ("packages", 1, *(() if key is None else (key,)))
    assert hint is None or hint in (problem.hint or "")
    assert "p@h" not in problem.message


@pytest.mark.parametrize(
    ("packages", "dependencies", "code"),
    [
        ("[a]", None, "packages-file-invalid"),
        ("packages: {a: b}", None, "packages-file-invalid"),
        ("projects: [{name: x}]", None, "packages-file-invalid"),
        (None, "projects: [x]", "packages-file-invalid"),
        (None, "projects: {name: x}", None),
        ("a: [", None, "yaml-invalid"),
        ("packages: [{local: a}]", "packages: [{local: a}]", "packages-declared-twice"),
        ("packages: [{local: \"{{ env_var('NO') }}\"}]", None, "env-var-not-found"),
        ("", "", None),
    ],
)
def test_mistakes_of_a_file(
    packages: str | None, dependencies: str | None, code: str | None
) -> None:
    _, problems = read(packages, dependencies)
    assert [problem.code for problem in problems] == ([] if code is None else [code])


def test_all_mistakes_are_told_at_once() -> None:
    _, problems = read("packages: [{package: a, version: x}, {git: a, zork: 1}, 3]")
    assert len(problems) == 4
