"""Exit codes (CLI-10..13)."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from tests.cli.shop_project import Shop, command

BROKEN_SNAPSHOT = (
    "{% snapshot s %}{{ config(unique_key='id', strategy='check', check_cols='all') }}"
    " select nope{% endsnapshot %}"
)
BROKEN = {"models/bad.sql": "select nope"}
ANY_SHOP = [("seed",), ("run", "-s", "nothing"), ("ls",), ("parse",), ("debug",), ("clean",)]


@pytest.mark.parametrize("args", ANY_SHOP)
def test_success_is_0(shop: Shop, args: tuple[str, ...]) -> None:
    # CLI-10
    assert shop(*args).exit_code == 0


def test_warnings_are_success(shop: Shop) -> None:
    # CLI-10
    shop.write({"tests/t.sql": "{{ config(severity='warn') }} select 1 as id"})
    assert shop("test", "-s", "t").exit_code == 0


@pytest.mark.parametrize(
    ("files", "args"),
    [
        (BROKEN, ("run", "-s", "bad")),
        (BROKEN, ("build",)),
        ({"tests/t.sql": "select 1 as id"}, ("test", "-s", "t")),
        (
            {"tests/t.sql": "{{ config(severity='warn') }} select 1 as id"},
            ("test", "-s", "t", "--warn-error"),
        ),
        (
            {"seeds/bad.csv": "a,b\n1,2\n", "models/x.sql": "select 1 as id"},
            ("run-operation", "boom"),
        ),
        ({"snapshots/s.sql": BROKEN_SNAPSHOT}, ("snapshot",)),
    ],
)
def test_a_failure_while_executing_is_1(
    shop: Shop, files: dict[str, str], args: tuple[str, ...]
) -> None:
    # CLI-11, CLI-13
    shop.write(files)
    assert shop(*args).exit_code == 1


def test_debug_with_a_failing_check_is_1(shop: Shop) -> None:
    # CLI-11
    assert shop("debug", "--target", "nowhere").exit_code == 1


@pytest.mark.parametrize(
    ("files", "args"),
    [
        ({"models/bad.sql": "select {{ "}, ("run",)),
        ({"models/bad.sql": "select * from {{ ref('nothing') }}"}, ("ls",)),
        ({"models/bad.yml": "models: ["}, ("parse",)),
        ({"dbt_project.yml": "name: ["}, ("run",)),
        ({"profiles.yml": "other: {}"}, ("run",)),
        ({}, ("run", "--target", "nowhere")),
        ({}, ("run", "--profile", "nobody")),
        ({}, ("run", "--project-dir", "nowhere")),
        ({}, ("run", "-s", "nope:x")),
        ({}, ("ls", "--selector", "nope")),
        ({}, ("run", "-s", "state:modified")),
        ({}, ("run", "--defer")),
        ({}, ("clone",)),
        ({}, ("retry",)),
        ({}, ("run", "--no-such-flag")),
        ({}, ("nosuchcommand",)),
        ({}, ("run-operation", "nosuchmacro")),
        ({}, ("show",)),
        (BROKEN, ("show", "-s", "bad")),
        (
            {"models/bad.sql": "{{ exceptions.raise_compiler_error('x') if execute }}"},
            ("compile",),
        ),
        ({}, ("compile", "--inline", "{{ nope() }}")),
        ({"models/a.yml": "models: [{name: nothing}]"}, ("parse", "--warn-error")),
    ],
)
def test_nothing_executed_is_2_and_says_why(
    shop: Shop, files: dict[str, str], args: tuple[str, ...]
) -> None:
    # CLI-12, CLI-13
    shop.write(files)
    said = shop(*args)
    assert said.exit_code == 2
    assert "rror" in said.out + said.err
    assert "Traceback" not in said.out + said.err


def test_the_process_ends_with_the_code(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    for args, code in ((["ls", "-q"], 0), (["run", "-q"], 1), (["run", "--bogus"], 2)):
        done = subprocess.run(
            command(*args), cwd=tmp_path, env=shop.env, capture_output=True, check=False
        )
        assert done.returncode == code
