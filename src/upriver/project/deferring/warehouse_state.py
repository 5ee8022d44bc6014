"""`--state warehouse:`: what production published into a table of its own database.

    warehouse:              what production's target published, in the database of this target
    warehouse:prod          what the target `prod` published; the profile's `prod` is asked where this
                            target's own database has nothing of it
    warehouse:SCHEMA        the same table in another schema; DATABASE.SCHEMA in another database

It is asked each time for the newest version's name, and for its content where that is not here yet.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager

import msgspec

from upriver.problems import Problem, ProblemsError, WarehouseError
from upriver.project.opened import OpenedProject
from upriver.project.warehouse import Door
from upriver.resources.dialect import render_name
from upriver.resources.relation import RelationName
from upriver.state.remote.address import PRODUCTION, Address
from upriver.state.remote.answer import Absent, Answer, Content, Unchanged, Unreachable
from upriver.state.remote.cache import Cache
from upriver.state.remote.fetch import Fetched, taken
from upriver.state.remote.table import TABLE, Version, contents, heads, joined, versions
from upriver.workspace.profile import Profile, open_profile


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A table, how it is reached, and whose version is wanted."""

    profile: Profile
    name: RelationName
    target: str | None = None

    @property
    def key(self) -> str:
        """What tells copies of it apart."""
        credentials = self.profile.credentials
        port = credentials.shown.get("port")
        where = (credentials.type, credentials.unique_field, str(port or ""))
        parts = (self.name.database or "", self.name.schema or "", self.target or "")
        return f"warehouse:{'/'.join((*where, *parts))}"


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a table says."""

    answer: Answer
    targets: tuple[str, ...] = ()
    """Which targets have published there, where none could be chosen."""


def of_warehouse(
    opened: OpenedProject, address: Address, cache: Cache, now: float
) -> Fetched | Problem:
    """Return a directory with what was published, or what was last read of it."""
    targets: tuple[str, ...] = ()
    for place in _places(opened, address.text):
        key = f"{place.key}:{opened.workspace.name}"
        known = cache.find(key)
        revision = None if known is None else known.revision
        asked = _ask(opened, place, revision)
        targets = targets or asked.targets
        if not isinstance(asked.answer, Absent):
            return taken(address, (key, known), asked.answer, cache, now)
    if targets:
        return Problem(
            code="state-target",
            message=f"Several targets have published state to `{address.shown}`, and none of them"
            " is known to be production's",
            hint=f"Name one: {', '.join(f'`warehouse:{name}`' for name in targets)}",
        )
    schema = opened.workspace.deferral.publishing.schema
    return Problem(
        code="state-not-found",
        message=f"Nothing was published to `{address.shown}`: there is no table `{TABLE}` with"
        f" state of `{opened.workspace.name}`",
        hint="Run `upriver state publish` with production's target after it was built; the schema"
        f" is `{schema}`, or what `publish:` in `upriver.yml` says",
    )


def table_name(opened: OpenedProject, profile: Profile) -> RelationName:
    """Return where a target publishes its state to."""
    return RelationName(
        database=profile.credentials.database,
        schema=opened.workspace.deferral.publishing.schema,
        identifier=TABLE,
    )


@contextmanager
def door_of(opened: OpenedProject, profile: Profile) -> Iterator[Door]:
    """Lend a door to a target's warehouse."""
    with closing(Door(profile, opened.caller.on_query)) as door:
        yield door


def _places(opened: OpenedProject, rest: str) -> Iterator[Place]:
    """Return where to look, one after the other."""
    profile = opened.workspace.profile
    assert profile is not None  # noqa: S101 - a workspace without a profile was refused
    if not rest:
        yield Place(profile=profile, name=table_name(opened, profile))
        return
    if rest not in profile.target_names:
        database, _, schema = rest.rpartition(".")
        name = table_name(opened, profile)
        name = msgspec.structs.replace(name, database=database or name.database, schema=schema)
        yield Place(profile=profile, name=name)
        return
    yield Place(profile=profile, name=table_name(opened, profile), target=rest)
    other = _other_target(opened, profile, rest)
    if other is not None:
        yield Place(profile=other, name=table_name(opened, other), target=rest)


def _other_target(opened: OpenedProject, profile: Profile, name: str) -> Profile | None:
    """Open another target of the profile; who may not read it need not be able to."""
    if name == profile.target_name:
        return None
    inputs = msgspec.structs.replace(
        opened.workspace.inputs,
        target=name,
        profile=profile.name,
        profiles_dir=os.path.dirname(profile.profiles_path),
    )
    found, _ = open_profile(inputs, opened.workspace.root, profile.name)
    return None if found is None else found.profile


def _ask(opened: OpenedProject, place: Place, revision: str | None) -> Asked:
    """Ask a table once whether it has something newer, and take it then."""
    try:
        with (
            door_of(opened, place.profile) as door,
            closing(door.session("state")) as session,
        ):
            name = place.name
            listed = session.relations(name.database, name.schema or "")
            if all((one.name.identifier or "").lower() != TABLE for one in listed):
                return Asked(answer=Absent())
            table = render_name(door.adapter.dialect, name, door.adapter.dialect.quoting)

            def ask(sql: str) -> tuple[tuple[object, ...], ...]:
                return session.execute(sql, fetch=True).rows

            project = opened.workspace.name
            # A version may be deleted between the two questions; then there is a newer one.
            for _ in range(2):
                found = versions(ask(heads(table, project)))
                version = _chosen(found, place.target)
                if version is None:
                    targets = tuple(sorted({one.target for one in found}))
                    return Asked(answer=Absent(), targets=() if place.target else targets)
                if version.revision == revision:
                    return Asked(answer=Unchanged())
                data = joined(ask(contents(table, project, version)), version)
                if data is not None:
                    return Asked(answer=Content(data=data, revision=version.revision))
            return Asked(answer=Unreachable("what is there is not whole"))
    except WarehouseError as error:
        return Asked(answer=Unreachable(str(error)))
    except ProblemsError as error:
        return Asked(answer=Unreachable(error.problems[0].message))


def _chosen(found: list[Version], target: str | None) -> Version | None:
    """Return the newest version of the target, or of the one that is production's."""
    targets = {version.target for version in found}
    wanted = target or next((name for name in PRODUCTION if name in targets), None)
    if wanted is None and len(targets) == 1:
        (wanted,) = targets
    return next((version for version in found if version.target == wanted), None)
