"""A graph made from a manifest that dbt wrote, so that both sides of a comparison can be had."""

from __future__ import annotations

from typing import Any

from upriver.graph.graph import Entry, Graph, ProjectFacts
from upriver.resources.calls import RefCall, SourceCall
from upriver.resources.macro import Doc, Macro, MacroArgument
from upriver.resources.nodes import (
    Analysis,
    Column,
    Exposure,
    Group,
    Model,
    Operation,
    Resource,
    Seed,
    Snapshot,
    Source,
    Test,
    UnitTest,
)

_CLASSES = {
    "model": Model,
    "seed": Seed,
    "snapshot": Snapshot,
    "analysis": Analysis,
    "operation": Operation,
    "test": Test,
    "source": Source,
    "exposure": Exposure,
    "group": Group,
    "unit_test": UnitTest,
}
_MAPS = ("nodes", "sources", "exposures", "groups", "unit_tests")


def graph_of(manifest: dict[str, Any]) -> Graph:
    """Build a graph from a manifest. Metrics, functions and the like are left out."""
    members = {key: value for name in _MAPS for key, value in manifest[name].items()}
    resources = {key: resource_of(value) for key, value in members.items()}
    entries = {key: _entry(value) for key, value in members.items()}
    parents = {
        key: tuple(parent for parent in ends if parent in entries)
        for key, ends in manifest["parent_map"].items()
        if key in entries
    }
    children = {
        key: tuple(child for child in ends if child in entries)
        for key, ends in manifest["child_map"].items()
        if key in entries
    }
    metadata = manifest["metadata"]
    return Graph(
        facts=ProjectFacts(
            project_name=metadata["project_name"],
            adapter_type=metadata["adapter_type"],
            quoting=metadata["quoting"],
            packages=(metadata["project_name"],),
        ),
        entries=entries,
        parents=parents,
        children=children,
        resources=resources,
        macros={key: _macro(value) for key, value in manifest["macros"].items()},
        docs={
            key: Doc(
                unique_id=key,
                name=value["name"],
                package=value["package_name"],
                path=value["path"],
                original_file_path=value["original_file_path"],
                block_contents=value["block_contents"],
            )
            for key, value in manifest["docs"].items()
        },
        disabled={
            key: tuple(resource_of(item) for item in items)
            for key, items in manifest["disabled"].items()
        },
        selectors=manifest["selectors"],
    )


def resource_of(value: dict[str, Any]) -> Resource:
    """Build a resource from its JSON."""
    fields = dict(value)
    kind = fields.pop("resource_type")
    fields["package"] = fields.pop("package_name")
    depends_on = fields.pop("depends_on", {})
    fields["depends_on"] = tuple(depends_on.get("nodes", ()))
    fields["depends_on_macros"] = tuple(depends_on.get("macros", ()))
    fields["refs"] = tuple(RefCall(**call) for call in fields.get("refs", ()))
    fields["sources"] = tuple(
        SourceCall(source=source, table=table) for source, table in fields.get("sources", ())
    )
    fields["columns"] = {
        name: _column(column) for name, column in fields.get("columns", {}).items()
    }
    for name in ("fqn", "tags", "doc_blocks", "primary_key", "constraints", "given"):
        fields[name] = tuple(fields.get(name) or ())
    for name in ("metrics", "functions"):
        fields[name] = tuple(RefCall(name=call[-1]) for call in fields.get(name) or ())
    if isinstance(fields.get("checksum"), dict):
        fields["checksum_name"] = fields["checksum"]["name"]
        fields["checksum"] = fields["checksum"]["checksum"]
    if kind == "model":
        fields["contract_checksum"] = fields["contract"]["checksum"]
    metadata = fields.get("test_metadata")
    if metadata is not None:
        fields["test_name"] = metadata["name"]
        fields["test_kwargs"] = metadata["kwargs"]
        fields["test_namespace"] = metadata["namespace"]
    cls = _CLASSES[kind]
    known = cls.__struct_fields__
    return cls(**{key: item for key, item in fields.items() if key in known})


def _column(value: dict[str, Any]) -> Column:
    fields = {key: item for key, item in value.items() if key in Column.__struct_fields__}
    for name in ("constraints", "tags", "doc_blocks"):
        fields[name] = tuple(fields.get(name) or ())
    known = {*Column.__struct_fields__, "config"}
    return Column(**fields, extra={key: item for key, item in value.items() if key not in known})


def _macro(value: dict[str, Any]) -> Macro:
    return Macro(
        unique_id=value["unique_id"],
        name=value["name"],
        package=value["package_name"],
        path=value["path"],
        original_file_path=value["original_file_path"],
        macro_sql=value["macro_sql"],
        arguments=tuple(MacroArgument(**item) for item in value["arguments"]),
        supported_languages=value["supported_languages"],
        description=value["description"],
        docs=value["docs"],
        meta=value["meta"],
        config=value["config"],
        patch_path=value["patch_path"],
        depends_on=tuple(value["depends_on"]["macros"]),
    )


def _entry(value: dict[str, Any]) -> Entry:
    return Entry(
        unique_id=value["unique_id"],
        kind=value["resource_type"],
        name=value["name"],
        package=value["package_name"],
        fqn=tuple(value.get("fqn", ())),
        original_file_path=value["original_file_path"],
        group=value.get("group"),
        version=value.get("version"),
    )
