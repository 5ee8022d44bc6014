"""An open project from Python."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from tests.cli.shop_project import Shop

import upriver
from upriver.problems import ProblemsError
from upriver.project.events import ProjectLoaded
from upriver.project.open import Project
from upriver.project.option_groups import GlobalOptions, Selecting
from upriver.project.outcome import ExitCode, Outcome
from upriver.project.requests import Build, List, Run
from upriver.run.events import StepFinished


def open_shop(shop: Shop, **options: Any) -> Project:
    return upriver.open_project(shop.root, env=shop.env, **options)


def test_verbs_give_typed_results(shop: Shop) -> None:
    project = open_shop(shop)
    outcome = project.perform(Build())
    assert outcome.is_success
    assert outcome.report is not None
    assert {r.unique_id for r in outcome.report.results} >= {"model.shop.orders", "seed.shop.raw"}
    listed = project.perform(List(selecting=Selecting(select=("orders",))))
    assert listed.data == ["shop.orders"]


def test_the_graph(shop: Shop) -> None:
    graph = open_shop(shop).graph()
    assert graph.parents["model.shop.customers"] == ("model.shop.orders",)


def test_what_is_wrong_is_in_the_outcome(shop: Shop) -> None:
    shop.write({"models/bad.sql": "select * from {{ ref('ordrs') }}"})
    project = open_shop(shop)
    outcome = project.perform(Run())
    assert outcome.exit_code is ExitCode.ERROR
    assert [problem.code for problem in outcome.problems] == ["ref-not-found"]
    assert outcome.problems[0].hint == "Did you mean `orders`?"
    with pytest.raises(ProblemsError):
        project.graph()


def test_a_request_may_have_options_of_its_own(shop: Shop) -> None:
    project = open_shop(shop, target="dev", threads=1)
    project.perform(Build(options=GlobalOptions(target="prod")))
    assert shop.rows("select count(*) from prod.orders") == [(3,)]
    assert shop.rows(
        "select count(*) from information_schema.schemata where schema_name = 'dev'"
    ) == [(0,)]


def test_unknown_options_are_refused(shop: Shop) -> None:
    with pytest.raises(TypeError):
        open_shop(shop, tragt="dev")


def test_two_targets_at_once_in_one_process(shop: Shop) -> None:
    # Invariant 9: nothing is global.
    seen: dict[str, list[object]] = {"dev": [], "prod": []}
    outcomes: dict[str, Outcome] = {}
    barrier = threading.Barrier(2)

    def build(target: str) -> None:
        barrier.wait()
        project = open_shop(
            shop, target=target, target_path=f"target-{target}", log_path=f"logs-{target}",
            listener=seen[target].append,
        )  # fmt: skip
        outcomes[target] = project.perform(Build())

    threads = [threading.Thread(target=build, args=(target,)) for target in seen]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for target, events in seen.items():
        assert outcomes[target].is_success, outcomes[target]
        assert shop.rows(f"select count(*) from {target}.customers") == [(2,)]
        assert sum(isinstance(event, ProjectLoaded) for event in events) == 1
        relations = {e.result.relation_name for e in events if isinstance(e, StepFinished)}
        assert f'"shop"."{target}"."orders"' in relations
