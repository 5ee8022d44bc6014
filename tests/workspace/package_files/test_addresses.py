"""Addresses are shown and kept without credentials."""

from __future__ import annotations

import pytest

from upriver.workspace.package_files.addresses import (
    has_credentials,
    plain_git,
    shown,
    without_credentials,
)
from upriver.workspace.secrets import placeholder


@pytest.mark.parametrize(
    ("address", "seen", "kept"),
    [
        ("https://host/a.git", "https://host/a.git", "https://host/a.git"),
        ("https://user:pw@host/a", "https://*****@host/a", "https://host/a"),
        ("https://token@host/a", "https://*****@host/a", "https://host/a"),
        ("git@host:org/a.git", "git@host:org/a.git", "git@host:org/a.git"),
        ("ssh://git@host/a", "ssh://git@host/a", "ssh://git@host/a"),
        ("ssh://git:pw@host/a", "ssh://git:*****@host/a", "ssh://git@host/a"),
        ("https://h/a?token=x&b=1", "https://h/a?token=*****&b=1", "https://h/a?token=*****&b=1"),
        ("https://h/a?X-Amz-Signature=x", "https://h/a?X-Amz-Signature=*****",
         "https://h/a?X-Amz-Signature=*****"),
        ("../here", "../here", "../here"),
    ],
)  # fmt: skip
def test_credentials(address: str, seen: str, kept: str) -> None:
    assert shown(address) == seen
    assert without_credentials(address) == kept
    assert has_credentials(address) is (kept != address)


def test_secrets_are_not_shown_and_expressions_are_kept() -> None:
    assert shown(f"https://{placeholder('DBT_ENV_SECRET_A')}@h") == "https://*****@h"
    assert shown("from s3cret to", {"DBT_ENV_SECRET_A": "s3cret"}) == "from ***** to"
    written = "https://{{ env_var('DBT_ENV_SECRET_A') }}@h/a.git"
    assert without_credentials(written) == written
    assert not has_credentials(written)


def test_spellings_of_one_repository() -> None:
    spellings = ("https://h/a", "https://h/a.git", "https://h/a/", "https://u:p@h/a.git")
    assert {plain_git(spelling) for spelling in spellings} == {"https://h/a"}
