"""What contexts are about while running: a node while it compiles, and while it is built."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from upriver.jinja.config import RunConfig
from upriver.jinja.subject import Overrides, Resolver, Subject
from upriver.resources.nodes import Node, Source
from upriver.run.batches import Batch
from upriver.run.contract_view import resolve_contract
from upriver.run.graph_view import model_dict, resource_dict
from upriver.run.relations import deferred_relation, source_relation, this_relation
from upriver.run.world import RunWorld


class RunParts(msgspec.Struct, frozen=True, kw_only=True):
    """What building a node adds to compiling it."""

    resolver: Resolver
    code: str | None
    """Compiled code; None for seeds."""
    path: str
    """Where the sent statement is written below its package (CLI-132)."""
    names: Mapping[str, Any] = {}
    """Further names, e.g. `load_agate_table`."""
    config: Mapping[str, Any] | None = None
    """Replaces the node's config, for unit tests and clones."""
    overrides: Overrides = Overrides()
    batch: Batch | None = None


def node_subject(
    node: Node,
    world: RunWorld,
    resolver: Resolver,
    *,
    names: Mapping[str, Any] | None = None,
    overrides: Overrides = Overrides(),  # noqa: B008 (frozen)
    batch: Batch | None = None,
) -> Subject:
    """Return the subject under which a node's own code is rendered."""
    parts = RunParts(
        resolver=resolver,
        code=None,
        path="",
        names=names or {},
        overrides=overrides,
        batch=batch,
    )
    return _subject(node, world, parts)


def run_subject(
    world: RunWorld, node: Node, parts: RunParts, names: Mapping[str, Any] | None = None
) -> Subject:
    """Return the subject under which a materialization builds a node (JINJA-177)."""
    return _subject(node, world, parts, names)


def _subject(
    node: Node, world: RunWorld, parts: RunParts, more: Mapping[str, Any] | None = None
) -> Subject:
    published = world.setting.published.get(node.unique_id)
    extra: dict[str, Any] = dict(more or {})
    extra["defer_relation"] = None if published is None else deferred_relation(world, published)
    extra.update(parts.names)
    config = node.config if parts.config is None else parts.config
    is_sql = node.language == "sql"

    made: list[dict[str, Any]] = []

    def make_model() -> dict[str, Any]:
        # Once for a subject: the macros of the adapter, which have a context apart, see the same.
        if not made:
            model = model_dict(node, parts.code, published, parts.batch)
            resolve_contract(model, parts.resolver, world.dialect)
            made.append(model)
        return made[0]

    return Subject(
        package=node.package,
        resolver=parts.resolver,
        config=RunConfig(config),
        name=node.name,
        unique_id=node.unique_id,
        this=this_relation(world, node),
        database=node.database,
        schema=node.schema,
        model=make_model,
        sql=parts.code if is_sql else None,
        compiled_code=parts.code,
        pre_hooks=tuple(config.get("pre-hook") or ()),
        post_hooks=tuple(config.get("post-hook") or ()),
        extra=extra,
        overrides=parts.overrides,
    )


def source_subject(world: RunWorld, source: Source, resolver: Resolver) -> Subject:
    """Return the subject under which a source's age is asked for (JINJA-76)."""

    def make_model() -> dict[str, Any]:
        return resource_dict(source)

    return Subject(
        package=source.package,
        resolver=resolver,
        config=RunConfig(source.config),
        name=f"{source.source_name}.{source.name}",
        unique_id=source.unique_id,
        this=source_relation(world, source),
        database=source.database,
        schema=source.schema,
        model=make_model,
        extra={"source_node": make_model()},
    )


def operation_subject(
    package: str,
    unique_id: str | None,
    resolver: Resolver,
    names: Mapping[str, Any] | None = None,
) -> Subject:
    """Return the subject of a macro that runs for no node: an operation, a schema, a comment."""
    return Subject(
        package=package,
        resolver=resolver,
        config=RunConfig({}),
        name=unique_id or "operation",
        unique_id=unique_id,
        extra=names or {},
    )
