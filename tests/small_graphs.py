"""Graphs for tests, made by hand from one line per resource."""

from __future__ import annotations

from typing import Any

from upriver.graph.graph import Entry, Graph, ProjectFacts
from upriver.resources.nodes import Exposure, Model, Resource, Seed, Source, Test, UnitTest
from upriver.resources.relation import RelationName


def small_graph(lines: dict[str, str], **extra: dict[str, Any]) -> Graph:
    """Build a graph from `{"model.p.a": "source.p.raw.t seed.p.s"}`: id to what it depends on.

    `extra` maps a resource's name to further fields of its entry, plus `config`.
    """
    entries: dict[str, Entry] = {}
    resources: dict[str, Resource] = {}
    for unique_id in lines:
        kind, package, *names = unique_id.split(".")
        name = names[-1] if kind == "source" else names[0]
        fields = dict(extra.get(name, {}))
        config = fields.pop("config", {})
        fields.setdefault("fqn", (package, *names))
        if kind in ("model", "seed", "snapshot"):
            fields.setdefault("materialized", "seed" if kind == "seed" else "table")
        if kind == "source":
            fields.setdefault("source_name", names[0])
        schema = names[0] if kind == "source" else "dev"
        has_relation = kind in ("model", "seed", "snapshot", "source")
        if fields.get("materialized") == "ephemeral":
            has_relation = False
        relation = RelationName(database="db", schema=schema, identifier=name)
        entries[unique_id] = Entry(
            unique_id=unique_id,
            kind=kind,
            name=name,
            package=package,
            relation=relation if has_relation else None,
            relation_name=f'"db"."{schema}"."{name}"' if has_relation else None,
            original_file_path=fields.pop("original_file_path", f"models/{name}.sql"),
            **fields,
        )
        resources[unique_id] = _resource(entries[unique_id], config)
    parents = {unique_id: tuple(above.split()) for unique_id, above in lines.items()}
    children: dict[str, list[str]] = {unique_id: [] for unique_id in lines}
    for unique_id, above in parents.items():
        for parent in above:
            children[parent].append(unique_id)
    return Graph(
        facts=ProjectFacts(project_name="p", adapter_type="duckdb", packages=("p",)),
        entries=entries,
        parents=parents,
        children={unique_id: tuple(below) for unique_id, below in children.items()},
        resources=resources,
        macros={},
        docs={},
        disabled={},
        selectors={},
    )


def _resource(entry: Entry, config: dict[str, Any]) -> Resource:
    common: dict[str, Any] = {
        "unique_id": entry.unique_id,
        "name": entry.name,
        "package": entry.package,
        "path": f"{entry.name}.sql",
        "original_file_path": entry.original_file_path,
        "fqn": entry.fqn,
        "config": config,
        "tags": entry.tags,
    }
    stored = {
        "alias": entry.name,
        "database": "db",
        "schema": "dev",
        "relation_name": entry.relation_name,
    }
    match entry.kind:
        case "source":
            return Source(
                **common,
                source_name=entry.source_name or "",
                database="db",
                schema="raw",
                identifier=entry.name,
                relation_name=entry.relation_name or "",
            )
        case "exposure":
            return Exposure(**common, type="dashboard", owner={"name": "x"})
        case "unit_test":
            return UnitTest(**common, model="m", given=(), expect={})
        case "test":
            return Test(**common, **stored, test_name=entry.test_name)
        case "seed":
            return Seed(**common, **stored)
        case _:
            return Model(**common, **stored, raw_code="select 1")
