from __future__ import annotations

from typing import Any

import pytest

from upriver.problems import Problem
from upriver.project.warnings import settle

WARNING = Problem(
    code="selector-no-match",
    severity="warning",
    message="x",
    event="NoNodesForSelectionCriteria",
)
DEPRECATION = Problem(code="old", severity="warning", message="y", event="OldNameDeprecation")


@pytest.mark.parametrize(
    ("problem", "options", "expected"),
    [
        # CLI-40
        (WARNING, {}, "warning"),
        (WARNING, {"error": "all"}, "error"),
        (WARNING, {"error": ["*"]}, "error"),
        (WARNING, {"include": ["NoNodesForSelectionCriteria"]}, "error"),
        (WARNING, {"error": "all", "warn": ["NoNodesForSelectionCriteria"]}, "warning"),
        (WARNING, {"error": "all", "exclude": ["NoNodesForSelectionCriteria"]}, "warning"),
        (WARNING, {"silence": ["NoNodesForSelectionCriteria"]}, None),
        (DEPRECATION, {"error": ["Deprecations"]}, "error"),
        (DEPRECATION, {"error": ["Deprecations"], "warn": ["OldNameDeprecation"]}, "warning"),
        (DEPRECATION, {"error": "all", "silence": ["Deprecations"]}, None),
        (WARNING, {"silence": ["Deprecations"]}, "warning"),
    ],
)
def test_options(problem: Problem, options: dict[str, Any], expected: str | None) -> None:
    settled = settle((problem,), is_warn_error=False, options=options)
    assert [p.severity for p in settled] == ([] if expected is None else [expected])


def test_warn_error_escalates_everything() -> None:
    settled = settle((WARNING, DEPRECATION), is_warn_error=True, options={})
    assert {p.severity for p in settled} == {"error"}
