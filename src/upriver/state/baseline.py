"""A baseline: a project as it was published, read from a manifest.

Deferral needs a dozen words for each of a few thousand resources; comparison needs more, but only
of those it is asked about. The first reading of a manifest decodes it (`load_baseline`) and gives
an index (`encode_index`), which whoever remembers things keeps under the file's stamp. From then
on (`decode_index`) a baseline costs what is looked at of it.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from upriver.digest import digest_text
from upriver.problems import Problem, Span, has_errors
from upriver.state._lazy import Converted, Packed
from upriver.state.age import spell_age
from upriver.state.comparable import Comparable, comparable_of
from upriver.state.defer import DEFERRABLE_KINDS
from upriver.state.remote.archive import plain
from upriver.state.wire.manifest import BUILDS_KEY, MAKER_KEY, TARGET_KEY, commit_of
from upriver.state.wire.read import (
    NULL,
    WireBuild,
    WireMetadata,
    WireResource,
    decode_config,
    decode_manifest,
    schema_version,
)

_PART = r'"(?:[^"]|"")+"|`[^`]+`|[^."`\s]+'
_RELATION = re.compile(
    rf"(?:(?:(?P<database>{_PART})\.)?(?P<schema>{_PART})\.)?(?P<alias>{_PART})"
)
_INDEX_FORMAT = 5
"""Raised whenever the meaning of an index's bytes changes."""

_SCHEMA_URL = "https://schemas.getdbt.com/dbt/manifest/v{}.json"
NEWEST_KNOWN_VERSION = 12
_KNOWN_VERSIONS = frozenset({*range(4, NEWEST_KNOWN_VERSION + 1), 20})


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where a baseline came from, as far as it says so itself."""

    location: str
    """The manifest file."""
    kind: str = "file"
    generated_at: str | None = None
    invocation_id: str | None = None
    git_commit: str | None = None
    project_name: str | None = None
    adapter_type: str | None = None
    dbt_version: str | None = None
    upriver_version: str | None = None
    """None when another tool wrote the manifest."""
    target_name: str | None = None
    """None when another tool wrote the manifest: dbt's do not say it."""
    schema_version: int | None = None


