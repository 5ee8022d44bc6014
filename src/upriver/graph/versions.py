"""What a property file says of one node: of a model, or of one of its versions (PROJ-223, 224)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from upriver.graph.config import as_list
from upriver.resources.calls import Version
from upriver.resources.definitions import ColumnPatch, NodePatch, TestItem, VersionPatch

_UPDATED = ("meta", "docs", "contract", "grants", "quoting", "column_types")
"""Config keys in which a version adds to what its model says."""
_APPENDED = ("tags", "packages", "pre-hook", "pre_hook", "post-hook", "post_hook")


class Properties(msgspec.Struct, frozen=True, kw_only=True):
    """A patch as it applies to one node."""

    patch: NodePatch
    checksum: str
    """Of the property file."""
    description: str = ""
    config: Mapping[str, Any] = {}
    raw_config: Mapping[str, Any] = {}
    columns: tuple[ColumnPatch, ...] = ()
    tests: tuple[TestItem, ...] = ()
    constraints: tuple[dict[str, Any], ...] = ()
    deprecation_date: str | None = None
    version: Version | None = None
    latest_version: Version | None = None

    @property
    def patch_path(self) -> str:
        """The property file as the manifest names it."""
        return f"{self.patch.package}://{self.patch.path}"


def plain_properties(patch: NodePatch, checksum: str) -> Properties:
    """Return what a patch says of a node without versions."""
    return Properties(
        patch=patch,
        checksum=checksum,
        description=patch.description,
        config=patch.config,
        raw_config=patch.raw_config,
        columns=patch.columns,
        tests=patch.tests,
        constraints=patch.constraints,
        deprecation_date=patch.deprecation_date,
    )


def versioned_properties(patch: NodePatch, version: VersionPatch, checksum: str) -> Properties:
    """Return what a patch says of one version."""
    # dbt reads `access` and `docs` of a version under `config` only (observed).
    beside = [key for key in ("access", "docs") if getattr(version, key) is not None]
    own = {key: value for key, value in version.config.items() if key not in beside}
    own_raw = {key: value for key, value in version.raw_config.items() if key not in beside}
    return Properties(
        patch=patch,
        checksum=checksum,
        description=version.description or patch.description,
        config=_layered(patch.config, own),
        raw_config=_layered(patch.raw_config, own_raw),
        columns=_version_columns(patch, version),
        tests=patch.tests if version.tests is None else version.tests,
        constraints=version.constraints or patch.constraints,
        deprecation_date=version.deprecation_date,
        version=version.v,
        latest_version=latest_of(patch),
    )


def latest_of(patch: NodePatch) -> Version | None:
    """Return the latest version: as said, else the highest, by number if all are numbers."""
    if patch.latest_version is not None:
        return patch.latest_version
    versions = [version.v for version in patch.versions]
    if not versions:
        return None
    numbers = [(_number(version), version) for version in versions]
    if all(number is not None for number, _ in numbers):
        return max(numbers, key=lambda pair: pair[0] or 0.0)[1]
    return max(versions, key=str)


def file_names(patch: NodePatch, version: VersionPatch) -> tuple[str, ...]:
    """Return the file stems in which a version may be defined, most specific first."""
    if version.defined_in is not None:
        return (version.defined_in,)
    usual = f"{patch.name}_v{version.v}"
    if str(version.v) == str(latest_of(patch)):
        return (usual, patch.name)
    return (usual,)


def _number(version: Version) -> float | None:
    try:
        return float(version)
    except ValueError:
        return None


def _layered(general: Mapping[str, Any], own: Mapping[str, Any]) -> Mapping[str, Any]:
    if not own or not general:
        return own or general
    layer = {**general, **own}
    for key in own.keys() & general.keys():
        if key in _UPDATED and isinstance(general[key], Mapping) and isinstance(own[key], Mapping):
            layer[key] = {**general[key], **own[key]}
        elif key in _APPENDED:
            # dbt puts the version's own entries first (observed).
            layer[key] = [*as_list(own[key]), *as_list(general[key])]
    return layer


def _version_columns(patch: NodePatch, version: VersionPatch) -> tuple[ColumnPatch, ...]:
    own = version.columns or ()
    include = version.column_include
    own_names = {column.name for column in own}
    skipped = own_names.union(version.column_exclude)
    is_all = include is None or include in ("all", "*")
    kept = tuple(
        column
        for column in patch.columns
        if column.name not in skipped and (is_all or column.name in (include or ()))
    )
    return (*kept, *own)
