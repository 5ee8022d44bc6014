"""`state publish`: what production built, written to a table of its own database.

For teams without a server or an object store: whoever can read production's database can defer to it.
The records of builds that the last version has are carried on, since a machine that is made for one
run knows only what that run built.
"""

from __future__ import annotations

import datetime
import os
import uuid
from collections.abc import Mapping
from contextlib import closing
from typing import Any

import msgspec

from upriver.adapters.session import Session
from upriver.digest import digest_bytes
from upriver.problems import Problem, ProblemsError, Span, WarehouseError
from upriver.project.deferring.warehouse_state import door_of, table_name
from upriver.project.opened import OpenedProject, with_project
from upriver.project.outcome import Outcome
from upriver.project.warehouse import Door
from upriver.resources.dialect import render_name
from upriver.resources.relation import RelationName
from upriver.state.baseline import Baseline, check_baseline, read_baseline
from upriver.state.published import PublishedBuilds, decode_builds, encode_published
from upriver.state.remote.archive import ARTIFACTS, unpack
from upriver.state.remote.table import (
    Version,
    contents,
    create,
    heads,
    inserts,
    joined,
    pack,
    parts_of,
    prune,
    versions,
)
from upriver.state.run_results import load_run_results
from upriver.state.wire.manifest import BUILDS_KEY

_SUCCESSES = frozenset({"success", "pass", "warn", "no-op"})


def _publish(opened: OpenedProject) -> Outcome:
    artifacts = _artifacts(opened)
    baseline = _checked(opened, artifacts["manifest.json"])
    profile = opened.workspace.profile
    assert profile is not None  # noqa: S101 - a workspace without a profile was refused
    name = table_name(opened, profile)
    keep = opened.workspace.deferral.publishing.keep
    try:
        with (
            door_of(opened, profile) as door,
            closing(door.session("publish")) as session,
        ):
            table = render_name(door.adapter.dialect, name, door.adapter.dialect.quoting)
            _make_schema(door, session, name)
            session.begin()
            session.execute(create(table))
            found = versions(session.execute(heads(table, opened.workspace.name), fetch=True).rows)
            mine = [one for one in found if one.target == profile.target_name]
            if mine:
                artifacts = _carried_on(opened, session, (table, mine[0]), artifacts)
            version, data = _version(profile.target_name, baseline, mine, artifacts)
            for sql in inserts(table, opened.workspace.name, version, data):
                session.execute(sql)
            session.execute(prune(table, opened.workspace.name, version, keep))
            session.commit()
    except WarehouseError as error:
        raise ProblemsError((_not_published(table_shown(name), error),)) from error
    size = len(data) / 1024
    kept = min(len(mine) + 1, keep)
    line = (
        f"Published state of target `{version.target}` to {table}: version {version.number},"
        f" {len(baseline.published)} resources, {size:.0f} KiB; {kept} kept"
    )
    return opened.outcome(lines=(line,), data=msgspec.to_builtins(version))


def table_shown(name: RelationName) -> str:
    """Return a name for messages."""
    return ".".join(part for part in (name.database, name.schema, name.identifier) if part)


def _make_schema(door: Door, session: Session, name: RelationName) -> None:
    """Make the schema where there is none; who may not make one may still have been given it."""
    known = {schema.lower() for schema in session.schemas(name.database)}
    if (name.schema or "").lower() in known:
        return
    # It is the connection's own database, which PostgreSQL does not let be named here.
    schema = RelationName(database=None, schema=name.schema, identifier=None)
    rendered = render_name(door.adapter.dialect, schema, door.adapter.dialect.quoting)
    session.execute(f"create schema if not exists {rendered}")


def _artifacts(opened: OpenedProject) -> dict[str, bytes]:
    """Read what the last run left in the target directory."""
    found: dict[str, bytes] = {}
    for name in ARTIFACTS:
        path = os.path.join(opened.target_path, name)
        try:
            with open(path, "rb") as file:
                found[name] = file.read()
        except FileNotFoundError:
            continue
    if "manifest.json" in found:
        return found
    raise ProblemsError(
        (
            Problem(
                code="state-not-found",
                message=f"There is no `manifest.json` in `{opened.target_path}` to publish",
                hint="Build first, with the same `--target` and `--target-path`",
            ),
        )
    )


