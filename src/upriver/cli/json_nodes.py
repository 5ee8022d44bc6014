"""Nodes and results as the data of JSON log events spells them (CLI-104, CLI-105)."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from upriver.cli import lines
from upriver.graph.graph import Entry, Graph
from upriver.resources.nodes import Test
from upriver.run.events import StepFinished, StepResult
from upriver.state.wire.run_results import adapter_response

RESULT_EVENTS: Mapping[str, tuple[str, str]] = {
    "test": ("LogTestResult", "Q007"),
    "unit-test": ("LogTestResult", "Q007"),
    "snapshot": ("LogSnapshotResult", "Q015"),
    "seed": ("LogSeedResult", "Q016"),
    "hook": ("LogHookEndLine", "Q033"),
    "function": ("LogFunctionResult", "Q047"),
    "freshness": ("LogFreshnessResult", "Q018"),
    "no-op": ("LogNodeNoOpResult", "Q019"),
}
MODEL_EVENT = ("LogModelResult", "Q012")


def node_info(
    entry: Entry, graph: Graph, status: str, started: float | None, finished: float | None = None
) -> dict[str, Any]:
    """Return the `node_info` of an event; times of nodes have no zone there, but are UTC."""
    resource = graph.resources.get(entry.unique_id)
    config = getattr(resource, "config", {})
    return {
        "materialized": entry.materialized or config.get("materialized") or "",
        "meta": dict(config.get("meta") or {}),
        "node_checksum": getattr(resource, "checksum", ""),
        "node_finished_at": _local_stamp(finished),
        "node_name": entry.name,
        "node_path": getattr(resource, "path", entry.original_file_path),
        "node_relation": {
            "alias": getattr(resource, "alias", "") or "",
            "database": getattr(resource, "database", "") or "",
            "relation_name": getattr(resource, "relation_name", "") or "",
            "schema": getattr(resource, "schema", "") or "",
        },
        "node_started_at": _local_stamp(started),
        "node_status": status,
        "resource_type": entry.kind,
        "unique_id": entry.unique_id,
    }


def result_data(
    event: StepFinished, entry: Entry, graph: Graph, info: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the data of a result event, with the keys its kind has."""
    result = event.result
    data: dict[str, Any] = {
        "execution_time": result.execution_time,
        "index": event.index,
        "node_info": info,
    }
    match result.action:
        case "test" | "unit-test":
            resource = graph.resources.get(entry.unique_id)
            attached = resource.attached_node if isinstance(resource, Test) else None
            is_unit = result.action == "unit-test"
            return data | {
                "attached_node": attached or "",
                "name": lines.unit_test_name(entry) if is_unit else entry.name,
                "num_failures": result.failures or 0,
                "num_models": event.total,
                "status": result.status,
            }
        case "hook":
            name = lines.hook_name(entry)
            return data | {"statement": name, "status": result.status, "total": event.total}
        case "seed":
            return data | {
                "relation": entry.relation.identifier if entry.relation else entry.name,
                "result_message": _message(result),
                "schema": (entry.relation.schema or "") if entry.relation else "",
                "status": result.status,
                "total": event.total,
            }
        case "freshness":
            return data | {
                "source_name": entry.source_name or "",
                "status": result.status,
                "table_name": entry.name,
                "total": event.total,
            }
        case "snapshot":
            return data | {
                "cfg": _spelled_config(graph, entry.unique_id),
                "description": lines.shown_relation(entry),
                "result_message": _message(result),
                "status": result.status,
                "total": event.total,
            }
        case action:
            return data | {
                "description": lines.describe(entry, action),
                "status": _message(result) if result.status == "success" else result.status,
                "total": event.total,
            }


def _message(result: StepResult) -> str:
    return lines.success_status(result) if result.status == "success" else result.status


def _spelled_config(graph: Graph, unique_id: str) -> dict[str, str]:
    config = getattr(graph.resources.get(unique_id), "config", {})
    return {key: str(value) for key, value in config.items() if value is not None}


def run_result(result: StepResult) -> dict[str, Any]:
    """Return the `run_result` of `NodeFinished`."""
    return {
        "adapter_response": adapter_response(result.response),
        "execution_time": result.execution_time,
        "message": result.message or "",
        "num_failures": result.failures or 0,
        "status": result.status,
        "thread": result.thread_id,
        "timing_info": [
            {
                "name": timing.name,
                "started_at": stamp(timing.started_at),
                "completed_at": stamp(timing.completed_at),
            }
            for timing in result.timing
        ],
        "unique_id": result.unique_id,
    }


def stamp(seconds: float) -> str:
    """Return a moment as UTC with a `Z`."""
    return f"{_local_stamp(seconds)}Z"


def _local_stamp(seconds: float | None) -> str:
    if seconds is None:
        return ""
    moment = datetime.datetime.fromtimestamp(seconds, tz=datetime.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")