class Published(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What deferral needs to know of one published resource."""

    unique_id: str
    kind: str
    name: str
    database: str | None
    schema: str | None
    alias: str | None
    relation_name: str | None
    """The relation as the side that published it rendered it (defect D18)."""
    materialized: str | None
    is_enabled: bool = True
    checksum: str | None = None
    arguments: tuple[dict[str, Any], ...] = ()
    """Functions only."""
    returns: dict[str, Any] | None = None
    """Functions only."""
    layer: str = ""
    """Which of several baselines it was taken from; nothing where there is one."""


class Baseline(msgspec.Struct, frozen=True, kw_only=True):
    """A published project."""

    origin: Origin
    published: Mapping[str, Published]
    """By unique_id: models, seeds, snapshots and functions. Ephemeral ones are included."""
    comparables: Mapping[str, Comparable]
    """By unique_id: everything `state:` selectors compare."""
    macros: Mapping[str, str]
    """Digest of each macro's source, by unique_id."""
    built: Mapping[str, str] = {}
    """The relation that a resource's last recorded build left, by unique_id."""
    seconds: Mapping[str, float] = {}
    """How long that build took, by unique_id."""


def load_baseline(path: str) -> tuple[Baseline | None, tuple[Problem, ...]]:
    """Read the manifest in the directory `path`, or the manifest file `path` itself.

    Errors come with None; warnings (a version nobody knows) come with the baseline.
    """
    given = Path(path)
    file = given if given.is_file() else given / "manifest.json"
    try:
        data = file.read_bytes()
    except OSError as error:
        return None, (_not_found(path, given, error),)
    return read_baseline(plain(data), str(file))


def read_baseline(data: bytes, location: str) -> tuple[Baseline | None, tuple[Problem, ...]]:
    """Make a baseline of a manifest's bytes; `location` is how problems call it."""
    wire, problems = decode_manifest(data, location)
    if wire is None:
        return None, problems
    metadata = wire.metadata
    if metadata is None and wire.nodes is None:
        return None, (_not_a_manifest(location),)
    version = schema_version(metadata)
    if metadata is None or version is None:
        return None, (_version_missing(location),)
    problems = _version_problems(version, location)
    if has_errors(problems):
        return None, problems
    resources = wire.resources()
    records = _records((metadata.env or {}).get(BUILDS_KEY))
    indexed = wire.upriver_builds or {}
    baseline = Baseline(
        origin=_origin(metadata, version, location),
        published={
            unique_id: _as_built(_published(unique_id, resource), indexed.get(unique_id))
            for unique_id, resource in resources.items()
            if unique_id.partition(".")[0] in DEFERRABLE_KINDS
        },
        comparables=Converted(resources, comparable_of),
        macros={
            unique_id: digest_text(macro.macro_sql or "")
            for unique_id, macro in (wire.macros or {}).items()
        },
        built={i: record.relation_name for i, record in records.items()}
        | _indexed(wire.upriver_builds or {}),
        seconds={i: record.seconds for i, record in records.items() if record.seconds},
    )
    return baseline, problems


class _Record(msgspec.Struct, frozen=True, array_like=True):
    """Of a build's record, what tells that there is one; as `PublishedBuild` has it."""

    relation_name: str
    fingerprint: msgspec.Raw
    identity: msgspec.Raw
    form: msgspec.Raw
    is_stored: bool
    data: msgspec.Raw
    built_at: float
    git_commit: msgspec.Raw = msgspec.Raw()
    invocation_id: msgspec.Raw = msgspec.Raw()
    seconds: float = 0.0


class _Records(msgspec.Struct, frozen=True):
    built: dict[str, _Record] = {}


_RECORDS = msgspec.json.Decoder(_Records)


def _indexed(builds: Mapping[str, WireBuild]) -> dict[str, str]:
    """Return what the index of a server says was built."""
    return {i: build.relation for i, build in builds.items() if build.relation is not None}


def _records(text: str | None) -> dict[str, _Record]:
    """Return what records say was built; damaged ones say nothing."""
    if not text:
        return {}
    try:
        found = _RECORDS.decode(text)
    except msgspec.MsgspecError:
        return {}
    return found.built


class _Index(msgspec.Struct, frozen=True, array_like=True):
    """The index's outer form: the maps are opaque until they are looked at."""

    format: int
    origin: Origin
    published: memoryview
    comparables: memoryview
    macros: memoryview
    built: memoryview
    seconds: memoryview


_encoder = msgspec.msgpack.Encoder()
_INDEX = msgspec.msgpack.Decoder(_Index)
_PUBLISHED = msgspec.msgpack.Decoder(dict[str, Published])
_BODIES = msgspec.msgpack.Decoder(dict[str, memoryview])
_COMPARABLE = msgspec.msgpack.Decoder(Comparable)
_TEXTS = msgspec.msgpack.Decoder(dict[str, str])
_NUMBERS = msgspec.msgpack.Decoder(dict[str, float])


def encode_index(baseline: Baseline) -> bytes:
    """Return bytes from which `decode_index` makes the same baseline quickly."""
    encode = _encoder.encode
    bodies = {key: encode(value) for key, value in baseline.comparables.items()}
    parts = (
        dict(baseline.published),
        bodies,
        dict(baseline.macros),
        dict(baseline.built),
        dict(baseline.seconds),
    )
    return encode((_INDEX_FORMAT, baseline.origin, *(encode(part) for part in parts)))


def decode_index(data: bytes) -> Baseline | None:
    """Return the baseline, or None if the bytes are of another format."""
    try:
        index = _INDEX.decode(data)
    except msgspec.MsgspecError:
        return None
    if index.format != _INDEX_FORMAT:
        return None
    return Baseline(
        origin=index.origin,
        published=Packed(index.published, _PUBLISHED),
        comparables=Converted(Packed(index.comparables, _BODIES), _COMPARABLE.decode),
        macros=Packed(index.macros, _TEXTS),
        built=Packed(index.built, _TEXTS),
        seconds=Packed(index.seconds, _NUMBERS),
    )


def is_deferrable(published: Published) -> bool:
    """Whether a reference may be resolved to it: enabled and not ephemeral (section 5)."""
    return (
        published.is_enabled
        and published.materialized != "ephemeral"
        and published.kind in DEFERRABLE_KINDS
    )


def check_baseline(
    baseline: Baseline, project_name: str, adapter_type: str
) -> tuple[Problem, ...]:
    """Report a baseline of another project or of another kind of warehouse (defect D10).

    A manifest that does not say is not suspected.
    """
    origin = baseline.origin
    problems = []
    if origin.project_name not in (None, project_name):
        problems.append(
            Problem(
                code="state-of-another-project",
                message=f"The manifest `{origin.location}` was published by the project"
                f" `{origin.project_name}`, not by `{project_name}`",
                span=Span(file=origin.location),
                hint="Pass the state directory of this project; nothing could be deferred to"
                " another project's manifest",
            )
        )
    if origin.adapter_type not in (None, adapter_type):
        problems.append(
            Problem(
                code="state-of-another-adapter",
                message=f"The manifest `{origin.location}` was published from"
                f" `{origin.adapter_type}`, and the target is `{adapter_type}`",
                span=Span(file=origin.location),
                hint="Pass the state directory of an environment on the same kind of warehouse",
            )
        )
    return tuple(problems)


def describe(origin: Origin, now: float) -> str:
    """Return one line: location, commit and age; `now` is in seconds since the epoch."""
    words = [origin.location]
    if origin.git_commit is not None:
        words.append(f"@{origin.git_commit[:8]}")
    age = age_in_seconds(origin, now)
    if age is not None:
        words.append(f"({spell_age(age)} old)")
    return " ".join(words)


def age_in_seconds(origin: Origin, now: float) -> float | None:
    """Return the baseline's age; None when it does not say when it was made."""
    try:
        made = datetime.datetime.fromisoformat(origin.generated_at or "")
    except ValueError:
        return None
    if made.tzinfo is None:
        made = made.replace(tzinfo=datetime.UTC)
    return max(0.0, now - made.timestamp())


def _published(unique_id: str, resource: WireResource) -> Published:
    config = decode_config(resource.config)
    is_function = resource.resource_type == "function"
    arguments = _plain(resource.arguments) if is_function else None
    returns = _plain(resource.returns) if is_function else None
    return Published(
        unique_id=unique_id,
        kind=resource.resource_type or unique_id.partition(".")[0],
        name=resource.name or unique_id.rpartition(".")[2],
        database=resource.database,
        schema=resource.schema,
        alias=resource.alias or resource.name,
        relation_name=resource.relation_name,
        materialized=config.materialized,
        is_enabled=config.enabled is not False,
        checksum=_checksum(resource.checksum),
        arguments=tuple(arguments) if isinstance(arguments, list) else (),
        returns=returns if isinstance(returns, dict) else None,
    )


def _as_built(published: Published, build: WireBuild | None) -> Published:
    """Give a resource the name it was built under last, where an index knows another one.

    A run may have named it anew without building it; the relation is still where it was.
    """
    relation = None if build is None else build.relation
    match = None if relation is None else _RELATION.fullmatch(relation)
    if match is None or relation is None:
        return published
    database, schema, alias = (_unquoted(match[part]) for part in ("database", "schema", "alias"))
    return msgspec.structs.replace(
        published,
        database=database or published.database,
        schema=schema or published.schema,
        alias=alias,
        relation_name=relation,
    )


def _unquoted(text: str | None) -> str | None:
    if text is None or text[0] not in '"`':
        return text
    return text[1:-1].replace(text[0] * 2, text[0])


def _checksum(raw: msgspec.Raw) -> str | None:
    value = _plain(raw)
    if isinstance(value, dict):
        value = value.get("checksum")
    return value if isinstance(value, str) and value else None


def _plain(raw: msgspec.Raw) -> Any:
    return None if raw is NULL else msgspec.json.decode(raw)


def _origin(metadata: WireMetadata, version: int, location: str) -> Origin:
    env = metadata.env or {}
    return Origin(
        location=location,
        generated_at=metadata.generated_at,
        invocation_id=metadata.invocation_id,
        git_commit=commit_of(env),
        project_name=metadata.project_name,
        adapter_type=metadata.adapter_type,
        dbt_version=metadata.dbt_version,
        upriver_version=env.get(MAKER_KEY),
        target_name=env.get(TARGET_KEY),
        schema_version=version,
    )


def _not_found(path: str, given: Path, error: OSError) -> Problem:
    if not given.exists():
        hint = "There is no such directory; relative paths are relative to the project"
    elif isinstance(error, FileNotFoundError):
        hint = (
            "The directory has no `manifest.json`; pass the target directory of a production run"
        )
    else:
        hint = f"It cannot be read: {error.strerror}"
    return Problem(
        code="state-not-found",
        message=f'Could not find manifest in --state path: "{path}"',
        span=Span(file=path),
        hint=hint,
    )


def _not_a_manifest(location: str) -> Problem:
    return Problem(
        code="artifact-shape",
        message=f"`{location}` is not a manifest: it has neither `metadata` nor `nodes`",
        span=Span(file=location),
        hint="Pass the directory that holds the `manifest.json` of a production run",
    )


def _version_missing(location: str) -> Problem:
    return Problem(
        code="artifact-version-missing",
        message="Artifact is missing schema version: `metadata.dbt_schema_version` of"
        f" `{location}` does not say one",
        span=Span(file=location),
        hint="The file was not written by dbt or upriver, or was edited since",
    )


def _version_problems(version: int, location: str) -> tuple[Problem, ...]:
    """Treat the version as a hint: only manifests too old to hold what is needed are refused."""
    if version < min(_KNOWN_VERSIONS):
        newest, found = (_SCHEMA_URL.format(number) for number in (NEWEST_KNOWN_VERSION, version))
        return (
            Problem(
                code="artifact-version-unsupported",
                message=f'Expected a schema version of "{newest}" in {location}, but found'
                f' "{found}". Are you running with a different version of dbt?',
                span=Span(file=location),
                hint="Publish the manifest again with dbt 1.0 or later, or with upriver",
            ),
        )
    if version not in _KNOWN_VERSIONS:
        return (
            Problem(
                code="artifact-version-unknown",
                severity="warning",
                message=f"The manifest `{location}` has schema version {version}, which this"
                " version of upriver does not know; it is read as the newest it knows",
                span=Span(file=location),
            ),
        )
    return ()
