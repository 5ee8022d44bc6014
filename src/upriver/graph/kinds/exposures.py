"""Exposures and groups (PROJ-160, PROJ-251)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from upriver.graph.config import HOOK_KEYS, apply_layer, as_list, settle
from upriver.graph.drafts import Draft, Scope, resolve_config
from upriver.problems import Span
from upriver.resources.definitions import YamlDefinition
from upriver.resources.nodes import Exposure, Group


def draft_exposure(scope: Scope, definition: YamlDefinition) -> Draft:
    """Draft an exposure."""
    body = definition.body
    package, path, name = definition.package, definition.path, definition.name
    file = scope.place(package, path)
    unique_id = f"exposure.{package}.{name}"
    fqn = (package, *scope.directories(package, path), name)
    said: dict[str, Any] = dict(body.get("config") or {})
    raw = dict(said)
    if body.get("tags") or said.get("tags"):
        tags = {str(tag) for tag in (*as_list(body.get("tags")), *as_list(said.get("tags")))}
        said["tags"] = sorted(tags)
    if body.get("meta") or said.get("meta"):
        said["meta"] = {**(body.get("meta") or {}), **(said.get("meta") or {})}
    resolved = resolve_config(
        scope, "exposure", package, fqn, yaml=said, raw_yaml=raw, in_file={}, raw_in_file={}
    )
    config, facts = resolved.config, definition.facts
    span = Span(file=file, keys=(*definition.keys, "description"))
    description, _ = scope.descriptions.render(
        str(body.get("description") or ""), package, span, unique_id
    )
    return Draft(
        type=Exposure,
        kind="exposure",
        unique_id=unique_id,
        name=name,
        package=package,
        is_enabled=config["enabled"] is not False,
        values={
            "unique_id": unique_id,
            "name": name,
            "package": package,
            "path": scope.below_search_path(package, path),
            "original_file_path": path,
            "fqn": fqn,
            "type": body["type"],
            "owner": dict(body["owner"]),
            "description": description,
            "label": body.get("label"),
            "maturity": body.get("maturity"),
            "url": body.get("url"),
            "meta": config["meta"],
            "tags": tuple(as_list(config["tags"])),
            "config": config,
            "unrendered_config": resolved.unrendered,
            "refs": facts.refs,
            "sources": facts.sources,
            "metrics": facts.metrics,
        },
        refs=facts.refs,
        sources=facts.sources,
        metrics=facts.metrics,
        file=file,
        keys=definition.keys,
    )


def draft_group(scope: Scope, definition: YamlDefinition) -> Draft:
    """Draft a group. dbt gives groups what the `models` tree says of their place (observed)."""
    body = definition.body
    package, path, name = definition.package, definition.path, definition.name
    unique_id = f"group.{package}.{name}"
    fqn = (package, *scope.directories(package, path), name)
    merged = dict(scope.trees.own("group", package, fqn).merged)
    override = scope.trees.override("group", package, fqn)
    for layer in () if override is None else override.layers:
        meta = dict(merged.get("meta") or {})
        apply_layer(merged, layer, "group")
        merged["meta"] = {**meta, **(layer.get("meta") or {})}
    config: dict[str, Any] = {"meta": {}}
    settled = settle(merged, "group")
    config.update((key, value) for key, value in settled.items() if key not in HOOK_KEYS)
    said: Mapping[str, Any] = body.get("config") or {}
    for key, value in said.items():
        before = config.get(key)
        both = key == "meta" and isinstance(before, Mapping) and isinstance(value, Mapping)
        config[key] = {**before, **value} if both else value  # type: ignore[dict-item]
    return Draft(
        type=Group,
        kind="group",
        unique_id=unique_id,
        name=name,
        package=package,
        is_enabled=True,
        values={
            "unique_id": unique_id,
            "name": name,
            "package": package,
            "path": scope.below_search_path(package, path),
            "original_file_path": path,
            "owner": dict(body["owner"]),
            "description": body.get("description"),
            "config": config,
        },
        file=scope.place(package, path),
        keys=definition.keys,
    )
