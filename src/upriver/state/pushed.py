"""What upriver adds to artifacts that it pushes: `upriver_builds.json`, what a run really built.

dbt's artifacts say that a step succeeded; this says which relation it made, from which meaning, at
which commit. A server keeps the last such line of each resource, over all runs.
"""

from __future__ import annotations

import msgspec

from upriver.state.defer import DEFERRABLE_KINDS
from upriver.state.published import MARK, PublishedBuild, decode_builds
from upriver.state.wire.manifest import BUILDS_KEY, COMMIT_KEY
from upriver.state.wire.read import WireMetadata

BUILDS_FILE = "upriver_builds.json"
_BUILDING = frozenset({"run", "build", "seed", "snapshot", "retry"})


class PushedBuild(msgspec.Struct, frozen=True, kw_only=True):
    """One relation that a run built."""

    unique_id: str
    relation: str
    status: str
    fingerprint: str | None = None
    built_at: str | None = None
    git_sha: str | None = None


class PushedBuilds(msgspec.Struct, frozen=True, kw_only=True):
    """The file."""

    builds: tuple[PushedBuild, ...]


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be known of artifacts before they are pushed."""

    invocation_id: str | None
    builds: bytes | None = None
    """None where nothing was built."""


class _Timing(msgspec.Struct, frozen=True):
    completed_at: str | None = None


class _Row(msgspec.Struct, frozen=True):
    unique_id: str
    status: str
    relation_name: str | None = None
    timing: tuple[_Timing, ...] = ()


class _Args(msgspec.Struct, frozen=True):
    which: str | None = None
    empty: bool | None = None
    sample: msgspec.Raw = msgspec.Raw(b"null")


class _RunResults(msgspec.Struct, frozen=True):
    metadata: WireMetadata = WireMetadata()
    results: tuple[_Row, ...] = ()
    args: _Args = _Args()


class _Node(msgspec.Struct, frozen=True):
    relation_name: str | None = None


class _Manifest(msgspec.Struct, frozen=True):
    metadata: WireMetadata
    nodes: dict[str, _Node]
    functions: dict[str, _Node] = {}


def summarise(manifest: bytes, run_results: bytes | None) -> Summary | None:
    """Read what a run built from its artifacts, whoever wrote them; None if there is no manifest."""
    try:
        wire = msgspec.json.decode(manifest, type=_Manifest)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    metadata = wire.metadata
    if metadata.dbt_schema_version is None:
        return None
    results = _results(run_results)
    if results is None:
        return Summary(invocation_id=metadata.invocation_id)
    builds = _builds(wire, results)
    encoded = msgspec.json.encode(PushedBuilds(builds=builds)) if builds else None
    invocation_id = results.metadata.invocation_id or metadata.invocation_id
    return Summary(invocation_id=invocation_id, builds=encoded)


def _results(data: bytes | None) -> _RunResults | None:
    try:
        return None if data is None else msgspec.json.decode(data, type=_RunResults)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def _kept(record: PublishedBuild) -> str | None:
    """Return what a record says of meaning as one text, which servers keep as it is."""
    if record.fingerprint is None or record.identity is None:
        return record.fingerprint
    return f"{record.fingerprint}{MARK}{record.identity}"


def _builds(wire: _Manifest, results: _RunResults) -> tuple[PushedBuild, ...]:
    args = results.args
    is_partial = args.empty or bytes(args.sample) not in (b"null", b"false")
    if args.which not in _BUILDING or is_partial:
        return ()
    env = wire.metadata.env or {}
    nodes = {**wire.nodes, **wire.functions}
    recorded = decode_builds(env.get(BUILDS_KEY)).built
    commit = env.get(COMMIT_KEY)
    found: list[PushedBuild] = []
    for row in results.results:
        kind = row.unique_id.partition(".")[0]
        # Results of seeds do not name their relations.
        node = nodes.get(row.unique_id)
        relation = row.relation_name or (None if node is None else node.relation_name)
        if row.status != "success" or relation is None or kind not in DEFERRABLE_KINDS:
            continue
        record = recorded.get(row.unique_id)
        is_of_run = (
            record is not None
            and record.invocation_id == results.metadata.invocation_id
            and record.relation_name == relation
        )
        found.append(
            PushedBuild(
                unique_id=row.unique_id,
                relation=relation,
                status=row.status,
                fingerprint=_kept(record) if record is not None and is_of_run else None,
                built_at=next((t.completed_at for t in reversed(row.timing)), None),
                git_sha=record.git_commit if record is not None and is_of_run else commit,
            )
        )
    return tuple(found)
