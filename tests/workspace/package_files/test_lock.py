"""The lock file is dbt's (PROJ-54). Hashes here are those dbt-core 1.11 writes."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.workspace.package_files.test_declared import read

from upriver.workspace.package_files.lock import LOCK_FILE, hash_of, lock_text, read_lock
from upriver.workspace.package_files.specs import (
    Lock,
    PinnedGit,
    PinnedHub,
    PinnedLocal,
    PinnedTarball,
)

ALL = """\
packages:
  - package: acme/two
    version: [">=0.1.0", "<0.2.0"]
  - package: acme/one
    version: 1.0.0
  - git: file:///tmp/dx/repos/g1
    revision: v1
  - local: ../locals/lp
"""
LOCKED = """\
packages:
  - name: two
    package: acme/two
    version: 0.1.0
  - git: file:///srv/{{ env_var('DBT_ENV_SECRET_T') }}.git
    name: g1
    revision: 464dea75353e1207237ed993c83b934ba1b7f3fb
    subdirectory: sub/inner
  - local: ../locals/lp
    name: lp
  - name: "on\\xE9"
    tarball: http://127.0.0.1:8123/tar/acme/one/1.0.0.tar.gz
sha1_hash: 6e32745e9d3f1e3cd4abfe09d5c79df0e2fa60f2
"""


@pytest.mark.parametrize(
    ("packages", "digest"),
    [
        (ALL, "6e32745e9d3f1e3cd4abfe09d5c79df0e2fa60f2"),
        ('packages: [{package: acme/pre, version: [">=0.5.0"], install_prerelease: true}]',
         "1aa1939366288d0531424c1d6adc953851a587d6"),
        ("packages: [{git: 'file:///tmp/dx/repos/g1', subdirectory: sub/inner}]",
         "825aa7ef33ced43ed481f9ec3026a154b3c20a35"),
        ("packages: [{git: 'file:///tmp/dx/repos/g1', name: foo}]",
         "1cb8eed448ee9fb437fa95c0cc5aa1e1865856c0"),
        ("packages: [{local: ../locals/lp, name: zzz}]",
         "f78cdd6b92ce6b7161667e8d70286b80222217e1"),
        ("packages: [{tarball: 'http://127.0.0.1:8123/tar/acme/one/1.0.0.tar.gz', name: one}]",
         "0f5e7e084239d7ad556edf48f610e2ed73eac43f"),
    ],
)  # fmt: skip
def test_hash_is_dbts(packages: str, digest: str) -> None:
    found, problems = read(packages)
    assert problems == ()
    assert hash_of(found.entries, {}) == digest


def test_hash_knows_what_an_expression_gives_and_how_it_is_written() -> None:
    url = "packages: [{git: \"file:///tmp/dx/repos/g1-{{ env_var('DBT_ENV_SECRET_T') }}.git\"}]"
    entries = read(url)[0].entries
    one, other = (hash_of(entries, {"DBT_ENV_SECRET_T": value}) for value in "ab")
    assert one != other
    plain = read("packages: [{git: 'file:///tmp/dx/repos/g1-a.git'}]")[0].entries
    assert hash_of(plain, {}) not in (one, other)


def test_text_and_back_is_the_same(tmp_path: Path) -> None:
    (tmp_path / LOCK_FILE).write_text(LOCKED)
    names = {"env_var": lambda _: "s3cret"}
    lock, problems = read_lock(tmp_path, names)
    assert problems == ()
    assert lock is not None
    assert [type(pinned) for pinned in lock.pinned] == [
        PinnedHub, PinnedGit, PinnedLocal, PinnedTarball,
    ]  # fmt: skip
    assert lock_text(lock) == LOCKED


def test_credentials_are_not_written_and_found_again(tmp_path: Path) -> None:
    written = "https://user:s3cret@host/a.git"
    pinned = PinnedGit(git=written, unrendered=written, revision="0" * 40, name="a")
    text = lock_text(Lock(pinned=(pinned,), sha1_hash="0"))
    assert "s3cret" not in text
    (tmp_path / LOCK_FILE).write_text(text)
    entries = read(f"packages: [{{git: '{written}'}}]")[0].entries
    lock, _ = read_lock(tmp_path, {}, entries)
    assert lock is not None
    [again] = lock.pinned
    assert isinstance(again, PinnedGit)
    assert again.git == written


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("nonsense", ["package-lock-invalid"]),
        ("{", ["yaml-invalid"]),
        ("packages: {a: b}", ["package-lock-invalid"]),
        ("packages: [{bogus: 1}]", ["package-lock-invalid"]),
        ("packages: [{package: a/b, version: 1.0.0, name: ../../x}]", ["package-lock-invalid"]),
        (
            f"packages: [{{git: a, revision: '{'0' * 40}', subdirectory: ../x, name: a}}]",
            ["package-lock-invalid"],
        ),
        ("", []),
    ],
)
def test_locks_that_cannot_be_used(tmp_path: Path, text: str, codes: list[str]) -> None:
    (tmp_path / LOCK_FILE).write_text(text)
    _, problems = read_lock(tmp_path, {})
    assert [problem.code for problem in problems] == codes
