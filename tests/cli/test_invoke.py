"""One invocation from Python (CLI-136..142)."""

from __future__ import annotations

import io
import threading
from pathlib import Path
from typing import Any

import pytest
from tests.cli.shop_project import Shop

import upriver
from upriver.project.events import Opened, Planned, ProblemFound, ProjectLoaded
from upriver.run.events import RunFinished, RunStarted, StepFinished, StepStarted


def test_results_are_typed(shop: Shop) -> None:
    # CLI-138, CLI-142
    result = shop("build").result
    assert result.success
    assert [row.status for row in result.result.results] == [
        "success",
        "success",
        "success",
        "pass",
        "no-op",
    ]
    assert shop("ls", "-s", "orders").result.result == ["shop.orders"]
    shown = shop("show", "--inline", "select 1 as a").result
    assert shown.outcome is not None
    assert shown.outcome.report is not None
    assert shown.outcome.report.results[0].rows == ((1,),)


def test_problems_are_values_and_nothing_is_raised(shop: Shop) -> None:
    # CLI-139
    result = shop("run", "-s", "nope:x").result
    assert (result.success, result.exit_code, result.exception) == (False, 2, None)
    assert result.outcome is not None
    assert result.outcome.problems[0].code == "selector-method-unknown"
    usage = shop("run", "--nope").result
    assert "no option `--nope`" in str(usage.exception)
    assert usage.result is None


def test_callbacks_get_every_event(shop: Shop) -> None:
    # CLI-140
    events: list[object] = []
    out = io.StringIO()
    upriver.invoke(
        ["seed"],
        callbacks=[events.append],
        env=shop.env,
        cwd=str(shop.root),
        stdout=out,
        stderr=out,
    )
    kinds = [type(event) for event in events if not isinstance(event, ProblemFound)]
    assert kinds[:3] == [Opened, ProjectLoaded, Planned]
    assert [
        kind for kind in kinds if kind in (RunStarted, StepStarted, StepFinished, RunFinished)
    ] == [
        RunStarted,
        StepStarted,
        StepFinished,
        RunFinished,
    ]


def test_two_invocations_at_once_do_not_mix(tmp_path: Path) -> None:
    shops = []
    for number in range(2):
        (tmp_path / str(number)).mkdir()
        shop = Shop(tmp_path / str(number))
        shop.write({f"models/only_{number}.sql": f"select {number} as n"})
        shops.append(shop)
    said = {}

    def run(number: int) -> None:
        said[number] = shops[number]("build")

    threads = [threading.Thread(target=run, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number in range(2):
        assert said[number].exit_code == 0
        assert shops[number].rows(f"select n from dev.only_{number}") == [(number,)]
        assert f"only_{1 - number}" not in said[number].out


def test_options_may_be_given_as_values(shop: Shop) -> None:
    # CLI-137
    done = upriver.invoke(
        ["ls"], env=shop.env, cwd=str(shop.root), stdout=io.StringIO(), select=["customers"],
        vars={"a": 1}, output="name", resource_types="model", quiet=True,
    )  # fmt: skip
    assert done.outcome is not None
    assert done.outcome.lines == ("customers",)
    both = upriver.invoke(
        ["run", "-s", "nothing"], env=shop.env, cwd=str(shop.root), stdout=io.StringIO(),
        select="customers", defer=True,
    )  # fmt: skip
    assert both.outcome is not None
    assert [p.code for p in both.outcome.problems] == ["state-required"]


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ({"selct": ["a"]}, "`ls` has no option `selct`"),
        ({"output": "xml"}, "`output`: `xml` is none of"),
        ({"vars": "[1]"}, "`vars`: expected a YAML mapping"),
        ({"full_refresh": True}, "`ls` has no option `full_refresh`"),
    ],
)
def test_values_that_are_no_options(shop: Shop, flags: dict[str, Any], said: str) -> None:
    err = io.StringIO()
    done = upriver.invoke(["ls"], env=shop.env, cwd=str(shop.root), stderr=err, **flags)
    assert done.exit_code == 2
    assert said in err.getvalue()
