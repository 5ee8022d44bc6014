from __future__ import annotations

import pytest
from tests.cli.shop_project import Shop

from upriver.project.perform import verb_of
from upriver.project.requests import REQUESTS, Demo, Serve, WorkerOnly
from upriver.run.stop import Stop


def test_every_request_has_its_verb() -> None:
    for kind in REQUESTS.values():
        # These three are carried out by the rooms above this one.
        if kind not in (Demo, Serve, WorkerOnly):
            assert callable(verb_of(kind))


@pytest.mark.parametrize("args", [("parse",), ("run", "-s", "orders"), ("seed",)])
def test_a_target_that_is_no_directory_stops_before_anything_runs(
    shop: Shop, args: tuple[str, ...]
) -> None:
    shop.write({"target": "a file"})
    said = shop(*args)
    assert said.exit_code == 2
    assert "error[file-inaccessible]" in said.out
    assert "START" not in said.out


def test_a_target_is_not_needed_for_reading(shop: Shop) -> None:
    shop.write({"target": "a file"})
    assert shop("ls", "-q", "-s", "orders").out == "shop.orders\n"
    assert shop("seed", "--no-write-json").exit_code == 0


def test_a_stop_before_anything_was_executed(shop: Shop) -> None:
    from upriver.cli.invoke import invoke  # with a request to stop, which no other test needs

    stop = Stop()
    stop.request()
    result = invoke(["seed", "-q"], env=shop.env, cwd=str(shop.root), stop=stop)
    assert result.exit_code == 1
    assert result.outcome is not None
    assert [problem.code for problem in result.outcome.problems] == ["interrupted"]
    assert not (shop.root / "target" / "run_results.json").exists()
