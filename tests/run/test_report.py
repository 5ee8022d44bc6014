"""What a run amounts to (CLI-11)."""

import pytest

from upriver.run.events import StepResult
from upriver.run.report import Report


def result(status, unique_id="model.p.a"):
    return StepResult(unique_id=unique_id, action="run", status=status)


@pytest.mark.parametrize(
    ("statuses", "is_success"),
    [
        ([], True),
        (["success", "pass", "warn", "no-op"], True),
        (["success", "error"], False),
        (["fail"], False),
        (["partial success"], False),
        (["runtime error"], False),
        (["skipped"], False),
    ],
)
def test_success(statuses, is_success):
    assert Report(results=tuple(map(result, statuses))).is_success is is_success


def test_a_skipped_exposure_is_no_failure():
    assert Report(results=(result("skipped", "exposure.p.e"),)).is_success


def test_an_interrupted_run_is_no_success():
    assert not Report(results=(result("success"),), is_interrupted=True).is_success
