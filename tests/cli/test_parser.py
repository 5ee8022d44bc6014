from __future__ import annotations

from typing import Any

import pytest

from upriver.cli.parser import HelpAsked, UsageError, parse
from upriver.project.option_groups import GlobalOptions
from upriver.project.options import options_of
from upriver.project.requests import REQUESTS, Retry, Run, RunOperation


def test_options_stand_before_or_after_the_command() -> None:
    # CLI-1
    first = parse(["--target", "prod", "run", "-s", "a"])
    second = parse(["run", "-s", "a", "--target", "prod"])
    assert first == second
    assert first.request.options.target == "prod"


def test_the_same_option_in_both_places_is_refused() -> None:
    with pytest.raises(UsageError, match="both before and after"):
        parse(["--state", "a", "run", "--state", "b"])


def test_several_words_and_repetition() -> None:
    # CLI-5, SEL-7
    request = parse(["run", "-s", "a", "b+", "--exclude", "c", "--select", "d"]).request
    assert isinstance(request, Run)
    assert request.selecting.select == ("a", "b+", "d")
    assert request.selecting.exclude == ("c",)


@pytest.mark.parametrize(
    ("args", "field", "value"),
    [
        (["run", "--defer"], "defer", True),
        (["run", "--no-defer"], "defer", False),
        (["run"], "defer", None),
        (["run", "--vars", "{a: 1, b: [x]}"], "vars", {"a": 1, "b": ["x"]}),
        (["run", "--vars", ""], "vars", {}),
        (["run", "--threads", "4"], "threads", 4),
        (["-q", "run"], "quiet", True),
        (
            ["run", "--warn-error-options", '{"error": "all"}'],
            "warn_error_options",
            {"error": "all"},
        ),
    ],
)
def test_global_options(args: list[str], field: str, value: Any) -> None:
    assert getattr(parse(args).request.options, field) == value


def test_run_operation_takes_a_macro_and_arguments() -> None:
    request = parse(["run-operation", "grant_all", "--args", "{role: x}"]).request
    assert isinstance(request, RunOperation)
    assert (request.macro, request.args) == ("grant_all", {"role": "x"})


def test_aliases() -> None:
    assert parse(["list", "-m", "x"]).command == "ls"
    assert isinstance(parse(["retry"]).request, Retry)


@pytest.mark.parametrize(
    ("args", "text"),
    [
        (["run", "--vars", "[1]"], "mapping"),
        (["run", "--vars", "{a: "], "not YAML"),
        (["run", "--threads", "many"], "whole number"),
        (["run", "--nope"], "There is no option `--nope`"),
        (["run", "orders"], "`orders` is one argument too many"),
        (["run", "--target"], "`--target` needs a value"),
        (["run", "--indirect-selection", "lazy"], "`--indirect-selection lazy` is none of: eager"),
        (["run", "--warn-error", "--warn-error-options", "{}"], "exclude each other"),
        (["compile", "--inline", "select 1", "-s", "a"], "--inline"),
        (["run-operation"], "MACRO"),
        (["biuld"], "No such command"),
        (["docs", "generat"], "No such command `docs generat`"),
        # Abbreviations are not options.
        (["run", "--sel", "a"], "no option `--sel`"),
    ],
)
def test_mistakes(args: list[str], text: str) -> None:
    with pytest.raises(UsageError, match=text):
        parse(args)


def test_the_nearest_command_is_named() -> None:
    with pytest.raises(UsageError) as caught:
        parse(["biuld"])
    assert caught.value.hint == "Did you mean `build`?"


def test_the_nearest_option_is_named() -> None:
    for args in (["run", "--selct", "x"], ["--targte", "dev", "run"], ["ls", "--favour-state"]):
        with pytest.raises(UsageError) as caught:
            parse(args)
        assert (caught.value.hint or "").startswith("Did you mean `--")


def test_version_names_the_dbt_that_is_matched() -> None:
    # CLI-8
    with pytest.raises(HelpAsked, match=r"installed: 1\.11"):
        parse(["--version"])


@pytest.mark.parametrize("command", sorted(REQUESTS))
def test_help_names_every_option(command: str) -> None:
    with pytest.raises(HelpAsked) as asked:
        parse([command, "--help"])
    shown = (*options_of(REQUESTS[command]), *options_of(GlobalOptions))
    for option in shown:
        if option.flags and not option.is_hidden:
            assert option.flags[0] in asked.value.text


def test_no_command_shows_the_overview() -> None:
    for args in ([], ["--help"], ["-h"]):
        with pytest.raises(HelpAsked, match="upriver COMMAND --help"):
            parse(args)
