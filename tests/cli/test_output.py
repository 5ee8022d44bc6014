"""Which stream is written to: data to one, messages to the other, where a script reads."""

from __future__ import annotations

import json

import pytest
from tests.cli.shop_project import Shop


@pytest.mark.parametrize(
    ("args", "out"),
    [
        (("ls", "-s", "orders"), "shop.orders\n"),
        (("ls", "-s", "nothing"), ""),
        (
            ("compile", "-s", "orders"),
            'Compiled node \'orders\' is:\nselect id, customer from "shop"."dev"."raw"\n',
        ),
        (("show", "--inline", "select 1 as a"), "Previewing inline node:\n| a |\n| - |\n| 1 |\n"),
        (("compile",), ""),
    ],
)
def test_data_commands_keep_messages_off_standard_output(
    shop: Shop, args: tuple[str, ...], out: str
) -> None:
    said = shop(*args)
    assert said.exit_code == 0
    assert said.out == out
    assert "Running with dbt=" in said.err


def test_plan_as_json_is_nothing_but_json(shop: Shop) -> None:
    assert json.loads(shop("plan", "--output", "json").out)["command"] == "run"


def test_quiet_leaves_errors_and_data(shop: Shop) -> None:
    # CLI-29, CLI-109
    assert shop("-q", "ls", "-s", "orders").err == ""
    assert shop("-q", "compile", "-s", "orders").out.startswith("select")
    assert shop("ls", "-s", "orders", DBT_QUIET="1").err == ""
    failed = shop("-q", "run", "-s", "orders")
    assert failed.exit_code == 1
    assert "Failure in model orders" in failed.out


def test_commands_that_do_something_tell_it_on_standard_output(shop: Shop) -> None:
    said = shop("seed")
    assert said.err == ""
    assert "Done. PASS=1" in said.out


def test_the_environment_chooses_the_format(shop: Shop) -> None:
    # CLI-3
    assert shop("seed", DBT_LOG_FORMAT="json").events
    assert shop("seed", DBT_ENGINE_LOG_FORMAT="json", DBT_LOG_FORMAT="text").events


@pytest.mark.parametrize(
    ("env", "is_shown"),
    [({}, True), ({"DBT_PRINT": "0"}, False), ({"DBT_NO_PRINT": "1"}, False)],
)
def test_prints_and_the_environment(shop: Shop, env: dict[str, str], is_shown: bool) -> None:  # noqa: FBT001
    assert ("hello x" in shop("run-operation", "hello", **env).out) is is_shown
