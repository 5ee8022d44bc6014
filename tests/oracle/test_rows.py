"""Row by row: what dbt-core and upriver make of each block of `rows/`."""

from __future__ import annotations

import functools
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from tests.oracle.comparing import sql
from tests.oracle.playing import Played, play_dbt, play_upriver
from tests.oracle.row_pages import page_names, read_page, script_of, write_page
from tests.oracle.row_scenes import wrong_in

pytestmark = [pytest.mark.oracle, pytest.mark.xdist_group("oracle")]

BLOCKS = [
    pytest.param(page, model, id=model)
    for page in page_names()
    for model in read_page(page).models
]
OPERATIONS = [
    pytest.param(page, macro, id=macro)
    for page in page_names()
    for macro in read_page(page).operations
]
REFUSED = [
    pytest.param(page, model, id=model)
    for page in page_names()
    for model in read_page(page).refused
]
SCENES = [
    pytest.param(page, scene, id=f"{page}-{scene}")
    for page in page_names()
    for scene in read_page(page).scenes
]


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rows")


@functools.cache
def _played(name: str, folder: Path) -> tuple[Played, Played]:
    page = read_page(name)
    project = write_page(page, folder / name)
    script = script_of(page)
    return play_dbt(f"rows-{name}", project, script), play_upriver(
        project, script, folder / f"{name}-out"
    )


def _row(played: Played, model: str) -> dict[str, Any]:
    row = played.rows("run").get(f"model.rows.{model}")
    assert row is not None, played.results["run"]["error"]
    return row


@pytest.mark.parametrize(("page", "model"), BLOCKS)
def test_compiles_to_the_same(page: str, model: str, folder: Path, counts: Counter[str]) -> None:
    theirs, ours = (_row(played, model) for played in _played(page, folder))
    mine, wanted = (row["compiled_code"] for row in (ours, theirs))
    # Either has no code of what failed while compiling.
    assert (mine is None) == (wanted is None), (theirs["message"], ours["message"])
    if wanted is not None:
        said = sql if model in read_page(page).loose else str.strip
        assert said(mine) == said(wanted)
    counts["rows of templates"] += 1


@pytest.mark.parametrize(("page", "macro"), OPERATIONS)
def test_operation_ends_the_same(
    page: str, macro: str, folder: Path, counts: Counter[str]
) -> None:
    theirs, ours = (played.results[macro] for played in _played(page, folder))
    assert ours["exit_code"] == theirs["exit_code"], (theirs["error"], ours["error"])
    counts["rows of operations"] += 1


@pytest.mark.parametrize(("page", "model"), REFUSED)
def test_both_refuse(page: str, model: str, folder: Path, counts: Counter[str]) -> None:
    theirs, ours = (played.results[model] for played in _played(page, folder))
    assert (theirs["exit_code"], ours["exit_code"]) == (2, 2), (theirs["error"], ours["error"])
    counts["rows refused"] += 1


@pytest.mark.parametrize(("page", "scene"), SCENES)
def test_commands_do_the_same(page: str, scene: str, folder: Path, counts: Counter[str]) -> None:
    theirs, ours = _played(page, folder)
    found = read_page(page).scenes[scene]
    wrong = wrong_in(found, theirs, ours)
    if wrong:
        pytest.fail("\n".join(wrong), pytrace=False)
    counts["rows of commands"] += len(found.checks)
