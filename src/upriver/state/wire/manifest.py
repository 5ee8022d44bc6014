"""Writing `manifest.json`, v12, as dbt-core 1.11 reads it (ART-12 .. ART-54).

A manifest is written piece by piece, and the place of each member is noted, so that it can be
replaced alone later (`splice.py`). dbt's schema forbids keys it does not know; what upriver
adds is therefore said in `metadata.env`, the one place of the block that is open (`MAKER_KEY`,
`COMMIT_KEY`, `TARGET_KEY`, `BUILDS_KEY`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from upriver.graph.graph import Graph
from upriver.resources.macro import Doc, Macro
from upriver.resources.nodes import Resource
from upriver.state.wire.code_nodes import CompiledPart
from upriver.state.wire.nodes import doc_value, macro_value, resource_value
from upriver.state.wire.selectors import selector_values

SCHEMA = "https://schemas.getdbt.com/dbt/manifest/v12.json"
MAKER_KEY = "UPRIVER_VERSION"
"""Key of `metadata.env` that says which upriver wrote the manifest."""
COMMIT_KEY = "UPRIVER_GIT_COMMIT"
_COMMIT_KEYS = (
    COMMIT_KEY, "DBT_CLOUD_GIT_SHA", "GIT_COMMIT", "GIT_SHA", "COMMIT_SHA", "GITHUB_SHA",
    "CI_COMMIT_SHA", "SHA",
)  # fmt: skip
"""Names under which `metadata.env` says the commit, best first: what the tool found out itself, what
the platform checked out, what somebody chose to hand on, and what a provider calls whatever it runs
(of a pull request, a merge that nobody made)."""
"""Key of `metadata.env` that says which commit was published."""
TARGET_KEY = "UPRIVER_TARGET"
"""Key of `metadata.env` that says which target of the profile was published."""
BUILDS_KEY = "UPRIVER_BUILDS"
"""Key of `metadata.env` that says what relations were built from (`state/builds.py`)."""

SECTIONS: Mapping[str, str] = {
    "model": "nodes", "seed": "nodes", "snapshot": "nodes", "analysis": "nodes",
    "test": "nodes", "operation": "nodes", "sql_operation": "nodes", "source": "sources",
    "exposure": "exposures", "metric": "metrics", "group": "groups",
    "saved_query": "saved_queries", "semantic_model": "semantic_models",
    "unit_test": "unit_tests", "function": "functions", "macro": "macros", "doc": "docs",
}  # fmt: skip
"""The map of a manifest that a kind belongs to. A unique_id begins with its kind."""

_ORDER = (
    "nodes", "sources", "macros", "docs", "exposures", "metrics", "groups", "selectors",
    "disabled", "parent_map", "child_map", "group_map", "saved_queries", "semantic_models",
    "unit_tests", "functions",
)  # fmt: skip
_WHOLE = frozenset({"selectors", "disabled", "parent_map", "child_map", "group_map"})
"""Sections that are about the whole, and are written in one piece."""
_OUTSIDE_DAG = frozenset({"group", "macro", "doc"})

_OVERVIEW = Doc(
    unique_id="doc.dbt.__overview__",
    name="__overview__",
    package="dbt",
    path="overview.md",
    original_file_path="docs/overview.md",
    block_contents=(
        "### Overview\n\nModels, sources, tests and everything else in this project, by folder and by"
        " place in the warehouse. A block `{% docs __overview__ %}` of the project's own stands here"
        " instead, if there is one."
    ),
)
"""The first page of documentation sites, which dbt's own one looks for in every manifest (ART-87)."""

_encoder = msgspec.json.Encoder()


