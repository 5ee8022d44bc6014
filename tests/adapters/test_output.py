"""Reading an output of `profiles.yml`."""

from __future__ import annotations

from typing import Any

import pytest

from upriver.adapters.output import Field, Where, read_output

FIELDS = {
    "host": Field(is_required=True),
    "port": Field(kind="integer", default=1),
    "keep": Field(kind="boolean", default=True),
    "attach": Field(kind="list"),
    "settings": Field(kind="mapping"),
    "anything": Field(kind="any"),
}
WHERE = Where(profile="shop", target="dev")


@pytest.mark.parametrize(
    ("key", "raw", "value"),
    [
        ("host", "h", "h"),
        ("host", 5, "5"),
        ("port", "5432", 5432),
        ("port", 5432, 5432),
        ("keep", "False", False),
        ("keep", False, False),
        ("attach", (1, 2), [1, 2]),
        ("settings", {"a": 1}, {"a": 1}),
        ("anything", object, object),
    ],
)
def test_a_value_is_taken_for_what_it_means(key: str, raw: Any, value: Any):
    values, problems = read_output({"host": "x", key: raw}, FIELDS, {}, WHERE)
    assert values[key] == value
    assert problems == ()


@pytest.mark.parametrize(
    ("key", "raw"), [("host", True), ("port", "a"), ("port", True), ("keep", 1), ("attach", "a"),
                     ("settings", [])],
)  # fmt: skip
def test_a_wrong_type_is_a_problem_that_does_not_show_the_value(key: str, raw: Any):
    values, problems = read_output({"host": "x", key: raw}, FIELDS, {}, WHERE)
    assert [problem.code for problem in problems] == ["credential-invalid"]
    assert values[key] == FIELDS[key].default
    assert f"`{key}` in target `dev` of profile `shop` must be" in problems[0].message
    assert problems[0].span is not None
    assert problems[0].span.keys == ("shop", "outputs", "dev", key)


def test_every_mistake_is_reported_at_once():
    output = {"hots": "h", "port": "x", "keep": "maybe", "server": "s", "srv": "s"}
    _, problems = read_output(output, FIELDS, {"srv": "server"}, WHERE)
    assert [problem.code for problem in problems] == [
        "credential-duplicate",
        "credential-missing",
        "credential-invalid",
        "credential-invalid",
    ]
    assert problems[1].hint == "`hots` is not a key; write `host`"


def test_a_missing_key_without_a_likely_misspelling_is_to_be_added():
    _, problems = read_output({}, FIELDS, {}, WHERE)
    assert [problem.hint for problem in problems] == ["add `host` to the output"]
