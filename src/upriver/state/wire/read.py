"""Reading a published `manifest.json`, of any version, as far as state needs it.

Only the keys named here are looked at; everything else is skipped without being decoded, which is
what makes a manifest of 47 MB cheap. Values that only comparisons need stay raw JSON until a
comparison asks. Nothing is required of a manifest but that its maps are maps: missing maps are
empty, unknown keys and unknown schema versions are accepted (deferral.md section 14, ART-11), and
the older spelling of a body (`raw_sql`) is read as the newer one.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from upriver.problems import Problem, Span

NULL = msgspec.Raw(b"null")
"""What a raw field holds when its kind, or its version, has no such key."""

RESOURCE_MAPS = (
    "nodes", "sources", "exposures", "metrics", "semantic_models", "saved_queries",
    "unit_tests", "functions",
)  # fmt: skip
"""The maps of a manifest whose members `state:` selectors know."""


class WireDependsOn(msgspec.Struct, frozen=True):
    """`depends_on`; seeds have only `macros`."""

    macros: tuple[str, ...] | None = None
    nodes: tuple[str, ...] | None = None


class WireContract(msgspec.Struct, frozen=True):
    """`contract` of a node."""

    enforced: bool | None = None
    checksum: str | None = None


class WireConfig(msgspec.Struct, frozen=True):
    """The keys of a rendered `config` that are read for most resources."""

    enabled: bool | None = None
    materialized: str | None = None
    persist_docs: dict[str, Any] | None = None


class WireResource(msgspec.Struct, frozen=True):
    """One resource of any kind."""

    unique_id: str | None = None
    resource_type: str | None = None
    name: str | None = None
    database: str | None = None
    schema: str | None = None
    alias: str | None = None
    identifier: str | None = None
    relation_name: str | None = None
    fqn: tuple[str, ...] | None = None
    config: msgspec.Raw = NULL
    unrendered_config: msgspec.Raw = NULL
    checksum: msgspec.Raw = NULL
    raw_code: str | None = None
    raw_sql: str | None = None
    """Manifests up to v6."""
    description: str | None = None
    columns: msgspec.Raw = NULL
    constraints: msgspec.Raw = NULL
    depends_on: WireDependsOn | None = None
    contract: WireContract | None = None
    test_metadata: msgspec.Raw = NULL
    access: msgspec.Raw = NULL
    version: msgspec.Raw = NULL
    latest_version: msgspec.Raw = NULL
    deprecation_date: msgspec.Raw = NULL
    quoting: msgspec.Raw = NULL
    freshness: msgspec.Raw = NULL
    loaded_at_field: msgspec.Raw = NULL
    external: msgspec.Raw = NULL
    unrendered_database: msgspec.Raw = NULL
    unrendered_schema: msgspec.Raw = NULL
    type: msgspec.Raw = NULL
    owner: msgspec.Raw = NULL
    maturity: msgspec.Raw = NULL
    url: msgspec.Raw = NULL
    label: msgspec.Raw = NULL
    model: msgspec.Raw = NULL
    defaults: msgspec.Raw = NULL
    entities: msgspec.Raw = NULL
    dimensions: msgspec.Raw = NULL
    measures: msgspec.Raw = NULL
    primary_entity: msgspec.Raw = NULL
    group: msgspec.Raw = NULL
    query_params: msgspec.Raw = NULL
    exports: msgspec.Raw = NULL
    tags: msgspec.Raw = NULL
    arguments: msgspec.Raw = NULL
    returns: msgspec.Raw = NULL
    language: str | None = None
    meta: msgspec.Raw = NULL
    source_meta: msgspec.Raw = NULL


class WireMacro(msgspec.Struct, frozen=True):
    """One macro."""

    macro_sql: str | None = None
    depends_on: WireDependsOn | None = None


class WireMetadata(msgspec.Struct, frozen=True):
    """`metadata`, without what nobody reads."""

    dbt_schema_version: str | None = None
    dbt_version: str | None = None
    generated_at: str | None = None
    invocation_id: str | None = None
    project_name: str | None = None
    adapter_type: str | None = None
    env: dict[str, str | None] | None = None


class WireBuild(msgspec.Struct, frozen=True):
    """What is known of the last build of a relation."""

    relation: str | None = None
    fingerprint: str | None = None
    run_id: int | str | None = None


class WireManifest(msgspec.Struct, frozen=True):
    """The maps state reads. A map that is missing or null is empty."""

    metadata: WireMetadata | None = None
    nodes: dict[str, WireResource] | None = None
    sources: dict[str, WireResource] | None = None
    exposures: dict[str, WireResource] | None = None
    metrics: dict[str, WireResource] | None = None
    semantic_models: dict[str, WireResource] | None = None
    saved_queries: dict[str, WireResource] | None = None
    unit_tests: dict[str, WireResource] | None = None
    functions: dict[str, WireResource] | None = None
    macros: dict[str, WireMacro] | None = None
    upriver_builds: dict[str, WireBuild] | None = None
    """Only an index that upriver's server makes of a manifest has these: it has no code."""

    def resources(self) -> dict[str, WireResource]:
        """Return the members of all maps, nodes first."""
        return {
            **(self.nodes or {}),
            **(self.sources or {}),
            **(self.exposures or {}),
            **(self.metrics or {}),
            **(self.semantic_models or {}),
            **(self.saved_queries or {}),
            **(self.unit_tests or {}),
            **(self.functions or {}),
        }


