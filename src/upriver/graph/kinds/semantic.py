"""Semantic models, metrics and saved queries (PROJ-157..159, PROJ-252)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from upriver.graph.config import apply_layer, as_list
from upriver.graph.drafts import Draft, Scope
from upriver.problems import Problem, Span
from upriver.resources.calls import RefCall
from upriver.resources.definitions import YamlDefinition
from upriver.resources.semantic import Metric, SavedQuery, SemanticModel

_ELEMENTS = ("entities", "measures", "dimensions")


def draft_semantic_model(scope: Scope, definition: YamlDefinition) -> Iterator[Draft]:
    """Draft a semantic model, and a metric for each measure that asks for one."""
    body = definition.body
    unique_id, values = _common(scope, definition, "semantic_model")
    config = values["config"]
    for key in ("model", "label", "defaults", "primary_entity"):
        values[key] = body[key]
    for key in _ELEMENTS:
        values[key] = tuple(
            _element(scope, definition, one, (key, at), config["meta"], unique_id)
            for at, one in enumerate(body[key])
        )
    values["refs"] = definition.facts.refs
    yield _draft(scope, definition, SemanticModel, values, refs=definition.facts.refs)
    for at, measure in enumerate(body["measures"]):
        if measure["create_metric"]:
            yield draft_metric(scope, _created(definition, measure, config, at))


def _element(
    scope: Scope,
    definition: YamlDefinition,
    body: Mapping[str, Any],
    keys: tuple[str, int],
    meta: Mapping[str, Any],
    unique_id: str,
) -> dict[str, Any]:
    """Return an entity, measure or dimension with its description rendered (PROJ-170)."""
    value = {**body, "config": {"meta": {**meta, **(body["config"].get("meta") or {})}}}
    if body["description"]:
        span = _span(scope, definition, *keys, "description")
        value["description"], _ = scope.descriptions.render(
            body["description"], definition.package, span, unique_id
        )
    if keys[0] == "measures":
        # The metric it asks for is one of its own.
        value["create_metric"] = False
    elif keys[0] == "dimensions":
        value["metadata"] = None
    return value


def _created(
    definition: YamlDefinition, measure: Mapping[str, Any], config: Mapping[str, Any], at: int
) -> YamlDefinition:
    """Return the definition of the metric that `create_metric` stands for."""
    name = measure["name"]
    return YamlDefinition(
        kind="metric",
        name=name,
        package=definition.package,
        path=definition.path,
        body={
            "type": "simple",
            "label": measure["label"] or name,
            "description": measure["description"] or f"Metric created from measure {name}",
            "type_params": {
                "measure": {
                    "name": name,
                    "filter": None,
                    "alias": None,
                    "join_to_timespine": False,
                    "fill_nulls_with": None,
                },
                "numerator": None,
                "denominator": None,
                "expr": measure["expr"] or name,
                "window": None,
                "grain_to_date": None,
                "metrics": [],
                "conversion_type_params": None,
                "cumulative_type_params": None,
            },
            "filter": None,
            "time_granularity": None,
            "meta": {},
            "tags": [],
            "config": {"enabled": config["enabled"], "meta": config["meta"]},
        },
        keys=(*definition.keys, "measures", at),
    )


def draft_metric(scope: Scope, definition: YamlDefinition) -> Draft:
    """Draft a metric. What it is computed from is looked up when all names are known."""
    body = definition.body
    _, values = _common(scope, definition, "metric")
    for key in ("label", "type", "type_params", "filter", "time_granularity"):
        values[key] = body[key]
    values["type_params"] = {
        **body["type_params"], "input_measures": [], "metric_aggregation_params": None,
    }  # fmt: skip
    values["description"] = values["description"] or ""
    values["meta"] = values["config"]["meta"] or body["meta"]
    values["tags"] = tuple(body["tags"])
    return _draft(scope, definition, Metric, values)


def draft_saved_query(scope: Scope, definition: YamlDefinition) -> Draft:
    """Draft a saved query."""
    body = definition.body
    unique_id, values = _common(scope, definition, "saved_query")
    config = values["config"]
    values["label"] = body["label"]
    values["query_params"] = body["query_params"]
    values["tags"] = tuple(sorted({*body["tags"], *map(str, as_list(config.get("tags")))}))
    values["exports"] = tuple(
        _export(scope, definition, one, config, at, unique_id)
        for at, one in enumerate(body["exports"])
    )
    metrics = tuple(RefCall(name=name) for name in body["query_params"]["metrics"])
    return _draft(scope, definition, SavedQuery, values, metrics=metrics)


def _export(
    scope: Scope,
    definition: YamlDefinition,
    body: Mapping[str, Any],
    config: Mapping[str, Any],
    at: int,
    unique_id: str,
) -> dict[str, Any]:
    """Return an export with where it goes: its own words, the query's, then the target's."""
    said = {**config, **body["config"]}
    package, names = definition.package, scope.names

    def view() -> Mapping[str, Any]:
        return {
            "name": body["name"],
            "unique_id": unique_id,
            "package_name": package,
            "resource_type": "saved_query",
            "config": said,
        }

    answers = {
        "schema_name": said.get("schema_name")
        or said.get("schema")
        or names.schema(package, None, view),
        "alias": said.get("alias") or names.alias(package, None, body["name"], None, view),
        "database": names.database(package, said.get("database"), view),
    }
    for key, answer in answers.items():
        if isinstance(answer, Problem):
            scope.problems.append(answer)
            answers[key] = None
    if said.get("export_as") is None:
        scope.report(
            "export-without-destination",
            f"The export `{body['name']}` of `{unique_id}` does not say what it makes",
            _span(scope, definition, "exports", at),
            unique_id=unique_id,
            hint="Set `export_as` to `table` or `view`",
        )
    return {
        "name": body["name"],
        "config": {"export_as": said.get("export_as"), **answers},
        "unrendered_config": body["config"],
    }


def _common(scope: Scope, definition: YamlDefinition, kind: str) -> tuple[str, dict[str, Any]]:
    """Return a resource's unique_id, and the values that all three kinds have."""
    body = definition.body
    package, path, name = definition.package, definition.path, definition.name
    unique_id = f"{kind}.{package}.{name}"
    fqn = (package, *scope.directories(package, path), name)
    config, unrendered = _config(scope, kind, package, fqn, body["config"])
    description = body["description"]
    if description:
        span = _span(scope, definition, "description")
        description, _ = scope.descriptions.render(description, package, span, unique_id)
    return unique_id, {
        "unique_id": unique_id,
        "name": name,
        "package": package,
        "path": scope.below_search_path(package, path),
        "original_file_path": path,
        "fqn": fqn,
        "description": description,
        "config": config,
        "unrendered_config": unrendered,
        "group": config["group"],
    }


