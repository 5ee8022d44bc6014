"""Rules of `deferral: deny:` as they are written."""

from __future__ import annotations

from typing import Any

import pytest

from upriver.workspace.upriver_file.rules import DenyRule, read_rules


@pytest.mark.parametrize(
    ("written", "rule"),
    [
        ({"tag": "phi"}, DenyRule(name="rule 1", tag=("phi",))),
        ({"meta": "contains: phi"}, DenyRule(name="rule 1", meta={"contains": "phi"})),
        ({"meta": "secret"}, DenyRule(name="rule 1", meta={"secret": True})),
        (
            {"name": "a", "schema": ["x", "y_*"], "sources": True, "use": "m.{identifier}"},
            DenyRule(name="a", schema=("x", "y_*"), has_sources=True, use="m.{identifier}"),
        ),
        (
            {"select": "+tag:a", "column_meta": {"pii": True}, "targets": ["dev*"]},
            DenyRule(
                name="rule 1", select=("+tag:a",), column_meta={"pii": True}, targets=("dev*",)
            ),
        ),
    ],
)
def test_forms(written: dict[str, Any], rule: DenyRule) -> None:
    assert read_rules([written], "dev") == ((rule,), ())


def test_rules_hold_for_targets() -> None:
    written = [{"tag": "a", "targets": "ci_*"}, {"tag": "b"}]
    assert [rule.tag for rule in read_rules(written, "ci_7")[0]] == [("a",), ("b",)]
    assert [rule.tag for rule in read_rules(written, "dev")[0]] == [("b",)]
    assert [rule.tag for rule in read_rules(written, None)[0]] == [("b",)]


@pytest.mark.parametrize(
    "written",
    ["tag:phi", ["tag:phi"], [{}], [{"tag": 3}], [{"tag": "a", "uze": "b"}], [{"meta": [1]}],
     [{"tag": "a", "sources": "yes"}], [{"tag": "a", "use": 1}]],
)  # fmt: skip
def test_a_rule_that_is_not_understood_is_an_error(written: Any) -> None:
    rules, problems = read_rules(written, "dev")
    assert rules == ()
    assert [problem.severity for problem in problems] == ["error"] * len(problems) != []
