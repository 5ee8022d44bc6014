"""Keeping `manifest.json` true with as little writing as possible.

The file is written by every verb that promises it. When the graph is the remembered one, or
differs from it in a few resources, the last file is taken and only those pieces are replaced; what
was compiled last time and is not now gets its plain form back.
"""

from __future__ import annotations

import datetime
import mmap
import os
from collections.abc import Mapping

from upriver.graph.graph import Graph
from upriver.jinja.world import Invocation
from upriver.project.artifacts import metadata_of
from upriver.project.memory import ManifestRow, Memory
from upriver.state.publish import write_atomically
from upriver.state.wire.code_nodes import CompiledPart
from upriver.state.wire.manifest import (
    Metadata,
    Places,
    encode_edges,
    encode_metadata,
    encode_resource,
    manifest_pieces,
)
from upriver.state.wire.semantic_manifest import encode_semantic_manifest
from upriver.state.wire.splice import Layout, layout_of, splice

_MOST_REPLACED = 1000
"""Beyond this many pieces, writing everything is as fast."""


def write_manifest(
    target_path: str,
    graph: Graph,
    invocation: Invocation,
    compiled: Mapping[str, CompiledPart],
    memory: Memory,
    builds: str | None = None,
) -> str:
    """Write `manifest.json` whole or not at all, and return its path.

    `builds` are the records of what the graph's relations were built from.
    """
    path = os.path.join(target_path, "manifest.json")
    metadata = metadata_of(invocation, builds)
    known = {i: part for i, part in compiled.items() if i in graph.entries}
    row = memory.manifest_row()
    layout = None
    if row is not None and os.path.exists(_semantic_path(path)):
        layout = _replace_pieces(path, row, graph, metadata, known)
    if layout is None:
        layout = _write_all(path, graph, metadata, known)
    stat = os.stat(path)
    memory.put_manifest_row(
        ManifestRow(stat.st_size, stat.st_mtime_ns, stat.st_ino, layout, tuple(known))
    )
    return path


def _write_all(
    path: str, graph: Graph, metadata: Metadata, compiled: Mapping[str, CompiledPart]
) -> Layout:
    places = Places()
    pieces = manifest_pieces(graph, metadata, compiled, _started(metadata), places)
    write_atomically(path, pieces)
    # Nothing that is relinked alone has a part in the semantic layer.
    write_atomically(_semantic_path(path), encode_semantic_manifest(graph))
    return layout_of(places)


def _semantic_path(path: str) -> str:
    return os.path.join(os.path.dirname(path), "semantic_manifest.json")


def _started(metadata: Metadata) -> float:
    return datetime.datetime.fromisoformat(metadata.run_started_at or "").timestamp()


def _replace_pieces(
    path: str,
    row: ManifestRow,
    graph: Graph,
    metadata: Metadata,
    compiled: Mapping[str, CompiledPart],
) -> Layout | None:
    changed = {*row.changed, *row.compiled, *compiled}
    if len(changed) > _MOST_REPLACED or not changed <= graph.entries.keys():
        return None
    created_at = _started(metadata)
    parts = {
        unique_id: encode_resource(graph.resources[unique_id], created_at, compiled.get(unique_id))
        for unique_id in changed
    }
    parts["metadata"] = encode_metadata(graph, metadata)
    if row.are_edges_changed:
        parts.update(encode_edges(graph))
    try:
        with open(path, "rb") as file:
            stat = os.fstat(file.fileno())
            if (stat.st_size, stat.st_mtime_ns, stat.st_ino) != (
                row.size,
                row.mtime_ns,
                row.inode,
            ):
                return None
            old = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
            made = splice(old, row.layout, parts)
            if made is None:
                return None
            pieces, layout = made
            write_atomically(path, pieces)
            return layout
    except (OSError, ValueError):
        return None
