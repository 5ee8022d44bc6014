from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from tests.cli.shop_project import Shop, command

from upriver.cli.main import BROKEN_PIPE


@pytest.mark.parametrize(("args", "text"), [(["--version"], "installed: 1.11"), ([], "Commands:")])
def test_help_and_version_need_no_project(tmp_path: Path, args: list[str], text: str) -> None:
    done = subprocess.run(
        command(*args), cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert text in done.stdout


def test_a_reader_that_leaves_early_is_no_error_to_explain(tmp_path: Path) -> None:
    shop = Shop(tmp_path, {f"models/m{number}.sql": "select 1 as id" for number in range(20)})
    with subprocess.Popen(
        command("ls"), cwd=tmp_path, env=shop.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        said = process.stderr.read().decode()
    assert process.returncode == BROKEN_PIPE
    assert "Traceback" not in said
    assert "BrokenPipeError" not in said
