"""Results as on-run-end hooks read them."""

import msgspec

from upriver.resources.answers import Response
from upriver.resources.nodes import Model
from upriver.run.events import StepResult, Timing
from upriver.run.result_view import ResultView, ViewedDict, end_names

MODEL = Model(
    unique_id="model.p.a", name="a", package="p", path="a.sql", original_file_path="models/a.sql",
    fqn=("p", "a"), alias="a", database="db", schema="dev", relation_name="db.dev.a",
    config={"materialized": "table", "meta": {"owner": "x"}},
)  # fmt: skip
RESULT = StepResult(
    unique_id="model.p.a", action="run", status="success", message="OK",
    response=Response(message="OK", rows_affected=3, extra={"query_id": "q"}),
    timing=(Timing(name="compile", started_at=0.0, completed_at=0.5),),
    thread_id="Thread-1 (worker)", execution_time=1.5, compiled=True, compiled_code="select 1",
)  # fmt: skip


def test_attributes_packages_read():
    view = ResultView(RESULT, MODEL)
    assert view.status == "success"
    assert view.status.value == "success"
    assert view.node.unique_id == "model.p.a"
    assert view.node.config.meta.owner == "x"
    assert view.node.config.full_refresh is None
    assert view.node["compiled_code"] == "select 1"
    assert view.timing[0].completed_at.isoformat() == "1970-01-01T00:00:00.500000+00:00"
    assert view.adapter_response == {"_message": "OK", "rows_affected": 3, "query_id": "q"}


def test_to_dict_is_plain():
    made = ResultView(RESULT, MODEL).to_dict()
    assert made["timing"] == [
        {"name": "compile", "started_at": "1970-01-01T00:00:00.000000Z",
         "completed_at": "1970-01-01T00:00:00.500000Z"}
    ]  # fmt: skip
    assert made["node"]["name"] == "a"
    assert "failures" not in ResultView(RESULT, MODEL).to_dict(omit_none=True)
    assert type(made["node"]) is dict


def test_schemas_are_those_something_was_built_in():
    names = end_names([RESULT, RESULT], {"model.p.a": MODEL})
    assert names["schemas"] == ["dev"]
    assert names["database_schemas"] == [("db", "dev")]
    assert len(names["results"]) == 2


def test_absent_attributes_are_absent():
    assert not hasattr(ViewedDict(a=1), "b")
    assert ViewedDict(a=None, b=1).to_dict(omit_none=True) == {"b": 1}


def test_batches_are_told():
    spans = (("2024-01-01", "2024-01-02"), ("2024-01-02", "2024-01-03"))
    result = msgspec.structs.replace(RESULT, succeeded_batches=spans[:1], failed_batches=spans[1:])
    view = ResultView(result, MODEL)
    assert view.batch_results.successful == [spans[0]]
    assert view.to_dict()["batch_results"] == {"successful": [spans[0]], "failed": [spans[1]]}
    assert ResultView(RESULT, MODEL).batch_results is None
