"""`lineage`: which columns the columns of models come from, and what reads one of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from typing import Any

import msgspec

from upriver.graph.graph import Graph
from upriver.plan.matching import FqnPattern
from upriver.plan.methods import Material
from upriver.problems import Problem, ProblemsError
from upriver.project.execute import running
from upriver.project.lineage.asking import reached_by_columns
from upriver.project.lineage.lineages import READ, Lineages
from upriver.project.lineage.reach import downstream
from upriver.project.opened import OpenedProject, with_project
from upriver.project.option_groups import Selecting
from upriver.project.outcome import Outcome
from upriver.project.requests import ShowLineage
from upriver.project.selecting import select_for
from upriver.project.state_reading import asked_deferral, read_state
from upriver.resources.nearest import nearest_hint
from upriver.state.lineage.columns import ALL, ROWS, Lineage, Origin, OutputColumn

_WITH_COLUMNS = READ | {"seed", "source"}


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """A column, or the rows, of something that reads another column."""

    unique_id: str
    column: str
    """`ROWS` where it decides which rows there are."""
    kind: str
    depth: int


def _show(opened: OpenedProject) -> Outcome:
    request = opened.request
    assert isinstance(request, ShowLineage)  # noqa: S101 - the table of verbs
    loaded = opened.load()
    graph = loaded.graph
    selecting, columns = _split(request.selecting, graph)
    ids = _selected(opened, graph, selecting)
    lineages = Lineages(
        opened,
        loaded,
        graph,
        lambda: running(opened, graph, loaded),
        may_ask=True,
        asks_columns=bool(request.warehouse_columns),
    )
    with closing(lineages):
        if columns:
            data = [_traced(opened, graph, lineages, one, columns) for one in ids]
        else:
            data = [_described(graph, lineages, one) for one in ids]
    kept = [one for one in data if one is not None]
    if request.output == "json":
        lines: tuple[str, ...] = (
            msgspec.json.format(msgspec.json.encode(kept), indent=2).decode(),
        )
    else:
        lines = tuple(line for one in kept for line in _lines(one, graph))
    return opened.outcome(graph=graph, lines=lines, data=kept)


def _split(selecting: Selecting, graph: Graph) -> tuple[Selecting, dict[str, set[str]]]:
    """Take `model.column` apart: the selection of the model, and columns by model name."""
    names = {entry.name for entry in graph.entries.values() if entry.kind in _WITH_COLUMNS}
    columns: dict[str, set[str]] = {}
    words: list[str] = []
    for word in (piece for given in selecting.select for piece in given.split()):
        model, _, column = word.rpartition(".")
        if model.rpartition(".")[2] in names and column and not _is_selector(word, graph):
            columns.setdefault(model.rpartition(".")[2], set()).add(column.lower())
            words.append(model)
        else:
            words.append(word)
    return msgspec.structs.replace(selecting, select=tuple(dict.fromkeys(words))), columns


def _is_selector(word: str, graph: Graph) -> bool:
    if ":" in word or "/" in word or word.endswith((".sql", ".py", ".csv")):
        # A source's column is `source:raw.orders.id`.
        return not word.startswith("source:") or word.count(".") < 2  # noqa: PLR2004
    matches = FqnPattern(word).matches
    return any(
        matches(entry.fqn, is_versioned=entry.version is not None)
        for entry in graph.entries.values()
    )


def _selected(opened: OpenedProject, graph: Graph, selecting: Selecting) -> list[str]:
    state = read_state(opened, asked_deferral(opened, selecting, is_read=False), graph)
    material = Material(
        graph=graph,
        comparison=state.comparison,
        state_path=state.path,
        reached=reached_by_columns(opened, graph, state, running),
    )
    selected, problems = select_for("ls", selecting, opened.workspace, material)
    opened.require(problems)
    if selected is None:
        raise ProblemsError(tuple(opened.problems))
    is_chosen = bool(selecting.select or selecting.selector)
    kinds = _WITH_COLUMNS if is_chosen else READ
    found = selected.selection.ids
    return sorted(one for one in found if graph.entries[one].kind in kinds)


def _described(graph: Graph, lineages: Lineages, unique_id: str) -> dict[str, Any]:
    lineage = lineages.of(unique_id)
    data: dict[str, Any] = {"unique_id": unique_id, "name": graph.entries[unique_id].name}
    if graph.entries[unique_id].kind not in READ:
        columns = lineages.columns(unique_id)
        listed = [{"name": name, "kind": "input", "origins": []} for name in columns.names]
        return {**data, "columns": listed, "is_complete": columns.is_complete, "rows": []}
    if lineage.doubt is not None:
        data["doubt"] = lineage.doubt
    return {
        **data,
        "columns": [_column(column) for column in lineage.columns] + _passed(lineage),
        "is_complete": lineage.is_complete,
        "rows": _origins(lineage.used),
    }


def _column(column: OutputColumn) -> dict[str, Any]:
    return {"name": column.name, "kind": column.kind, "origins": _origins(column.origins)}


def _passed(lineage: Lineage) -> list[dict[str, Any]]:
    return [
        {"name": ALL, "kind": "passthrough", "origins": _origins(((one.unique_id, ALL),))}
        for one in lineage.passed
    ]


def _origins(origins: Iterable[Origin]) -> list[dict[str, str]]:
    return [{"unique_id": one, "column": name} for one, name in origins if name != ROWS]


def _traced(
    opened: OpenedProject,
    graph: Graph,
    lineages: Lineages,
    unique_id: str,
    columns: Mapping[str, set[str]],
) -> dict[str, Any] | None:
    """Return columns of a resource with all they come from and all that reads them."""
    wanted = columns.get(graph.entries[unique_id].name)
    if wanted is None:
        return _described(graph, lineages, unique_id)
    known = lineages.columns(unique_id)
    names = {name.lower() for name in known.names}
    missing = sorted(wanted - names) if known.is_complete else []
    opened.report(tuple(_unknown(graph.entries[unique_id].name, one, names) for one in missing))
    data = _described(graph, lineages, unique_id)
    return {
        **data,
        "columns": [one for one in data["columns"] if one["name"].lower() in wanted],
        "upstream": [
            msgspec.to_builtins(one)
            for name in sorted(wanted)
            for one in _upstream(lineages, unique_id, name)
        ],
        "downstream": [
            msgspec.to_builtins(one)
            for name in sorted(wanted)
            for one in _downstream(graph, lineages, unique_id, name)
        ],
    }


def _upstream(lineages: Lineages, unique_id: str, name: str) -> Iterator[Reading]:
    seen: set[Origin] = {(unique_id, name)}
    waiting: list[tuple[Origin, int]] = [((unique_id, name), 0)]
    while waiting:
        (current, column), depth = waiting.pop(0)
        for origin, kind in _sources(lineages.of(current), column):
            if origin not in seen:
                seen.add(origin)
                waiting.append((origin, depth + 1))
                yield Reading(unique_id=origin[0], column=origin[1], kind=kind, depth=depth + 1)


def _sources(lineage: Lineage, name: str) -> Iterator[tuple[Origin, str]]:
    """Return what a column of this name comes from, with how; of `ALL`, what any comes from."""
    found = [c for c in lineage.columns if name in (ALL, c.name.lower())]
    if not found:
        found = [column for column in lineage.columns if column.name == ALL]
        for passed in lineage.passed:
            if name not in passed.excluded:
                yield (passed.unique_id, name), "passthrough"
    for column in found:
        for origin in column.origins:
            if origin[1] != ROWS:
                yield origin, column.kind


def _downstream(graph: Graph, lineages: Lineages, unique_id: str, name: str) -> Iterator[Reading]:
    """Return what reads a column, directly or not."""
    depths: dict[Origin, int] = {(unique_id, name): 0}
    for current in downstream(graph, (unique_id,)):
        if current == unique_id:
            continue
        lineage = lineages.of(current)
        found: dict[str, tuple[str, int]] = {}
        for column, kind, origin in _reads(lineage):
            depth = _depth(depths, origin)
            if depth is not None and column not in found:
                found[column] = (kind, depth + 1)
        for passed in lineage.passed:
            for (one, column), depth in tuple(depths.items()):
                if one == passed.unique_id and column not in passed.excluded and column != ROWS:
                    found.setdefault(column, ("passthrough", depth + 1))
        for column, (kind, depth) in found.items():
            depths[current, column] = depth
            yield Reading(unique_id=current, column=column, kind=kind, depth=depth)


def _reads(lineage: Lineage) -> Iterator[tuple[str, str, Origin]]:
    for origin in lineage.used:
        yield ROWS, "rows" if lineage.doubt is None else "unknown", origin
    for column in lineage.columns:
        for origin in column.origins:
            yield column.name.lower(), column.kind, origin


def _depth(depths: Mapping[Origin, int], origin: Origin) -> int | None:
    unique_id, name = origin
    if name == ALL:
        found = [depth for (one, _), depth in depths.items() if one == unique_id]
        return min(found, default=None)
    # Rows that are others make every column another.
    return depths.get(origin, depths.get((unique_id, ROWS)))


def _unknown(model: str, name: str, known: Iterable[str]) -> Problem:
    return Problem(
        code="column-unknown",
        severity="warning",
        message=f"`{model}` has no column `{name}`",
        hint=nearest_hint(name, known),
    )


def _lines(data: Mapping[str, Any], graph: Graph) -> Iterator[str]:
    yield data["name"]
    if "doubt" in data:
        yield f"  every column may come from everything it reads: {data['doubt']}"
    width = max((len(column["name"]) for column in data["columns"]), default=0)
    for column in data["columns"]:
        origins = ", ".join(_shown(one, graph) for one in column["origins"])
        yield f"  {column['name']:<{width}}  {column['kind']:<11}  {origins}".rstrip()
    if data["rows"]:
        yield f"  rows: {', '.join(_shown(one, graph) for one in data['rows'])}"
    for word, title in (("upstream", "comes from"), ("downstream", "is read by")):
        if data.get(word):
            yield f"  {title}:"
            yield from (_reading(one, graph) for one in data[word])
    yield ""


def _reading(one: Mapping[str, Any], graph: Graph) -> str:
    name = graph.entries[one["unique_id"]].name
    shown = f"{name}.{one['column']}" if one["column"] != ROWS else f"{name}, which rows it has"
    return f"    {'  ' * (one['depth'] - 1)}{shown}  {one['kind']}"


def _shown(origin: Mapping[str, str], graph: Graph) -> str:
    return f"{graph.entries[origin['unique_id']].name}.{origin['column']}"


show_lineage = with_project("lineage", _show)