class Metadata(msgspec.Struct, frozen=True, kw_only=True):
    """The `metadata` block, as far as the graph does not know it."""

    dbt_version: str
    """The dbt version whose behaviour is matched (ART-13)."""
    upriver_version: str
    generated_at: str
    """UTC with microseconds and `Z`."""
    invocation_id: str | None
    invocation_started_at: str | None
    run_started_at: str | None = None
    """With offset `+00:00`."""
    env: Mapping[str, str] = {}
    """`DBT_ENV_CUSTOM_ENV_*` without the prefix."""
    git_commit: str | None = None
    target_name: str | None = None
    user_id: str | None = None
    send_anonymous_usage_stats: bool = False
    """Nothing is ever sent."""


def encode_resource(
    resource: Resource, created_at: float, compiled: CompiledPart | None = None
) -> bytes:
    """Return one resource's JSON object."""
    return _encoder.encode(resource_value(resource, created_at, compiled))


def encode_macro(macro: Macro, created_at: float) -> bytes:
    """Return a macro's JSON object."""
    return _encoder.encode(macro_value(macro, created_at))


def encode_doc(doc: Doc) -> bytes:
    """Return a documentation block's JSON object."""
    return _encoder.encode(doc_value(doc))


def encode_part(
    graph: Graph, compiled: Mapping[str, CompiledPart], created_at: float, unique_id: str
) -> bytes:
    """Return the JSON object of a resource, macro or doc of the graph."""
    resource = graph.resources.get(unique_id)
    if resource is not None:
        return _encoder.encode(resource_value(resource, created_at, compiled.get(unique_id)))
    macro = graph.macros.get(unique_id)
    if macro is not None:
        return encode_macro(macro, created_at)
    if unique_id in graph.docs:
        return encode_doc(graph.docs[unique_id])
    if unique_id == _OVERVIEW.unique_id:
        return encode_doc(_OVERVIEW)
    # A test that lost what it reads.
    return encode_resource(graph.disabled[unique_id][-1], created_at)


def encode_manifest(
    graph: Graph,
    metadata: Metadata,
    compiled: Mapping[str, CompiledPart],
    created_at: float,
) -> bytes:
    """Return the whole manifest."""
    return b"".join(manifest_pieces(graph, metadata, compiled, created_at, Places()))


