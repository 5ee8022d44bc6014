"""`ls`: which resources a selection names, and how each is printed (CLI-111..116)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from upriver.graph.graph import Entry, Graph
from upriver.plan.methods import Material
from upriver.problems import Problem, ProblemsError
from upriver.project.lineage.asking import reached_by_columns
from upriver.project.loading import Loaded
from upriver.project.opened import OpenedProject, with_project
from upriver.project.option_groups import Selecting
from upriver.project.outcome import Outcome
from upriver.project.published_state import SEMANTIC, State, contract_problems, no_state
from upriver.project.requests import List
from upriver.project.selecting import LISTED_KINDS, select_for
from upriver.project.state_reading import asked_deferral, read_state

if TYPE_CHECKING:
    # Loaded for who asks for reasons only.
    from upriver.project.reasons import Reasons
    from upriver.project.warehouse import Door
    from upriver.run.setting import RunSetting

DEFAULT_KEYS = (
    "alias", "name", "package_name", "depends_on", "tags", "config", "resource_type",
    "source_name", "original_file_path", "unique_id",
)  # fmt: skip


def _list(opened: OpenedProject) -> Outcome:
    request = opened.request
    assert isinstance(request, List)  # noqa: S101 - the table of verbs
    loaded = opened.load()
    graph = loaded.graph
    selecting = None if request.why else _selecting(request)
    deferring = asked_deferral(opened, selecting, is_read=False)
    state = read_state(opened, deferring, graph)
    opened.require(contract_problems(state, _selecting(request).select))
    reasons = _reasons(opened, loaded, state, request)
    material = Material(
        graph=graph,
        comparison=reasons or state.comparison,
        results=state.results,
        fresher_sources=state.fresher,
        state_path=state.path,
        reached=reached_by_columns(opened, graph, state, _running),
    )
    selected, problems = select_for("ls", _selecting(request), opened.workspace, material)
    opened.require(problems)
    if selected is None:
        raise ProblemsError(tuple(opened.problems))
    entries = [graph.entries[unique_id] for unique_id in sorted(selected.selection.ids)]
    data = _data(entries, request, graph)
    if reasons is not None:
        data = _with_reasons(data, entries, reasons, request)
        reasons.close()
    data += _deleted(state, _selecting(request))
    if not data:
        opened.report((_nothing_selected(),))
    # Spelled as Python's own encoder does, since scripts look for `"name": "x"`.
    lines = tuple(item if isinstance(item, str) else json.dumps(item) for item in data)
    return opened.outcome(graph=graph, lines=lines, data=data)


def _running(opened: OpenedProject, graph: Graph, loaded: Loaded) -> tuple[Door, RunSetting]:
    """Listing loads no engine before columns have to be read."""
    # Rendering is loaded for who selects by columns.
    from upriver.project.execute import running

    return running(opened, graph, loaded)


def _reasons(opened: OpenedProject, loaded: Loaded, state: State, request: List) -> Reasons | None:
    """Return the comparison by meaning, where the request asks for it."""
    words = _selecting(request).select
    if not request.why and not any(SEMANTIC in word for word in words):
        return None
    if state.comparison is None:
        if request.why:
            opened.require((no_state("`ls --why`"),))
        return None
    # Fingerprints are loaded for who asks for them.
    from upriver.project.reasons import Reasons

    return Reasons(opened, loaded, loaded.graph, state)


def _with_reasons(
    data: list[Any], entries: list[Entry], reasons: Reasons, request: List
) -> list[Any]:
    if not request.why:
        return data
    shown: list[Any] = []
    for item, entry in zip(data, entries, strict=True):
        why = reasons.why(entry.unique_id)
        if isinstance(item, str):
            shown.append(f"{item}  {', '.join(map(str, why))}".rstrip())
        else:
            shown.append({**item, "why": msgspec.to_builtins(why)})
    return shown


def _deleted(state: State, selecting: Selecting) -> list[Any]:
    """List what the state has and the project has not, where `state:deleted` is asked for."""
    if state.comparison is None or "state:deleted" not in selecting.select:
        return []
    kinds = frozenset(selecting.resource_types) or LISTED_KINDS
    removed = sorted(state.comparison.removed())
    return [unique_id for unique_id in removed if unique_id.partition(".")[0] in kinds]


def _selecting(request: List) -> Selecting:
    """Return the selection options; `--models` stands for two of them (CLI-115)."""
    if not request.models:
        return request.selecting
    return msgspec.structs.replace(
        request.selecting, select=request.models, resource_types=("model",)
    )


def _nothing_selected() -> Problem:
    return Problem(
        code="nothing-selected",
        severity="warning",
        message="No nodes selected!",
        event="NoNodesSelected",
    )


def _data(entries: Iterable[Entry], request: List, graph: Graph) -> list[Any]:
    match request.output:
        case "name":
            return [_name(entry) for entry in entries]
        case "path":
            return [entry.original_file_path for entry in entries]
        case "json":
            return [_json(entry, request.output_keys, graph) for entry in entries]
        case _:
            return [selector_of(entry) for entry in entries]


def _name(entry: Entry) -> str:
    return f"{entry.source_name}.{entry.name}" if entry.kind == "source" else entry.name


def selector_of(entry: Entry) -> str:
    """Return the text that selects exactly this resource (CLI-111)."""
    match entry.kind:
        case "source":
            return f"source:{entry.package}.{entry.source_name}.{entry.name}"
        case "exposure" | "metric" | "saved_query" | "semantic_model" | "unit_test":
            return f"{entry.kind}:{entry.package}.{entry.name}"
        case _:
            return ".".join(entry.fqn)


def _json(entry: Entry, keys: tuple[str, ...], graph: Graph) -> dict[str, Any]:
    # The artifact writer is needed for JSON only.
    from upriver.state.wire.manifest import encode_resource

    resource = graph.resources[entry.unique_id]
    whole = msgspec.json.decode(encode_resource(resource, 0.0))
    found: dict[str, Any] = {}
    for key in keys or DEFAULT_KEYS:
        value = _follow(whole, key)
        if value is not _ABSENT:
            found[key] = value
    return found


_ABSENT = object()


def _follow(value: Any, path: str) -> Any:
    for part in path.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return _ABSENT
        value = value[part]
    return value


list_resources = with_project("ls", _list)
