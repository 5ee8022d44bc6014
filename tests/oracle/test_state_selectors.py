"""What `state:` selects after one edit, by dbt-core and by upriver (deferral.md section 12)."""

from __future__ import annotations

import functools
from collections import Counter

import pytest
from tests.oracle.playing import Played, play_dbt, play_upriver
from tests.oracle.state_edits import PROJECT, Edit, edits, script

pytestmark = [pytest.mark.oracle, pytest.mark.xdist_group("oracle")]


@functools.cache
def dbt_played(*, has_flag: bool) -> Played:
    """What dbt-core selected after each edit."""
    return play_dbt(f"state-{has_flag}", PROJECT, script(has_flag=has_flag))


@pytest.fixture(scope="session")
def upriver_played(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Played]:
    """What upriver selected, with the flag that compares more unrendered values, and without."""
    return {
        has_flag: play_upriver(
            PROJECT, script(has_flag=has_flag), tmp_path_factory.mktemp(f"state-{has_flag}")
        )
        for has_flag in (False, True)
    }


CASES = [
    pytest.param((one, has_flag), id=f"{one.name}{', unrendered' if has_flag else ''}")
    for has_flag in (False, True)
    for one in edits(has_flag=has_flag)
]


@pytest.mark.parametrize("case", CASES)
def test_selection_after_an_edit(
    case: tuple[Edit, bool], upriver_played: dict[bool, Played], counts: Counter[str]
) -> None:
    edit, has_flag = case
    dbt, mine = dbt_played(has_flag=has_flag), upriver_played[has_flag]
    assert dbt.results[f"{edit.name}: parse"]["exit_code"] == 0
    theirs, ours = dbt.results[edit.name], mine.results[edit.name]
    assert {k: v for k, v in ours.items() if v != theirs[k]} == {
        k: v for k, v in theirs.items() if v != ours[k]
    }
    counts["selections by state"] += len(theirs)