def _config(
    scope: Scope, kind: str, package: str, fqn: tuple[str, ...], said: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Merge the layers of a config, and what manifests show as written.

    As observed, the latter holds the project's tree for metrics only.
    """
    own = scope.trees.own(kind, package, fqn)
    override = scope.trees.override(kind, package, fqn)
    config = dict(own.merged)
    apply_layer(config, said, kind)
    unrendered = {**own.raw, **said} if kind == "metric" else dict(said)
    if override is not None:
        for layer in override.layers:
            apply_layer(config, layer, kind)
        if kind == "metric":
            unrendered.update(override.raw)
    return config, unrendered


def _span(scope: Scope, definition: YamlDefinition, *keys: str | int) -> Span:
    file = scope.place(definition.package, definition.path)
    return Span(file=file, keys=(*definition.keys, *keys))


def _draft(
    scope: Scope,
    definition: YamlDefinition,
    type_: type[Any],
    values: dict[str, Any],
    *,
    refs: tuple[RefCall, ...] = (),
    metrics: tuple[RefCall, ...] = (),
) -> Draft:
    return Draft(
        type=type_,
        kind=definition.kind,
        unique_id=values["unique_id"],
        name=definition.name,
        package=definition.package,
        is_enabled=values["config"]["enabled"] is not False,
        values=values,
        refs=refs,
        metrics=metrics,
        file=scope.place(definition.package, definition.path),
        keys=definition.keys,
    )
