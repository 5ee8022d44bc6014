"""What must be equal in two manifests, and what may differ, with the reason."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

SECTIONS = (
    "nodes", "sources", "exposures", "groups", "unit_tests", "docs", "disabled", "macros",
    "metrics", "semantic_models", "saved_queries", "functions",
)  # fmt: skip
IGNORED = frozenset(
    {
        "created_at",  # the time of parsing
        "root_path",  # the copy's own directory
        "build_path", "compiled_path",  # compared as files
        "compiled", "compiled_code", "extra_ctes", "extra_ctes_injected",  # compared as SQL
    }
)  # fmt: skip

BUNDLED = frozenset({"dbt", "dbt_duckdb", "dbt_postgres"})
"""The packages that the programs bring themselves."""


def resources(manifest: dict[str, Any], section: str) -> dict[str, Any]:
    """Return a section by id, without what the programs bring themselves."""
    found = manifest[section]
    if section in ("macros", "docs"):
        return {k: v for k, v in found.items() if k.split(".")[1] not in BUNDLED}
    if section == "disabled":
        # Files are read in the order that the file system has.
        return {
            f"{key} {one['original_file_path']}": one
            for key, ones in found.items()
            for one in ones
        }
    return dict(found)


def differences(dbt: dict[str, Any], ours: dict[str, Any]) -> Iterator[str]:
    """Describe every difference that matters."""
    for section in SECTIONS:
        theirs, mine = resources(dbt, section), resources(ours, section)
        yield from (f"{section}: only dbt has {key}" for key in theirs.keys() - mine.keys())
        yield from (f"{section}: only upriver has {key}" for key in mine.keys() - theirs.keys())
        for key in sorted(theirs.keys() & mine.keys()):
            yield from _differing(key, theirs[key], mine[key])
    for name in ("parent_map", "child_map", "group_map"):
        if _sorted(dbt[name]) != _sorted(ours[name]):
            yield f"{name} differs"
    if dbt["selectors"] != ours["selectors"]:
        yield "selectors differ"


def _differing(key: str, theirs: dict[str, Any], mine: dict[str, Any]) -> Iterator[str]:
    for name in sorted(theirs.keys() | mine.keys()):
        if name in IGNORED:
            continue
        a, b = _plain(name, theirs.get(name)), _plain(name, mine.get(name))
        if a != b:
            yield f"{key}.{name}: dbt {a!r}, upriver {b!r}"


def _plain(name: str, value: Any) -> Any:
    if name == "sources" and isinstance(value, list):
        # dbt keeps a set of those it reads without rendering.
        return sorted(value)
    if name == "depends_on":
        macros = sorted(m for m in value["macros"] if m.split(".")[1] not in BUNDLED)
        return {**value, "macros": macros, "nodes": sorted(value.get("nodes", []))}
    return value


def semantic(manifest: dict[str, Any]) -> dict[str, Any]:
    """Return a semantic manifest with its lists in the order of names."""
    settings = manifest["project_configuration"]
    spines = sorted(settings["time_spines"], key=lambda one: str(one["node_relation"]))
    lists = ("semantic_models", "metrics", "saved_queries")
    return {
        **manifest,
        **{key: sorted(manifest[key], key=lambda one: str(one["name"])) for key in lists},
        "project_configuration": {**settings, "time_spines": spines},
    }


def _sorted(edges: dict[str, list[str]]) -> dict[str, list[str]]:
    return {key: sorted(value) for key, value in edges.items()}


def sql(text: str | None) -> str:
    """Return SQL without comments, and with single spaces where they matter."""
    single = re.sub(r"\s+", " ", re.sub(r"--[^\n]*", "", text or "")).strip()
    return re.sub(r" ?([(),]) ?", r"\1", single)
