"""The demo, as it runs for somebody who sees upriver for the first time."""

from __future__ import annotations

import io
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

from upriver.cli.demo import DATA_PACKAGE
from upriver.cli.invoke import invoke

pytestmark = pytest.mark.skipif(find_spec(DATA_PACKAGE) is None, reason="needs the demo's data")


def play(folder: Path, *args: str) -> tuple[int, str]:
    out = io.StringIO()
    result = invoke(["demo", *args], env={}, cwd=str(folder), stdout=out, stderr=out)
    return result.exit_code, out.getvalue()


def test_it_plays_to_the_end_twice(tmp_path: Path) -> None:
    begun = time.monotonic()
    for _ in range(2):
        code, said = play(tmp_path)
        assert code == 0, said
        assert "Deferred 2 of 2 references to prod-state" in said
        assert "34 of 35 rows differ" in said
        assert "7. Try next" in said
        assert "Traceback" not in said
        assert "warning" not in said
        assert "\033[" not in said
    assert time.monotonic() - begun < 30
    assert (tmp_path / "upriver-demo" / "flights.duckdb").is_file()
    assert (tmp_path / "upriver-demo" / ".gitignore").is_file()


def test_what_it_suggests_works(tmp_path: Path) -> None:
    assert play(tmp_path, "here")[0] == 0
    said = play(tmp_path, "here")[1]
    for line in said.partition("7. Try next")[2].splitlines():
        words = line.partition("#")[0].split()
        if words[:1] == ["upriver"]:
            out = io.StringIO()
            result = invoke(words[1:], env={}, cwd=str(tmp_path / "here"), stdout=out, stderr=out)
            assert result.exit_code == 0, (line, out.getvalue())


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    code, said = play(tmp_path, "mine")
    assert code == 2
    assert "demo-folder" in said
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["letter.txt"]