_MANIFEST = msgspec.json.Decoder(WireManifest)
_RESOURCE = msgspec.json.Decoder(WireResource)
_MACRO = msgspec.json.Decoder(WireMacro)
_METADATA = msgspec.json.Decoder(WireMetadata)
_CONFIG = msgspec.json.Decoder(WireConfig)
_RAW_MAP = msgspec.json.Decoder(dict[str, msgspec.Raw])
_VERSION = re.compile(r"/v(\d+)(?:\.json|/)")


def decode_resource(data: bytes) -> WireResource:
    """Decode one resource's object. Raises msgspec.ValidationError."""
    return _RESOURCE.decode(data)


def decode_config(data: bytes) -> WireConfig:
    """Decode a `config`; what is not a mapping of the expected shape counts as empty."""
    try:
        return _CONFIG.decode(data)
    except msgspec.ValidationError:
        return WireConfig()


def schema_version(metadata: WireMetadata | None) -> int | None:
    """Return the number in `dbt_schema_version`; None if there is none."""
    found = _VERSION.search((metadata and metadata.dbt_schema_version) or "")
    return int(found[1]) if found else None


def decode_manifest(data: bytes, file: str) -> tuple[WireManifest | None, tuple[Problem, ...]]:
    """Decode a manifest, or say what is wrong with it and in which field.

    dbt ends with a traceback where fields have an unexpected shape (defect D17); here every field
    that is wrong is named, with `file` as the place.
    """
    try:
        return _MANIFEST.decode(data), ()
    except msgspec.ValidationError:
        return None, _wrong_shapes(data, file)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return None, (not_json("WritableManifest", file, str(error)),)


def not_json(artifact: str, file: str, detail: str) -> Problem:
    """Return the problem of a file that is not JSON, in the words people know from dbt."""
    return Problem(
        code="artifact-not-json",
        message=f'Could not read {artifact} at "{file}" as JSON: {detail}',
        span=Span(file=file),
        hint="The file is damaged or was cut off while being written or copied; fetch it again",
    )


def wrong_shape(file: str, field: str, detail: str) -> Problem:
    """Return the problem of a field of an artifact that has an unexpected shape."""
    return Problem(
        code="artifact-shape",
        message=f"`{field}` in `{file}` has an unexpected shape: {detail}",
        span=Span(file=file),
        hint="The file was not written by dbt or upriver, or was edited since; write it again",
    )


def shape_error(error: msgspec.ValidationError, prefix: str = "") -> tuple[str, str]:
    """Split a decoding error into the field it is about and what is wrong with it."""
    detail, _, path = str(error).partition(" - at `$")
    field = prefix + path.rstrip("`")
    return field.lstrip(".") or "the file", detail


def _wrong_shapes(data: bytes, file: str) -> tuple[Problem, ...]:
    """Decode the parts one by one to name every field that is wrong."""
    try:
        maps = _RAW_MAP.decode(data)
    except msgspec.ValidationError as error:
        return (wrong_shape(file, "the file", shape_error(error)[1]),)
    except msgspec.DecodeError as error:
        # What is no JSON stands behind the first wrong shape.
        return (not_json("WritableManifest", file, str(error)),)
    problems: list[Problem] = []
    decoders: dict[str, msgspec.json.Decoder[Any]] = {
        **dict.fromkeys(RESOURCE_MAPS, _RESOURCE),
        "macros": _MACRO,
    }
    for name, decoder in decoders.items():
        problems.extend(_wrong_members(name, maps.get(name, NULL), decoder, file))
    try:
        if bytes(metadata := maps.get("metadata", NULL)) != b"null":
            _METADATA.decode(metadata)
    except msgspec.ValidationError as error:
        problems.append(wrong_shape(file, *shape_error(error, "metadata")))
    return tuple(problems)


def _wrong_members(
    name: str, raw: msgspec.Raw, decoder: msgspec.json.Decoder[Any], file: str
) -> list[Problem]:
    if bytes(raw) == b"null":
        return []
    try:
        members = _RAW_MAP.decode(raw)
    except msgspec.ValidationError as error:
        return [wrong_shape(file, *shape_error(error, name))]
    problems = []
    for key, member in members.items():
        try:
            decoder.decode(member)
        except msgspec.ValidationError as error:
            problems.append(wrong_shape(file, *shape_error(error, f"{name}.{key}")))
    return problems
