"""What an upload turned out to hold: the words between the process that unpacks and the server."""

from __future__ import annotations

import datetime

import msgspec

MANIFEST = "manifest.json"
RUN_RESULTS = "run_results.json"
BUILDS = "upriver_builds.json"
BUILDING = frozenset({"build", "run", "seed", "snapshot", "retry"})
"""Commands after which the warehouse holds what the manifest says."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What to unpack, to where, and how large it may get."""

    archive: str
    folder: str
    unpacked: int
    ratio: int
    members: int
    memory: int


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A member that is kept; `file` is its gzip form in the folder."""

    name: str
    file: str
    sha256: str
    size: int
    stored_size: int


class ManifestFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a manifest without reading it again."""

    schema_version: int | None
    generated_at: str | None
    invocation_id: str | None
    dbt_version: str | None
    project_name: str | None
    adapter_type: str | None
    env: dict[str, str] = {}


class ResultsFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What run results say of the command that wrote them."""

    which: str | None
    command_line: str | None
    generated_at: str | None
    started_at: str | None
    is_success: bool
    is_empty: bool
    env: dict[str, str] = {}


class BuiltNode(msgspec.Struct, frozen=True, kw_only=True):
    """A node that was built, by upriver's own records or by the run results."""

    unique_id: str
    relation: str | None
    fingerprint: str | None
    built_at: datetime.datetime | None
    git_sha: str | None


class Unpacked(msgspec.Struct, frozen=True, kw_only=True):
    """An upload that was accepted, or the reason why it was not."""

    members: tuple[Member, ...] = ()
    manifest: ManifestFacts | None = None
    index_file: str | None = None
    results: ResultsFacts | None = None
    builds: tuple[BuiltNode, ...] = ()
    findings: tuple[str, ...] = ()
    """Things worth a warning, such as what looks like a secret (S-35)."""
    refused: str | None = None
