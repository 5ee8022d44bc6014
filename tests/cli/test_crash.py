"""A defect of upriver: a short message, the details in a file, exit code 2."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.shop_project import Shop

from upriver.cli.crash import crash_problem
from upriver.project import perform


def fail(_request: object, _caller: object) -> None:
    raise KeyError("hunter22")


def broken_verb(_kind: object) -> object:
    return fail


def test_the_user_gets_a_message_and_the_file(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(perform, "verb_of", broken_verb)
    said = shop("run", DBT_ENV_SECRET_X="hunter22")  # noqa: S106
    assert said.exit_code == 2
    assert isinstance(said.result.exception, KeyError)
    assert "Traceback" not in said.out
    assert "upriver failed unexpectedly: KeyError: '*****'" in said.out
    path = Path(said.out.rpartition("the details are in `")[2].partition("`")[0])
    text = path.read_text()
    path.unlink()
    assert "Traceback (most recent call last)" in text
    assert "upriver run" in text
    assert "hunter22" not in text


def test_it_is_written_to_the_log_directory_where_that_is_known(tmp_path: Path) -> None:
    problem = crash_problem(ValueError("x"), ("run",), str(tmp_path / "logs"), str)
    (path,) = (tmp_path / "logs").iterdir()
    assert str(path) in (problem.hint or "")


def test_it_is_written_elsewhere_where_that_is_impossible(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file")
    problem = crash_problem(ValueError("x"), ("run",), str(tmp_path / "logs"), str)
    path = Path((problem.hint or "").partition("`")[2].partition("`")[0])
    assert "ValueError: x" in path.read_text()
    path.unlink()
