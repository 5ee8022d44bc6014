"""Find out how old the newest row of a source is (CLI-79, PROJ-190, PROJ-191).

The warehouse is asked by the source's own query, by its `loaded_at_field`, or, where it tells when
a table was changed last, by that. Each question is a macro, which a project may replace.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

import msgspec

from upriver.jinja.context import call_macro, render_node
from upriver.jinja.errors import CompilationError
from upriver.jinja.subject import Subject
from upriver.problems import Problem
from upriver.resources.answers import Response
from upriver.resources.nodes import Source
from upriver.run.compile import any_reference
from upriver.run.events import Freshness, Status
from upriver.run.materialize import response_of
from upriver.run.messages import StepError
from upriver.run.subjects import source_subject
from upriver.run.task import Done, Task

_METADATA = "TableLastModifiedMetadata"
_FIRST_MOMENT = datetime.datetime.min.replace(tzinfo=datetime.UTC)
_PAIR = 2


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A macro's answer: one row of the newest row's time and the warehouse's clock."""

    newest: Any
    now: Any
    response: Response | None


def run_freshness(task: Task) -> Done:
    """Ask, and judge the age by the source's thresholds."""
    source = task.resource
    if not isinstance(source, Source):
        raise TypeError(f"{task.step.unique_id} is no source")
    subject = source_subject(task.world, source, any_reference(task.world))
    with task.timed("compile"):
        query = source.loaded_at_query
        if query is not None:
            query = render_node(task.world, subject, query)
    with task.timed("execute"):
        found = _ask(task, source, subject, query)
    freshness = _freshness(found, source)
    return Done(
        status=judge(freshness.age, source.freshness or {}),
        response=found.response,
        freshness=freshness,
    )


def judge(age: float, criteria: Mapping[str, Any]) -> Status:
    """Return the status of a source whose newest row is `age` seconds old."""
    for key, status in (("error_after", "error"), ("warn_after", "warn")):
        threshold = criteria.get(key) or {}
        if threshold.get("count") is None or threshold.get("period") is None:
            continue
        allowed = datetime.timedelta(**{f"{threshold['period']}s": threshold["count"]})
        if age > allowed.total_seconds():
            return status  # type: ignore[return-value]
    return "pass"


def _ask(task: Task, source: Source, subject: Subject, query: str | None) -> Found:
    world, relation = task.world, subject.this
    if query is not None:
        name = "collect_freshness_custom_sql"
        given: dict[str, Any] = {"source": relation, "loaded_at_query": query}
    elif source.loaded_at_field is not None:
        name = "collect_freshness"
        given = {
            "source": relation,
            "loaded_at_field": source.loaded_at_field,
            "filter": (source.freshness or {}).get("filter"),
        }
    elif _METADATA in task.setting.adapter.capabilities.supports:
        return _last_modified(task, source, subject)
    else:
        raise StepError("Runtime Error", _not_known(source, world.dialect.type))
    table, response = _table(call_macro(name, world, subject, (), given))
    if len(table.rows) != 1 or len(table.column_names) != _PAIR:
        raise CompilationError(
            f"The macro `{name}` must give one row of two moments, the newest row's and now,"
            f" and gave {len(table.rows)} rows of {len(table.column_names)} columns",
            code="freshness-result-shape",
        )
    newest, now = table.rows[0]
    return Found(newest=newest, now=now, response=response)


def _table(answer: Any) -> tuple[Any, Response | None]:
    """Take a macro's answer apart: a loaded result, or a table alone as old overrides give it."""
    if hasattr(answer, "column_names"):
        return answer, None
    if not isinstance(answer, Mapping) or "table" not in answer:
        raise CompilationError(
            "A macro that collects freshness must return what `load_result` gives, and returned"
            f" `{answer!s:.80}`",
            code="freshness-result-shape",
        )
    return answer["table"], response_of(answer)


def _last_modified(task: Task, source: Source, subject: Subject) -> Found:
    relation = subject.this
    given = {"information_schema": relation.information_schema_only(), "relations": [relation]}
    answer = call_macro("get_relation_last_modified", task.world, subject, (), given)
    table, response = _table(answer)
    names = [str(name).lower() for name in table.column_names]
    for row in table.rows:
        cells = dict(zip(names, row, strict=True))
        if str(cells.get("identifier", "")).lower() == source.identifier.lower():
            return Found(
                newest=cells["last_modified"], now=cells["snapshotted_at"], response=response
            )
    message = f"The warehouse does not tell when `{source.relation_name}` was changed last"
    raise StepError("Runtime Error", Problem(
        code="freshness-unknown", message=message, unique_id=source.unique_id,
        hint="Give the source a `loaded_at_field`",
    ))  # fmt: skip


def _freshness(found: Found, source: Source) -> Freshness:
    newest = _FIRST_MOMENT if found.newest is None else _moment(found.newest, source)
    now = _moment(found.now, source)
    return Freshness(max_loaded_at=newest, snapshotted_at=now, age=(now - newest).total_seconds())


def _moment(value: Any, source: Source) -> datetime.datetime:
    """Return a timestamp in UTC; one without a zone is meant to be in UTC already."""
    if not isinstance(value, datetime.datetime):
        asked = source.loaded_at_field or "loaded_at_query"
        problem = Problem(
            code="freshness-no-timestamp",
            message=f"`{asked}` of `{source.source_name}.{source.name}` gave no timestamp but"
            f" `{value}`, a `{type(value).__name__}`",
            unique_id=source.unique_id,
            hint="Cast it in `loaded_at_field`, which may be any expression",
        )
        raise StepError("Database Error", problem)
    if value.tzinfo is None:
        return value.replace(tzinfo=datetime.UTC)
    return value.astimezone(datetime.UTC)


def _not_known(source: Source, adapter_type: str) -> Problem:
    return Problem(
        code="freshness-unknown",
        message=f"`{source.source_name}.{source.name}` has neither `loaded_at_field` nor"
        f" `loaded_at_query`, and {adapter_type} does not tell when a table was changed last",
        unique_id=source.unique_id,
        hint="Name the column that tells when a row was loaded in `loaded_at_field`",
    )
