"""Versions of a model (PROJ-223, PROJ-224)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from upriver.parse.entries import shape
from upriver.parse.entries.columns import check_constraints, read_column
from upriver.parse.entries.dates import read_date
from upriver.parse.entries.reader import Keys, Reader, as_written
from upriver.parse.entries.tests import read_tests
from upriver.resources.calls import Version
from upriver.resources.definitions import ColumnPatch, VersionPatch

_VERSION = shape.Rule((str, int, float), "text or a number")
_SHAPE: shape.Shape = {
    "v": _VERSION,
    "defined_in": shape.OPTIONAL_TEXT,
    "description": shape.TEXT,
    "access": shape.OPTIONAL_TEXT,
    "config": shape.MAPPING,
    "columns": shape.LIST,
    "data_tests": shape.ANYTHING,
    "tests": shape.ANYTHING,
    "constraints": shape.LIST,
    "deprecation_date": shape.ANYTHING,
    "docs": shape.MAPPING,
}
_MOVED = ("access", "docs")
_EVERYTHING = ("all", "*")


def read_versions(
    reader: Reader, known: Mapping[str, Any], raw: Mapping[str, Any], keys: Keys
) -> tuple[tuple[VersionPatch, ...], Version | None]:
    """Return a model's versions and its `latest_version`, which must be one of them."""
    latest = known.get("latest_version")
    if "versions" not in known and latest is None:
        return (), None
    versions = _read_all(reader, known, raw, keys)
    if latest is None:
        return versions, None
    if not _is_version(latest):
        reader.wrong_type("latest_version", latest, _VERSION.words, (*keys, "latest_version"))
        return versions, None
    if str(latest) not in {str(version.v) for version in versions}:
        listed = ", ".join(f"`{version.v}`" for version in versions) or "none"
        reader.report(
            "model-latest-version-unknown",
            f"`latest_version` of `{known['name']}` is `{latest}`, which is none of its versions",
            (*keys, "latest_version"),
            hint=f"Its versions are {listed}",
        )
        return versions, None
    return versions, latest


def _read_all(
    reader: Reader, known: Mapping[str, Any], raw: Mapping[str, Any], keys: Keys
) -> tuple[VersionPatch, ...]:
    versions: dict[str, VersionPatch] = {}
    entries = known.get("versions", [])
    raw_entries = as_written(raw.get("versions"), entries)
    for index, entry in enumerate(entries):
        place = (*keys, "versions", index)
        version = _read_version(reader, entry, as_written(raw_entries[index], entry), place)
        if version is None:
            continue
        if str(version.v) in versions:
            reader.report(
                "model-version-twice",
                f"`{known['name']}` has the version `{version.v}` twice",
                (*place, "v"),
            )
            continue
        versions[str(version.v)] = version
    return tuple(versions.values())


def _read_version(reader: Reader, item: Any, raw: Any, keys: Keys) -> VersionPatch | None:
    if not isinstance(item, dict):
        reader.wrong_type("versions", item, "a list of mappings", keys)
        return None
    known, unknown = reader.fields(item, _SHAPE, keys)
    if unknown:
        reader.refuse_unknown(unknown, _SHAPE, keys, "A version")
    if not _is_version(known.get("v")):
        if "v" in known:
            reader.wrong_type("v", known["v"], _VERSION.words, (*keys, "v"))
        elif "v" not in item:
            reader.report(
                "property-missing", "A version has no `v`", keys, hint="Add `v: <version>`"
            )
        return None
    config = known.get("config", {})
    raw_config = as_written(raw["config"], config) if "config" in known else {}
    moved = [key for key in _MOVED if known.get(key) is not None]
    columns, include, exclude = _read_columns(reader, known, raw, keys)
    constraints = known.get("constraints")
    date = known.get("deprecation_date")
    return VersionPatch(
        v=known["v"],
        defined_in=known.get("defined_in"),
        description=known.get("description"),
        access=known.get("access"),
        config={**{key: known[key] for key in moved}, **config},
        raw_config={**{key: raw[key] for key in moved}, **raw_config},
        columns=columns,
        column_include=include,
        column_exclude=exclude,
        tests=read_tests(reader, raw, keys),
        constraints=None if constraints is None else check_constraints(reader, constraints, keys),
        deprecation_date=None
        if date is None
        else read_date(reader, "deprecation_date", date, keys),
        docs=known.get("docs"),
        keys=keys,
    )


def _is_version(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def _read_columns(
    reader: Reader, known: Mapping[str, Any], raw: Mapping[str, Any], keys: Keys
) -> tuple[tuple[ColumnPatch, ...] | None, str | tuple[str, ...] | None, tuple[str, ...]]:
    """Return a version's own columns, and which of the model's it includes and excludes."""
    if "columns" not in known:
        return None, None, ()
    columns: list[ColumnPatch] = []
    include: str | tuple[str, ...] | None = None
    exclude: tuple[str, ...] = ()
    raw_columns = as_written(raw["columns"], known["columns"])
    for index, entry in enumerate(known["columns"]):
        place = (*keys, "columns", index)
        if isinstance(entry, dict) and ("include" in entry or "exclude" in entry):
            if include is not None:
                reader.report(
                    "version-columns-invalid",
                    "A version has more than one `include`",
                    place,
                    hint="Merge them into one entry",
                )
            include, exclude = _read_include(reader, entry, place)
            continue
        patch = read_column(reader, entry, raw_columns[index], place)
        if patch is not None:
            columns.append(patch)
    return tuple(columns), include, exclude


def _read_include(
    reader: Reader, entry: dict[str, Any], keys: Keys
) -> tuple[str | tuple[str, ...], tuple[str, ...]]:
    include = entry.get("include")
    exclude = entry.get("exclude")
    if exclude is not None and not isinstance(exclude, list):
        reader.wrong_type("exclude", exclude, "a list of columns", (*keys, "exclude"))
        exclude = None
    excluded = reader.texts("exclude", exclude, keys)
    if include in _EVERYTHING:
        return include, excluded
    if not isinstance(include, list):
        reader.wrong_type("include", include, "`all` or a list of columns", (*keys, "include"))
        return "all", excluded
    if excluded:
        reader.report(
            "version-columns-invalid",
            "`exclude` is of use only beside `include: all`",
            (*keys, "exclude"),
            hint="Remove `exclude`, or write `include: all`",
        )
    return reader.texts("include", include, keys), ()
