from __future__ import annotations

import json
from typing import Any

import pytest
from tests.cli.shop_project import Shop

from upriver.problems import ProblemsError
from upriver.project.option_groups import GlobalOptions
from upriver.project.requests import Build, Retry, RunOperation
from upriver.project.retry import read_previous

BAD = {"models/bad.sql": "select nope from {{ ref('orders') }}"}


@pytest.fixture
def failed(shop: Shop) -> Shop:
    """A build of which one model failed and two steps were skipped."""
    shop.write({**BAD, "models/below.sql": "select * from {{ ref('bad') }}"})
    assert shop("build", "--vars", "{a: 1}", "--threads", "2").exit_code == 1
    return shop


def test_only_what_failed_or_was_skipped_runs_again(failed: Shop) -> None:
    # CLI-124
    failed.write({"models/bad.sql": "select id from {{ ref('orders') }}"})
    assert failed("retry").exit_code == 0
    assert failed.statuses() == {"model.shop.bad": "success", "model.shop.below": "success"}
    args = failed.run_results()["args"]
    assert (args["which"], args["vars"], args["threads"]) == ("build", {"a": 1}, 2)


def test_retries_can_be_retried(failed: Shop) -> None:
    assert failed("retry").exit_code == 1
    failed.write({"models/bad.sql": "select id from {{ ref('orders') }}"})
    assert failed("retry").exit_code == 0


def test_documentation_is_written_again_as_a_whole(shop: Shop) -> None:
    shop.write({"models/bad.sql": "select {{ nothing() if execute }} as id"})
    assert shop("docs", "generate", "--empty-catalog").exit_code != 0
    assert not (shop.root / "target" / "catalog.json").exists()
    shop.write({"models/bad.sql": "select 1 as id"})
    assert shop("retry").exit_code == 0
    catalog = json.loads((shop.root / "target" / "catalog.json").read_bytes())
    assert catalog["nodes"] == {}
    assert (shop.root / "target" / "index.html").exists()


def test_nothing_failed_nothing_to_do(shop: Shop) -> None:
    shop("seed")
    said = shop("retry")
    assert said.exit_code == 0
    assert "Nothing to do." in said.out


def test_hooks_run_as_in_any_run(failed: Shop) -> None:
    text = (failed.root / "dbt_project.yml").read_text()
    failed.write({"dbt_project.yml": f"{text}on-run-start: select 1\n"})
    assert "1 of 1 OK hook: shop.on-run-start.0" in failed("retry").out


def test_a_failed_test_is_retried_and_a_warning_only_if_it_is_an_error(shop: Shop) -> None:
    shop.write(
        {
            "tests/failing.sql": "select 1 as id",
            "tests/warning.sql": "{{ config(severity='warn') }} select 1 as id",
        }
    )
    shop("test", "-s", "failing", "warning")
    shop("retry")
    assert set(shop.statuses()) == {"test.shop.failing"}
    shop("test", "-s", "failing", "warning")
    shop("retry", "--warn-error")
    assert set(shop.statuses()) == {"test.shop.failing", "test.shop.warning"}


def previous(shop: Shop, which: str, status: str = "error", **args: Any) -> None:
    result = {
        "unique_id": "model.shop.orders",
        "status": status,
        "timing": [],
        "thread_id": "t",
        "execution_time": 0.0,
        "adapter_response": {},
        "message": None,
        "failures": None,
    }
    schema = "https://schemas.getdbt.com/dbt/run-results/v6.json"
    metadata = {"dbt_schema_version": schema, "invocation_id": "x", "generated_at": "", "env": {}}
    body = {"metadata": metadata, "results": [result], "elapsed_time": 0.0,
            "args": {"which": which, **args}}  # fmt: skip
    shop.write({"target/run_results.json": json.dumps(body)})


def test_every_state_argument_is_carried_over(shop: Shop) -> None:
    # Defect D6
    previous(shop, "build", defer=True, state="a", defer_state="b", favor_state=True, select=["x"])
    retrying, _ = read_previous(
        Retry(), target_path=str(shop.root / "target"), warn_is_error=False
    )
    assert isinstance(retrying.request, Build)
    options = retrying.request.options
    assert (options.defer, options.state, options.defer_state, options.favor_state) == (
        True, "a", "b", True,
    )  # fmt: skip
    assert retrying.request.selecting.select == ("x",)
    assert retrying.ids == ("model.shop.orders",)


def test_the_retrys_own_options_win(shop: Shop) -> None:
    previous(shop, "run", threads=1, vars={"a": 1}, log_path="old", profiles_dir="old")
    given = Retry(options=GlobalOptions(threads=8, vars={"b": 2}))
    retrying, _ = read_previous(given, target_path=str(shop.root / "target"), warn_is_error=False)
    options = retrying.request.options
    assert (options.threads, options.vars) == (8, {"b": 2})
    assert (options.log_path, options.profiles_dir) == (None, None)


def test_the_deferral_state_is_not_taken_for_the_previous_run(failed: Shop) -> None:
    # Defect D6
    assert failed("retry", DBT_STATE="nowhere").exit_code == 1
    assert "model.shop.bad" in failed.statuses()


def test_operations(shop: Shop) -> None:
    assert shop("run-operation", "boom").exit_code == 1
    assert shop("retry").exit_code == 1
    retrying, _ = read_previous(
        Retry(), target_path=str(shop.root / "target"), warn_is_error=False
    )
    assert isinstance(retrying.request, RunOperation)


@pytest.mark.parametrize(
    ("which", "code"), [("ls", "retry-not-supported"), (None, "retry-no-previous-run")]
)
def test_what_cannot_be_retried(shop: Shop, which: str | None, code: str) -> None:
    if which is not None:
        previous(shop, which)
    with pytest.raises(ProblemsError) as caught:
        read_previous(Retry(), target_path=str(shop.root / "target"), warn_is_error=False)
    assert [problem.code for problem in caught.value.problems] == [code]
