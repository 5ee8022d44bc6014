"""An inline query as a resource of the graph, for one invocation (`--inline`)."""

from __future__ import annotations

import msgspec

from upriver.graph.graph import Entry, Graph
from upriver.jinja.capture import capture_facts
from upriver.jinja.errors import CompilationError, Origin, problem_of
from upriver.parse.world import ParseWorld
from upriver.problems import Problem
from upriver.project.loading import Loaded
from upriver.resources.calls import Facts, RefCall, SourceCall
from upriver.resources.nearest import nearest_hint
from upriver.resources.nodes import SqlOperation

NAME = "inline_query"


def with_inline(graph: Graph, text: str, loaded: Loaded) -> tuple[Graph, str, tuple[Problem, ...]]:
    """Return the graph with the query in it, the query's id, and what is wrong with it."""
    package = graph.facts.project_name
    unique_id = f"sql_operation.{package}.{NAME}"
    world = ParseWorld(loaded.settings, loaded.macros(), say=lambda *_: None, memory={})
    origin = Origin(file="--inline", unique_id=unique_id, name=NAME)
    try:
        facts = capture_facts(text, world, package, unique_id, NAME, origin=origin)
    except CompilationError as error:
        return graph, unique_id, (problem_of(error),)
    depends_on, problems = _resolve(facts, graph, package)
    settings = loaded.settings
    node = SqlOperation(
        unique_id=unique_id,
        name=NAME,
        package=package,
        path=f"sql/{NAME}",
        original_file_path="from remote system.sql",
        fqn=(package, "rpc", NAME),
        alias=NAME,
        database=settings.target.get("database"),
        schema=str(settings.target.get("schema")),
        relation_name=None,
        raw_code=text,
        config={"materialized": "view", "enabled": True, "tags": [], "meta": {}},
        depends_on=depends_on,
        refs=facts.refs,
        sources=facts.sources,
    )
    return _added(graph, node), unique_id, problems


def _added(graph: Graph, node: SqlOperation) -> Graph:
    entry = Entry(
        unique_id=node.unique_id,
        kind="sql_operation",
        name=node.name,
        package=node.package,
        fqn=node.fqn,
        original_file_path=node.original_file_path,
        references=node.depends_on,
    )
    return msgspec.structs.replace(
        graph,
        entries={**graph.entries, node.unique_id: entry},
        parents={**graph.parents, node.unique_id: node.depends_on},
        resources=_Overlay(graph, node),
    )


class _Overlay(dict):  # type: ignore[type-arg]
    """The graph's bodies and one more, without decoding the others."""

    def __init__(self, graph: Graph, node: SqlOperation) -> None:
        super().__init__({node.unique_id: node})
        self._graph = graph

    def __missing__(self, key: str) -> object:
        return self._graph.resources[key]

    def get(self, key: str, default: object = None) -> object:
        """Return a body, or the default."""
        try:
            return self[key]
        except KeyError:
            return default


def _resolve(
    facts: Facts, graph: Graph, package: str
) -> tuple[tuple[str, ...], tuple[Problem, ...]]:
    found: dict[str, None] = {}
    problems: list[Problem] = []
    for ref in facts.refs:
        target = _ref(ref, graph, package)
        if target is None:
            problems.append(_missing(ref, graph))
        else:
            found[target] = None
    for source in facts.sources:
        target = _source(source, graph)
        if target is None:
            problems.append(_missing_source(source, graph))
        else:
            found[target] = None
    return tuple(found), tuple(problems)


def _ref(call: RefCall, graph: Graph, package: str) -> str | None:
    candidates = [
        entry
        for entry in graph.entries.values()
        if entry.name == call.name
        and entry.kind in ("model", "seed", "snapshot")
        and (call.package is None or call.package == entry.package)
        and _is_version(entry, call)
    ]
    candidates.sort(key=lambda entry: entry.package != package)
    return candidates[0].unique_id if candidates else None


def _is_version(entry: Entry, call: RefCall) -> bool:
    if call.version is None:
        return entry.version is None or str(entry.version) == str(entry.latest_version)
    return str(entry.version) == str(call.version)


def _source(call: SourceCall, graph: Graph) -> str | None:
    for entry in graph.entries.values():
        if entry.kind == "source" and (entry.source_name, entry.name) == (call.source, call.table):
            return entry.unique_id
    return None


def _missing(call: RefCall, graph: Graph) -> Problem:
    names = [e.name for e in graph.entries.values() if e.kind in ("model", "seed", "snapshot")]
    return Problem(
        code="ref-not-found",
        message=f"The inline query reads `{call.name}`, and there is no such model, seed or"
        " snapshot",
        hint=nearest_hint(call.name, names),
    )


def _missing_source(call: SourceCall, graph: Graph) -> Problem:
    names = [f"{e.source_name}.{e.name}" for e in graph.entries.values() if e.kind == "source"]
    return Problem(
        code="source-not-found",
        message=f"The inline query reads the source `{call.source}.{call.table}`, which is not"
        " defined",
        hint=nearest_hint(f"{call.source}.{call.table}", names),
    )
