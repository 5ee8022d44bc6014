"""Columns of models, seeds, snapshots, analyses and source tables (PROJ-167)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from upriver.parse.entries import shape
from upriver.parse.entries.reader import Keys, Reader, as_written
from upriver.parse.entries.tests import read_tests
from upriver.resources.definitions import ColumnPatch
from upriver.resources.semantic import GRANULARITIES

_SHAPE: shape.Shape = {
    "name": shape.TEXT,
    "description": shape.TEXT,
    "data_type": shape.OPTIONAL_TEXT,
    "constraints": shape.LIST,
    "quote": shape.OPTIONAL_BOOLEAN,
    "data_tests": shape.ANYTHING,
    "tests": shape.ANYTHING,
    "tags": shape.LIST,
    "meta": shape.MAPPING,
    "docs": shape.MAPPING,
    "config": shape.MAPPING,
    "granularity": shape.OPTIONAL_TEXT,
    "policy_tags": shape.OPTIONAL_LIST,
}
_KEPT = ("name", "description", "data_type", "quote", "meta", "granularity")
_CONSTRAINT_TYPES = (
    "check", "not_null", "unique", "primary_key", "foreign_key", "custom",
)  # fmt: skip


def read_columns(
    reader: Reader, item: Mapping[str, Any], raw: Mapping[str, Any], keys: Keys
) -> tuple[ColumnPatch, ...]:
    """Return the entries of an item's `columns:`.

    `item` is rendered; tests are taken from `raw`, where they are as written (PROJ-202).
    """
    if "columns" not in item:
        return ()
    listed = item["columns"]
    if not isinstance(listed, list):
        reader.wrong_type("columns", listed, "a list", (*keys, "columns"))
        return ()
    raw_listed = as_written(raw["columns"], listed)
    columns = []
    for index, column in enumerate(listed):
        patch = read_column(reader, column, raw_listed[index], (*keys, "columns", index))
        if patch is not None:
            columns.append(patch)
    return tuple(columns)


def read_column(reader: Reader, item: Any, raw: Any, keys: Keys) -> ColumnPatch | None:
    """Read one column."""
    if reader.name_of(item, keys, "A column") is None:
        return None
    known, unknown = reader.fields(item, _SHAPE, keys)
    if unknown:
        reader.doubt_unknown(unknown, _SHAPE, keys, "A column")
    fields = {key: known[key] for key in _KEPT if key in known}
    if "config" in known:
        _merge_config(reader, known, fields, keys)
    elif "tags" in known:
        fields["tags"] = reader.texts("tags", known["tags"], keys)
    if known.get("granularity") is not None:
        fields["granularity"] = _granularity(reader, known["granularity"], keys)
    if "constraints" in known:
        fields["constraints"] = check_constraints(reader, known["constraints"], keys)
    if known.get("policy_tags"):
        fields["policy_tags"] = reader.texts("policy_tags", known["policy_tags"], keys)
    if "data_tests" in known or "tests" in known:
        fields["tests"] = read_tests(reader, as_written(raw, item), keys) or ()
    if unknown:
        fields["extra"] = {str(key): value for key, value in unknown.items()}
    return ColumnPatch(**fields)


def _granularity(reader: Reader, word: str, keys: Keys) -> str | None:
    """Return the granularity of a time spine's column, in lower case as dbt writes it."""
    lower = word.lower()
    is_known = reader.one_of("granularity", lower, tuple(GRANULARITIES), keys)
    return lower if is_known else None


def _merge_config(
    reader: Reader, known: dict[str, Any], fields: dict[str, Any], keys: Keys
) -> None:
    """Merge `config:` into the column's own `meta` and `tags` (PROJ-136)."""
    config = known["config"]
    meta = config.get("meta")
    if isinstance(meta, dict):
        fields["meta"] = {**known.get("meta", {}), **meta}
    elif meta is not None:
        reader.wrong_type("meta", meta, "a mapping", (*keys, "config", "meta"))
    own = reader.texts("tags", known.get("tags"), keys)
    tags = config.get("tags")
    if tags is not None and not isinstance(tags, str | list):
        reader.wrong_type("tags", tags, "text or a list of texts", (*keys, "config", "tags"))
        tags = None
    added = reader.texts("tags", tags, (*keys, "config"))
    fields["tags"] = tuple(dict.fromkeys((*own, *added)))


def check_constraints(reader: Reader, listed: list[Any], keys: Keys) -> tuple[dict[str, Any], ...]:
    """Return the constraints that are mappings with a known type (PROJ-230)."""
    constraints = []
    for index, constraint in enumerate(listed):
        place = (*keys, "constraints", index)
        if not isinstance(constraint, dict):
            reader.wrong_type("constraints", constraint, "a list of mappings", place)
        elif "type" not in constraint:
            reader.report(
                "property-missing",
                "A constraint has no `type`",
                place,
                hint=f"Types are {', '.join(f'`{word}`' for word in _CONSTRAINT_TYPES)}",
            )
        elif reader.one_of("type", constraint["type"], _CONSTRAINT_TYPES, place):
            constraints.append(constraint)
    return tuple(constraints)
