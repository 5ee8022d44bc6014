"""dbt's own functional tests: what passes with dbt passes with upriver, but for known reasons."""

from __future__ import annotations

from collections import Counter

import pytest
from tests.oracle.functional.play import (
    compared,
    directories,
    lacking,
    outdated,
    play,
    read_record,
    read_report,
    unexplained,
)

_REPORT = """\
<testsuites><testsuite>
<testcase classname="tests.functional.basic.test_a.TestA" name="test_one" />
<testcase classname="tests.functional.basic.test_a.TestA" name="test_two[x]">
  <failure message="no" /></testcase>
<testcase classname="tests.functional.basic.test_a.TestA" name="test_two[y]" />
<testcase classname="tests.functional.basic.test_a.TestA" name="test_two[y]">
  <error message="while tearing down" /></testcase>
<testcase classname="tests.functional.basic.test_b" name="test_three"><skipped /></testcase>
</testsuite></testsuites>
"""


@pytest.mark.oracle
@pytest.mark.xdist_group("oracle-functional")
@pytest.mark.parametrize("directory", directories())
def test_directory(directory: str, counts: Counter[str]) -> None:
    reason = lacking()
    if reason is not None:
        pytest.skip(reason)
    played, record = play(directory), read_record(directory)
    counts["functional tests of dbt"] += len(played.both)
    assert not unexplained(played, record)
    assert not outdated(played, record)


def test_a_report_gives_the_worst_outcome_of_each_test() -> None:
    assert read_report(_REPORT, "basic") == {
        "test_a.TestA.test_one": "passed",
        "test_a.TestA.test_two[x]": "failed",
        "test_a.TestA.test_two[y]": "failed",
        "test_b.test_three": "skipped",
    }


def test_tests_are_sorted_by_where_they_pass() -> None:
    dbt = {"a": "passed", "b": "passed", "c": "failed", "d": "failed", "e": "skipped"}
    played = compared(dbt, {"a": "passed", "b": "failed", "c": "passed", "d": "failed"})
    assert played == (["a"], ["b"], ["c"], ["d"])


@pytest.mark.parametrize("directory", directories())
def test_every_reason_is_a_sentence(directory: str) -> None:
    for reasons in read_record(directory).reasons.values():
        assert all(why.strip() for why in reasons.values())