class Places:
    """Where the named pieces of a manifest begin and end, filled while it is put together."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        """unique_ids, and names of sections that are one piece."""
        self.starts: list[int] = []
        self.ends: list[int] = []


def manifest_pieces(
    graph: Graph,
    metadata: Metadata,
    compiled: Mapping[str, CompiledPart],
    created_at: float,
    places: Places,
) -> Iterator[bytes]:
    """Give a manifest piece by piece, and note the places of those that may be replaced later.

    A piece is made when it is asked for: held together, those of a large project take forty
    megabytes, and getting so much memory takes longer than writing it.
    """
    encode = _encoder.encode
    members = _members(graph)
    whole = _encode_whole(graph, metadata, created_at)
    length = 0
    mark = b"{"
    for name in ("metadata", *_ORDER):
        opening = mark + encode(name) + b":"
        mark = b","
        yield opening
        length += len(opening)
        if name in members:
            brace = b"{"
            for unique_id in members[name]:
                opening = brace + encode(unique_id) + b":"
                part = encode_part(graph, compiled, created_at, unique_id)
                yield opening
                yield part
                places.ids.append(unique_id)
                start = length + len(opening)
                length = start + len(part)
                places.starts.append(start)
                places.ends.append(length)
                brace = b","
            closing = b"}" if brace == b"," else b"{}"
            yield closing
            length += len(closing)
        else:
            part = whole[name]
            yield part
            places.ids.append(name)
            places.starts.append(length)
            length += len(part)
            places.ends.append(length)
    yield b"}"


def _members(graph: Graph) -> dict[str, list[str]]:
    """Return what stands in each section that is an object of named pieces."""
    members: dict[str, list[str]] = {name: [] for name in _ORDER if name not in _WHOLE}
    for unique_ids in (graph.resources, graph.macros, graph.docs):
        for unique_id in unique_ids:
            members[SECTIONS[unique_id.partition(".")[0]]].append(unique_id)
    members["docs"].append(_OVERVIEW.unique_id)
    members["nodes"].extend(graph.lost)
    return members


def _encode_whole(graph: Graph, metadata: Metadata, created_at: float) -> dict[str, bytes]:
    """Return the sections that are one piece, by name."""
    encode = _encoder.encode
    return {
        "metadata": encode_metadata(graph, metadata),
        "selectors": encode(selector_values(graph.selectors)),
        "disabled": encode(
            {
                unique_id: [resource_value(item, created_at) for item in items]
                for unique_id, items in _disabled(graph)
            }
        ),
        **encode_edges(graph),
        "group_map": encode(_group_map(graph)),
    }


def encode_metadata(graph: Graph, metadata: Metadata) -> bytes:
    """Return the `metadata` block."""
    return _encoder.encode(_metadata_value(graph, metadata))


def encode_edges(graph: Graph) -> dict[str, bytes]:
    """Return the two maps of edges, by the name of their section."""
    encode = _encoder.encode
    parents, children = dict(graph.parents), dict(graph.children)
    for unique_id in graph.lost:
        above = getattr(graph.disabled[unique_id][-1], "depends_on", ())
        parents[unique_id], children[unique_id] = above, ()
        for parent in above:
            children[parent] = (*children[parent], unique_id)
    return {
        "parent_map": encode(_edges(parents)),
        "child_map": encode(_edges(children)),
    }


def _disabled(graph: Graph) -> Iterator[tuple[str, tuple[Resource, ...]]]:
    """Give what the section `disabled` lists: tests that lost what they read are nodes (ART)."""
    lost = frozenset(graph.lost)
    for unique_id, items in graph.disabled.items():
        listed = items[:-1] if unique_id in lost else items
        if listed:
            yield unique_id, listed


def _edges(edges: Mapping[str, tuple[str, ...]]) -> dict[str, list[str]]:
    """Edges as dbt writes them: sorted, each once, without groups (ART-26)."""
    return {
        unique_id: sorted(set(ends)) if len(ends) > 1 else list(ends)
        for unique_id, ends in edges.items()
        if unique_id.partition(".")[0] not in _OUTSIDE_DAG
    }


def _group_map(graph: Graph) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {
        entry.name: [] for entry in graph.entries.values() if entry.kind == "group"
    }
    for unique_id, entry in graph.entries.items():
        if entry.group is not None:
            groups.setdefault(entry.group, []).append(unique_id)
    return groups


def _metadata_value(graph: Graph, metadata: Metadata) -> dict[str, Any]:
    facts = graph.facts
    env = {**metadata.env, MAKER_KEY: metadata.upriver_version}
    if metadata.git_commit is not None:
        env[COMMIT_KEY] = metadata.git_commit
    if metadata.target_name is not None:
        env[TARGET_KEY] = metadata.target_name
    # dbt names a project by this digest; it protects nothing (ART-16).
    project_id = hashlib.md5(facts.project_name.encode(), usedforsecurity=False).hexdigest()
    quoting = facts.quoting
    return {
        "dbt_schema_version": SCHEMA,
        "dbt_version": metadata.dbt_version,
        "generated_at": metadata.generated_at,
        "invocation_id": metadata.invocation_id,
        "invocation_started_at": metadata.invocation_started_at,
        "env": env,
        "project_name": facts.project_name,
        "project_id": project_id,
        "user_id": metadata.user_id,
        "send_anonymous_usage_stats": metadata.send_anonymous_usage_stats,
        "adapter_type": facts.adapter_type,
        "quoting": {
            "database": quoting.get("database"),
            "schema": quoting.get("schema"),
            "identifier": quoting.get("identifier"),
            "column": quoting.get("column"),
        },
        "run_started_at": metadata.run_started_at,
    }


def commit_of(env: Mapping[str, str | None]) -> str | None:
    """Return the commit that a manifest's `metadata.env` says it was made from."""
    return next((env[key] for key in _COMMIT_KEYS if env.get(key)), None)
