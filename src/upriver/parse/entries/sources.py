"""Sources and their tables (PROJ-186..196)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from upriver.parse.entries import shape
from upriver.parse.entries.columns import read_columns
from upriver.parse.entries.reader import Keys, Reader, as_written
from upriver.parse.entries.tests import read_tests
from upriver.resources.definitions import SourceDefinition

_SHAPE: shape.Shape = {
    "name": shape.TEXT,
    "description": shape.TEXT,
    "database": shape.OPTIONAL_TEXT,
    "schema": shape.OPTIONAL_TEXT,
    "loader": shape.TEXT,
    "quoting": shape.MAPPING,
    "freshness": shape.OPTIONAL_MAPPING,
    "loaded_at_field": shape.OPTIONAL_TEXT,
    "loaded_at_query": shape.OPTIONAL_TEXT,
    "tables": shape.LIST,
    "tags": shape.LIST,
    "meta": shape.MAPPING,
    "config": shape.MAPPING,
    "overrides": shape.OPTIONAL_TEXT,
}
_TABLE: shape.Shape = {
    "name": shape.TEXT,
    "description": shape.TEXT,
    "identifier": shape.OPTIONAL_TEXT,
    "loader": shape.OPTIONAL_TEXT,
    "quoting": shape.MAPPING,
    "freshness": shape.OPTIONAL_MAPPING,
    "loaded_at_field": shape.OPTIONAL_TEXT,
    "loaded_at_query": shape.OPTIONAL_TEXT,
    "external": shape.OPTIONAL_MAPPING,
    "columns": shape.ANYTHING,
    "data_tests": shape.ANYTHING,
    "tests": shape.ANYTHING,
    "docs": shape.MAPPING,
    "tags": shape.LIST,
    "meta": shape.MAPPING,
    "config": shape.MAPPING,
}
_NOT_THE_TABLES = ("columns", "data_tests", "tests", "docs")
_QUOTING_KEYS = ("database", "schema", "identifier")
_PERIODS = ("minute", "hour", "day")
_FRESHNESS_KEYS = ("warn_after", "error_after", "filter")


def read_source(reader: Reader, raw: Any, keys: Keys) -> list[SourceDefinition]:
    """Return a definition per table of one source."""
    if reader.name_of(raw, keys, "A source") is None:
        return []
    item = reader.render(raw, keys, _is_left_alone)
    name = reader.name_of(item, keys, "A source")
    if name is None:
        return []
    known, unknown = reader.fields(item, _SHAPE, keys)
    if unknown:
        reader.refuse_unknown(unknown, _SHAPE, keys, "A source")
    tables = known.pop("tables", [])
    _check_values(reader, known, keys)
    _warn_overrides(reader, known, keys)
    raw_source = {key: raw[key] for key in known}
    definitions = []
    raw_tables = as_written(raw.get("tables"), tables)
    for index, table in enumerate(tables):
        raw_table = as_written(raw_tables[index], table)
        definition = _read_table(
            reader, (known, raw_source), table, raw_table, (*keys, "tables", index)
        )
        if definition is not None:
            definitions.append(definition)
    return definitions


def _is_left_alone(keys: Keys) -> bool:
    match keys:
        case ("description",) | ("loaded_at_query",) | ("config", "loaded_at_query"):
            return True
        case ("tables", _, "tests" | "data_tests" | "loaded_at_query", *_):
            return True
        case ("tables", _, "config", "loaded_at_query"):
            return True
        case ("tables", _, "columns", _, "tests" | "data_tests", *_):
            return True
        case ("tables", *_):
            return keys[-1] == "description"
    return False


def _read_table(
    reader: Reader,
    source: tuple[dict[str, Any], dict[str, Any]],
    item: Any,
    raw: Any,
    keys: Keys,
) -> SourceDefinition | None:
    name = reader.name_of(item, keys, "A table")
    if name is None:
        return None
    known, unknown = reader.fields(item, _TABLE, keys)
    if unknown:
        reader.doubt_unknown(unknown, _TABLE, keys, "A table")
    table = {key: value for key, value in known.items() if key not in _NOT_THE_TABLES}
    _check_values(reader, table, keys)
    own, raw_source = source
    return SourceDefinition(
        source_name=own["name"],
        name=name,
        package=reader.package,
        path=reader.path,
        source=own,
        table=table,
        raw_source=raw_source,
        raw_table={key: raw[key] for key in table},
        columns=read_columns(reader, item, raw, keys),
        tests=read_tests(reader, raw, keys) or (),
        keys=keys,
    )


def _check_values(reader: Reader, known: dict[str, Any], keys: Keys) -> None:
    """Check what sources and tables have in common; what is wrong is taken out."""
    if known.get("loaded_at_field") is not None and known.get("loaded_at_query") is not None:
        reader.report(
            "source-loaded-at-twice",
            "`loaded_at_field` and `loaded_at_query` are both given",
            (*keys, "loaded_at_query"),
            hint="Keep one of them",
        )
    if "tags" in known:
        known["tags"] = list(reader.texts("tags", known["tags"], keys))
    if "quoting" in known:
        _check_quoting(reader, known["quoting"], keys)
    if known.get("freshness") and not check_freshness(
        reader, known["freshness"], (*keys, "freshness")
    ):
        del known["freshness"]


def _check_quoting(reader: Reader, quoting: Mapping[str, Any], keys: Keys) -> None:
    for key, value in quoting.items():
        if key in _QUOTING_KEYS and value is not None and not isinstance(value, bool):
            reader.wrong_type(key, value, "`true` or `false`", (*keys, "quoting", key))


def check_freshness(reader: Reader, freshness: Mapping[str, Any], keys: Keys) -> bool:
    """Check `freshness:` of a source or table (PROJ-190)."""
    is_good = True
    for key, value in freshness.items():
        if key not in _FRESHNESS_KEYS:
            reader.refuse_unknown((key,), dict.fromkeys(_FRESHNESS_KEYS, shape.ANYTHING), keys,
                                  "`freshness`")  # fmt: skip
            is_good = False
        elif value is None:
            continue
        elif key == "filter":
            is_good &= _expect(reader, key, value, str, "text", keys)
        elif _expect(reader, key, value, dict, "a mapping", keys):
            is_good &= _check_threshold(reader, value, (*keys, key))
        else:
            is_good = False
    return is_good


def _check_threshold(reader: Reader, threshold: Mapping[str, Any], keys: Keys) -> bool:
    count, period = threshold.get("count"), threshold.get("period")
    is_good = True
    if count is not None and (isinstance(count, bool) or not isinstance(count, int)):
        reader.wrong_type("count", count, "a whole number", (*keys, "count"))
        is_good = False
    if period is not None:
        is_good &= reader.one_of("period", period, _PERIODS, keys)
    return is_good


def _expect(reader: Reader, key: str, value: Any, kind: type, words: str, keys: Keys) -> bool:
    if isinstance(value, kind):
        return True
    reader.wrong_type(key, value, words, (*keys, key))
    return False


def _warn_overrides(reader: Reader, known: Mapping[str, Any], keys: Keys) -> None:
    if known.get("overrides") is not None:
        reader.report(
            "source-overrides-deprecated",
            f"The source `{known['name']}` overrides the one of `{known['overrides']}`, which is "
            "deprecated",
            (*keys, "overrides"),
            hint="Disable the package's source and define it here under its own name",
            severity="warning",
            event="SourceOverrideDeprecation",
        )
