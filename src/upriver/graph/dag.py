"""Edges, the order they imply, and the small entries that selection reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from upriver.graph.graph import Entry
from upriver.resources.nodes import Resource
from upriver.resources.relation import RelationName

_WITHOUT_CODE = frozenset({"seed", "source", "exposure", "group", "unit_test"})
_PLAIN = frozenset({"exposure", "group", "unit_test", "metric", "semantic_model", "saved_query"})
_UNTAGGED = frozenset({"group", "semantic_model"})
_GROUPED = frozenset({"metric", "semantic_model", "saved_query"})


def edges(
    dependencies: Mapping[str, tuple[str, ...]],
) -> tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]]:
    """Return parents and children, without ends that are not in the graph (SEL-37)."""
    parents: dict[str, tuple[str, ...]] = {}
    children: dict[str, list[str]] = {unique_id: [] for unique_id in dependencies}
    for unique_id, above in dependencies.items():
        held = above
        if not children.keys() >= set(above):
            held = tuple(one for one in above if one in children)
        parents[unique_id] = held
        for parent in held:
            children[parent].append(unique_id)
    return parents, {unique_id: tuple(below) for unique_id, below in children.items()}


def find_cycle(
    parents: Mapping[str, tuple[str, ...]], children: Mapping[str, tuple[str, ...]]
) -> tuple[str, ...]:
    """Return one cycle, each resource reading the next and the last the first; empty if none.

    Linear: resources are taken away in an order their edges allow, and what remains is searched.
    """
    waiting = {unique_id: len(above) for unique_id, above in parents.items()}
    ready = [unique_id for unique_id, count in waiting.items() if not count]
    taken = 0
    while ready:
        unique_id = ready.pop()
        taken += 1
        for child in children[unique_id]:
            waiting[child] -= 1
            if not waiting[child]:
                ready.append(child)
    if taken == len(parents):
        return ()
    left = {unique_id for unique_id, count in waiting.items() if count}
    # Everything left has a parent that is left as well, so walking up must come round.
    path: dict[str, None] = {}
    current = min(left)
    while current not in path:
        path[current] = None
        current = next(parent for parent in parents[current] if parent in left)
    walked = list(path)
    return tuple(walked[walked.index(current) :])


def entry_of(resource: Resource, kind: str, references: tuple[str, ...]) -> Entry:
    """Return what selection and planning need of a resource."""
    if kind == "source":
        return _source_entry(resource)
    if kind in _PLAIN:
        return _plain_entry(resource, kind, references)
    return _node_entry(resource, kind, references)


def _node_entry(node: Any, kind: str, references: tuple[str, ...]) -> Entry:
    is_model = kind == "model"
    relation_name = node.relation_name
    return Entry(
        unique_id=node.unique_id,
        kind=kind,
        name=node.name,
        package=node.package,
        fqn=node.fqn,
        tags=node.tags,
        original_file_path=node.original_file_path,
        patch_path=node.patch_path,
        group=node.group,
        access=node.access if is_model else None,
        version=node.version if is_model else None,
        latest_version=node.latest_version if is_model else None,
        materialized=node.config.get("materialized"),
        relation=None
        if relation_name is None and kind != "function"
        else RelationName(database=node.database, schema=node.schema, identifier=node.alias),
        relation_name=relation_name,
        is_empty=kind not in _WITHOUT_CODE and (not node.raw_code or node.raw_code.isspace()),
        test_name=node.test_name if kind == "test" else None,
        references=references,
    )


def _source_entry(source: Any) -> Entry:
    return Entry(
        unique_id=source.unique_id,
        kind="source",
        name=source.name,
        package=source.package,
        fqn=source.fqn,
        tags=source.tags,
        original_file_path=source.original_file_path,
        patch_path=source.patch_path,
        relation=RelationName(
            database=source.database, schema=source.schema, identifier=source.identifier
        ),
        relation_name=source.relation_name,
        source_name=source.source_name,
    )


def _plain_entry(resource: Any, kind: str, references: tuple[str, ...]) -> Entry:
    is_group = kind == "group"
    return Entry(
        unique_id=resource.unique_id,
        kind=kind,
        name=resource.name,
        package=resource.package,
        fqn=(resource.package, resource.name) if is_group else resource.fqn,
        tags=() if kind in _UNTAGGED else resource.tags,
        original_file_path=resource.original_file_path,
        group=resource.group if kind in _GROUPED else None,
        version=resource.version if kind == "unit_test" else None,
        references=references,
    )
