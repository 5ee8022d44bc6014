"""Reading uploaded artifacts as far as the server needs: facts, what was built, the lean index.

Only the named keys are decoded; the rest is skipped, which is what makes a large manifest cheap.
Everything here may be hostile: shapes are checked by the types, and a mistake is a refusal.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from upriver.server.moments import read_moment
from upriver.server.unpacked import BUILDING, BuiltNode, ManifestFacts, ResultsFacts

_NULL = msgspec.Raw(b"null")
_VERSION = re.compile(r"/v(\d{1,4})\.json$")
_DEFERRABLE = frozenset({"model", "seed", "snapshot"})
_BUILT = frozenset({"model", "seed", "snapshot", "function"})
_FAILED = frozenset({"error", "fail", "runtime error", "partial success"})


class LeanConfig(msgspec.Struct, frozen=True):
    """What deferral reads of a node's configuration."""

    enabled: bool | None = None
    materialized: str | None = None


class LeanNode(msgspec.Struct, frozen=True):
    """What deferral reads of a node."""

    unique_id: str | None = None
    resource_type: str | None = None
    name: str | None = None
    package_name: str | None = None
    database: str | None = None
    schema: str | None = None
    alias: str | None = None
    relation_name: str | None = None
    config: LeanConfig | None = None
    checksum: msgspec.Raw = _NULL


class LeanFunction(LeanNode, frozen=True):
    """A function is called, so that its arguments matter too."""

    arguments: msgspec.Raw = _NULL
    returns: msgspec.Raw = _NULL


class _Metadata(msgspec.Struct, frozen=True):
    dbt_schema_version: str | None = None
    dbt_version: str | None = None
    generated_at: str | None = None
    invocation_id: str | None = None
    invocation_started_at: str | None = None
    project_name: str | None = None
    adapter_type: str | None = None
    env: dict[str, str | None] | None = None


class _Manifest(msgspec.Struct, frozen=True):
    metadata: msgspec.Raw = _NULL
    nodes: dict[str, LeanNode] | None = None
    functions: dict[str, LeanFunction] | None = None


class _Timing(msgspec.Struct, frozen=True):
    name: str | None = None
    completed_at: str | None = None


class _Result(msgspec.Struct, frozen=True):
    unique_id: str | None = None
    status: str | None = None
    timing: tuple[_Timing, ...] | None = None
    relation_name: str | None = None


class _Results(msgspec.Struct, frozen=True):
    metadata: _Metadata | None = None
    results: tuple[_Result, ...] | None = None
    args: dict[str, Any] | None = None


class _Build(msgspec.Struct, frozen=True):
    unique_id: str
    relation: str | None = None
    fingerprint: str | None = None
    built_at: str | None = None
    git_sha: str | None = None
    status: str | None = None


class _Builds(msgspec.Struct, frozen=True):
    builds: tuple[_Build, ...] = ()


class LeanIndex(msgspec.Struct, frozen=True, array_like=True):
    """A manifest reduced to deferral: JSON of each node by its id, put together as asked for."""

    format: int
    metadata: bytes
    nodes: dict[str, bytes]
    functions: dict[str, bytes]


INDEX_FORMAT = 1
Relations = Mapping[str, str | None]


def read_manifest(data: Any) -> tuple[ManifestFacts, LeanIndex, Relations]:
    """Return facts, index, and the relation of each node; raises ValueError when it is none."""
    manifest = msgspec.json.decode(data, type=_Manifest)
    if manifest.metadata is _NULL or manifest.nodes is None:
        raise ValueError("it has neither `metadata` nor `nodes`")
    metadata = msgspec.json.decode(manifest.metadata, type=_Metadata)
    version = _VERSION.search(metadata.dbt_schema_version or "")
    facts = ManifestFacts(
        schema_version=int(version[1]) if version else None,
        generated_at=metadata.generated_at,
        invocation_id=(metadata.invocation_id or "")[:64] or None,
        dbt_version=(metadata.dbt_version or "")[:64] or None,
        project_name=metadata.project_name,
        adapter_type=metadata.adapter_type,
        env=_texts(metadata.env),
    )
    encode = msgspec.json.Encoder().encode
    functions = manifest.functions or {}
    index = LeanIndex(
        format=INDEX_FORMAT,
        metadata=bytes(manifest.metadata),
        nodes={
            unique_id: encode(node)
            for unique_id, node in manifest.nodes.items()
            if unique_id.partition(".")[0] in _DEFERRABLE
        },
        functions={unique_id: encode(node) for unique_id, node in functions.items()},
    )
    relations = {
        unique_id: node.relation_name
        for unique_id, node in (*manifest.nodes.items(), *functions.items())
    }
    return facts, index, relations


def read_results(data: Any, relations: Relations) -> tuple[ResultsFacts, tuple[BuiltNode, ...]]:
    """Return what run results say, and the nodes they say were built."""
    found = msgspec.json.decode(data, type=_Results)
    metadata = found.metadata or _Metadata()
    args = found.args or {}
    results = found.results or ()
    which = args.get("which")
    facts = ResultsFacts(
        which=which[:64] if isinstance(which, str) else None,
        command_line=args["invocation_command"]
        if isinstance(args.get("invocation_command"), str)
        else None,
        generated_at=metadata.generated_at,
        started_at=metadata.invocation_started_at,
        is_success=all(result.status not in _FAILED for result in results),
        is_empty=bool(args.get("empty")) or bool(args.get("sample")),
        env=_texts(metadata.env),
    )
    if facts.which not in BUILDING:
        return facts, ()
    built = tuple(
        BuiltNode(
            unique_id=result.unique_id,
            relation=result.relation_name or relations.get(result.unique_id),
            fingerprint=None,
            built_at=read_moment(_completed(result) or metadata.generated_at),
            git_sha=None,
        )
        for result in results
        if result.unique_id is not None
        and result.status == "success"
        and result.unique_id.partition(".")[0] in _BUILT
    )
    return facts, built


def read_builds(data: Any) -> tuple[BuiltNode, ...]:
    """Return upriver's own records of what was built."""
    found = msgspec.json.decode(data, type=_Builds)
    return tuple(
        BuiltNode(
            unique_id=build.unique_id,
            relation=build.relation,
            fingerprint=build.fingerprint,
            built_at=read_moment(build.built_at),
            git_sha=build.git_sha,
        )
        for build in found.builds
        if build.status in (None, "success")
    )


def _completed(result: _Result) -> str | None:
    times = [timing.completed_at for timing in result.timing or () if timing.completed_at]
    return times[-1] if times else None


def _texts(env: Mapping[str, str | None] | None) -> dict[str, str]:
    return {key: value for key, value in (env or {}).items() if value is not None}