def _checked(opened: OpenedProject, manifest: bytes) -> Baseline:
    """Read the manifest, and make sure that it is of this project and target."""
    path = os.path.join(opened.target_path, "manifest.json")
    baseline, problems = read_baseline(manifest, path)
    opened.require(problems)
    if baseline is None:
        raise ProblemsError(problems)
    profile = opened.workspace.profile
    adapter_type = "" if profile is None else profile.adapter_type
    opened.require(check_baseline(baseline, opened.workspace.name, adapter_type))
    target = None if profile is None else profile.target_name
    if baseline.origin.target_name not in (None, target):
        opened.require((_of_another_target(path, baseline.origin.target_name, target),))
    return baseline


def _version(
    target: str, baseline: Baseline, before: list[Version], artifacts: Mapping[str, bytes]
) -> tuple[Version, bytes]:
    data = pack(artifacts)
    version = Version(
        target=target,
        number=before[0].number + 1 if before else 1,
        revision=str(uuid.uuid4()),
        parts=parts_of(data),
        digest=digest_bytes(data),
        published_at=datetime.datetime.now(tz=datetime.UTC).isoformat(),
        git_commit=baseline.origin.git_commit,
    )
    return version, data


def _carried_on(
    opened: OpenedProject,
    session: Session,
    previous: tuple[str, Version],
    artifacts: dict[str, bytes],
) -> dict[str, bytes]:
    """Add the records that the last version has and this machine has not.

    What the last run tried and did not finish is not vouched for.
    """
    table, version = previous
    sql = contents(table, opened.workspace.name, version)
    data = joined(session.execute(sql, fetch=True).rows, version)
    before = None if data is None else unpack(data, "manifest.json")
    if not isinstance(before, dict):
        return artifacts
    run, _ = load_run_results(opened.target_path)
    failed = {
        unique_id
        for unique_id, result in ({} if run is None else run.results).items()
        if result.status not in _SUCCESSES
    }
    manifest = with_records(artifacts["manifest.json"], before["manifest.json"], failed)
    return {**artifacts, "manifest.json": manifest}


def with_records(manifest: bytes, before: bytes, failed: set[str]) -> bytes:
    """Return a manifest with the records of an older one, for relations it still names."""
    new = msgspec.json.decode(manifest, type=dict[str, msgspec.Raw])
    metadata: dict[str, Any] = msgspec.json.decode(new["metadata"])
    env = metadata.get("env") or {}
    mine, theirs = decode_builds(env.get(BUILDS_KEY)), decode_builds(_builds_of(before))
    baseline, _ = read_baseline(manifest, "manifest.json")
    named = {} if baseline is None else baseline.published
    carried = {
        unique_id: record
        for unique_id, record in theirs.built.items()
        if unique_id not in mine.built
        and unique_id not in failed
        and unique_id in named
        and named[unique_id].relation_name == record.relation_name
    }
    if not carried:
        return manifest
    built = {**mine.built, **carried}
    builds = PublishedBuilds(built=dict(sorted(built.items())), answers=mine.answers)
    metadata["env"] = {**env, BUILDS_KEY: encode_published(builds)}
    new["metadata"] = msgspec.Raw(msgspec.json.encode(metadata))
    return msgspec.json.encode(new)


def _builds_of(manifest: bytes) -> str | None:
    try:
        found = msgspec.json.decode(manifest, type=dict[str, msgspec.Raw])
        metadata = msgspec.json.decode(found["metadata"], type=dict[str, Any])
    except (msgspec.MsgspecError, KeyError):
        return None
    text = (metadata.get("env") or {}).get(BUILDS_KEY)
    return text if isinstance(text, str) else None


def _of_another_target(path: str, made: str | None, target: str | None) -> Problem:
    return Problem(
        code="state-of-another-target",
        message=f"The manifest was made with the target `{made}`, and would be published as state"
        f" of `{target}`",
        span=Span(file=path),
        hint=f"Publish with `--target {made}`, or build with `--target {target}` first",
    )


def _not_published(place: str, error: WarehouseError) -> Problem:
    return Problem(
        code="state-not-published",
        message=f"State could not be published to `{place}`: {error}",
        hint="The target's user must be able to make the schema and the table, or to write to them"
        " where they are; `publish: {schema: ...}` in `upriver.yml` names another schema",
    )


state_publish = with_project("state publish", _publish)
