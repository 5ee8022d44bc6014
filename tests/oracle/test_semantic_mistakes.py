"""Mistakes in a semantic layer: what dbt-core refuses is refused, and nothing else."""

from __future__ import annotations

import pytest
from tests.graph.semantic.test_checks import GOOD, MISTAKES
from tests.oracle.playing import HERE, Played, Script, play_dbt, play_upriver

pytestmark = [pytest.mark.oracle, pytest.mark.xdist_group("oracle")]

PROJECT = HERE / "projects" / "mistakes"
TEXTS = {
    "good": GOOD,
    **{f"{right} > {wrong}": GOOD.replace(right, wrong) for right, wrong, _ in MISTAKES},
}
SCRIPT: Script = [
    step
    for number, text in enumerate(TEXTS.values())
    for step in (
        {"name": f"write {number}", "write": {"models/semantic.yml": text}},
        {"name": f"parse {number}", "run": ["parse", "--no-partial-parse"]},
    )
]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Played, Played]:
    out = tmp_path_factory.mktemp("mistakes")
    return play_dbt("mistakes", PROJECT, SCRIPT), play_upriver(PROJECT, SCRIPT, out)


@pytest.mark.parametrize("number", range(len(TEXTS)), ids=list(TEXTS))
def test_mistake(played: tuple[Played, Played], number: int) -> None:
    dbt, ours = (one.results[f"parse {number}"] for one in played)
    assert bool(dbt["exit_code"]) == bool(ours["exit_code"]), (dbt["error"], ours["error"])
