"""Results as on-run-end hooks see them: `results`, `schemas`, `database_schemas` (PROJ-243).

Packages read attributes (`result.status`, `result.node.unique_id`) and call `to_dict()`; neither
is worth a dict per node unless a hook does so, hence the lazy `node`.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from upriver.resources.answers import Response
from upriver.resources.nodes import Resource
from upriver.run.events import StepResult
from upriver.run.graph_view import resource_dict


class ViewedDict(dict[str, Any]):
    """A dict whose keys are attributes too, as on dbt's objects, and that has `to_dict`."""

    def __getattr__(self, name: str) -> Any:
        try:
            value = self[name]
        except KeyError:
            raise AttributeError(name) from None
        if type(value) is not dict:
            return value
        return ViewedConfig(value) if name == "config" else ViewedDict(value)

    def to_dict(self, omit_none: bool = False) -> dict[str, Any]:  # noqa: FBT001, FBT002 (dbt's)
        """Return a plain dict."""
        return {k: v for k, v in self.items() if not (omit_none and v is None)}


class ViewedConfig(ViewedDict):
    """The config of a node: a key that it has not is None, as on dbt's object."""

    def __getattr__(self, name: str) -> Any:
        if name not in self and not name.startswith("__"):
            return None
        return super().__getattr__(name)


class ViewedStatus(str):
    """A status that is text and has dbt's `.value`."""

    __slots__ = ()

    @property
    def value(self) -> str:
        """The status as text."""
        return str(self)


class ResultView:
    """One result as templates see it (CLI-142)."""

    def __init__(self, result: StepResult, resource: Resource) -> None:
        self._result = result
        self._resource = resource
        self._node: ViewedDict | None = None
        self.status = ViewedStatus(result.status)
        self.message = result.message
        self.execution_time = result.execution_time
        self.failures = result.failures
        self.thread_id = result.thread_id
        self.unique_id = result.unique_id
        self.adapter_response = response_dict(result.response)
        self.timing = [
            ViewedDict(
                name=timing.name,
                started_at=_moment(timing.started_at),
                completed_at=_moment(timing.completed_at),
            )
            for timing in result.timing
        ]
        self.agate_table = None
        self.batch_results = _batches(result)

    @property
    def node(self) -> ViewedDict:
        """The node in the shape of dbt's manifest, made when first asked for."""
        if self._node is None:
            made = resource_dict(self._resource)
            made["compiled"] = bool(self._result.compiled)
            made["compiled_code"] = self._result.compiled_code
            self._node = ViewedDict(made)
        return self._node

    def to_dict(self, omit_none: bool = False) -> dict[str, Any]:  # noqa: FBT001, FBT002 (dbt's)
        """Return the result as a plain dict, the node included."""
        made = {
            "status": str(self.status),
            "timing": [
                {
                    "name": timing.name,
                    "started_at": _iso(timing.started_at),
                    "completed_at": _iso(timing.completed_at),
                }
                for timing in self._result.timing
            ],
            "thread_id": self.thread_id,
            "execution_time": self.execution_time,
            "adapter_response": self.adapter_response,
            "message": self.message,
            "failures": self.failures,
            "node": self.node.to_dict(),
            "agate_table": None,
            "batch_results": self.batch_results,
        }
        return {k: v for k, v in made.items() if not (omit_none and v is None)}


def _batches(result: StepResult) -> ViewedDict | None:
    """Return how the batches of a model ended, as start and end."""
    if not result.succeeded_batches and not result.failed_batches:
        return None
    return ViewedDict(
        successful=list(result.succeeded_batches), failed=list(result.failed_batches)
    )


def response_dict(response: Response | None) -> dict[str, Any]:
    """Return a response as `adapter_response` (ART-57): empty where nothing was sent."""
    if response is None:
        return {}
    made: dict[str, Any] = {"_message": response.message}
    if response.code is not None:
        made["code"] = response.code
    if response.rows_affected is not None:
        made["rows_affected"] = response.rows_affected
    return {**made, **response.extra}


def end_names(results: Sequence[StepResult], resources: Mapping[str, Resource]) -> dict[str, Any]:
    """Return the names only on-run-end hooks have."""
    built: dict[tuple[str | None, str], None] = {}
    views: list[ResultView] = []
    for result in results:
        resource = resources.get(result.unique_id)
        if resource is None:
            continue
        views.append(ResultView(result, resource))
        place = _built_in(result, resource)
        if place is not None:
            built[place] = None
    return {
        "results": views,
        "schemas": list(dict.fromkeys(schema for _, schema in built)),
        "database_schemas": list(built),
    }


def _built_in(result: StepResult, resource: Resource) -> tuple[str | None, str] | None:
    if result.status not in {"success", "partial success"}:
        return None
    if result.action not in {"run", "seed", "snapshot"}:
        return None
    node: Any = resource
    return node.database, node.schema


def _moment(seconds: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC)


def _iso(seconds: float) -> str:
    return _moment(seconds).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
