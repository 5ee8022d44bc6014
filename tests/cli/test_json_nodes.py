from __future__ import annotations

import re

from tests.small_graphs import small_graph

from upriver.cli.json_nodes import node_info, run_result, stamp
from upriver.resources.answers import Response
from upriver.run.events import StepResult, Timing

GRAPH = small_graph({"model.p.a": ""})


def test_times_of_nodes_have_no_zone_and_those_of_phases_do() -> None:
    # CLI-104
    info = node_info(GRAPH.entries["model.p.a"], GRAPH, "success", 0.0, 1.5)
    assert info["node_started_at"] == "1970-01-01T00:00:00.000000"
    assert info["node_finished_at"] == "1970-01-01T00:00:01.500000"
    assert re.fullmatch(r"[\d-]+T[\d:.]+Z", stamp(1.0))


def test_a_node_that_did_not_start_has_no_times() -> None:
    info = node_info(GRAPH.entries["model.p.a"], GRAPH, "skipped", None)
    assert (info["node_started_at"], info["node_finished_at"]) == ("", "")


def test_run_result_leaves_out_what_the_warehouse_did_not_say() -> None:
    # CLI-105
    result = StepResult(
        unique_id="model.p.a",
        action="run",
        status="success",
        response=Response(message="INSERT 2", code="INSERT", rows_affected=2),
        timing=(Timing(name="execute", started_at=0.0, completed_at=1.0),),
    )
    made = run_result(result)
    assert made["adapter_response"] == {
        "_message": "INSERT 2",
        "code": "INSERT",
        "rows_affected": 2,
    }
    assert made["timing_info"][0]["completed_at"] == "1970-01-01T00:00:01.000000Z"
    assert (
        run_result(StepResult(unique_id="x", action="run", status="skipped"))["adapter_response"]
        == {}
    )
