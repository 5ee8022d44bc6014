"""What a relation was built from: one record per relation, and what follows from it.

A record is written when a build succeeds. It says what the code was and, for each input, which
relation was read and what that held. A table keeps what it was given; a view holds what its inputs
hold now, so its own record is only its code, and what it holds is worked out from its inputs'
records whenever somebody asks (`held_by`).

What is not known stays None and equals nothing: a relation that was filled by another tool, one
whose inputs were, or an incremental table in which rows of different code lie beside each other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import msgspec

from upriver.digest import digest_value
from upriver.state.fingerprint.prints import combine

InputPlace = Literal["here", "baseline", "source", "inlined", "missing"]


class BuiltInput(msgspec.Struct, frozen=True, kw_only=True, array_like=True, omit_defaults=True):
    """One reference of a build: what was read, and what it held then."""

    unique_id: str
    place: InputPlace
    relation_name: str | None = None
    fingerprint: str | None = None
    data: str | None = None
    """Version of the rows that were read; None if it is not known."""
    identity: str | None = None
    """Ephemeral models only: what they said."""
    parents: tuple[str, ...] = ()
    """Ephemeral models only: what they read, among the inputs of the same record."""


CLONED = "clone"
"""What stands for the materialization of a copy of a published relation."""


class Built(msgspec.Struct, frozen=True, kw_only=True):
    """One relation as its last build left it."""

    unique_id: str
    relation_name: str
    materialized: str
    identity: str | None
    """What the resource said (`Prints.identity`)."""
    form: str | None
    """How it was kept."""
    fingerprint: str | None
    """What a stored relation holds; of a view, what it held when it was made."""
    is_stored: bool
    """False for views."""
    doubt: str | None = None
    """Why `fingerprint` is None, a key of `DOUBTS`."""
    parents: tuple[str, ...] = ()
    """What it reads, among `inputs`."""
    inputs: tuple[BuiltInput, ...] = ()
    answers: Mapping[str, str] = {}
    """Digest of the answer to each question it asked."""
    data: str = ""
    """Version of its rows: another one after every build."""
    built_at: float = 0.0
    """Seconds since the epoch."""
    invocation_id: str = ""
    git_commit: str | None = None
    seconds: float = 0.0
    """How long the build took."""


DOUBTS: Mapping[str, str] = {
    "partial": "it was built with some of the rows only",
    "mixed": "it holds rows of builds from different code",
    "inputs": "what one of its inputs held is not known",
    "unknown": "part of its meaning is not known",
}
"""Why what a relation holds is not known."""


class Holdings(msgspec.Struct, frozen=True, kw_only=True):
    """Where records and fingerprints are looked up."""

    record: Callable[[str, str], Built | None]
    """The record of a relation (rendered name) if it is of this resource (unique_id)."""
    published: Callable[[str, str | None], str | None]
    """What the baseline's relation of this resource and name holds now."""
    published_data: Callable[[str, str | None], str | None] = lambda _id, _name: None
    source_data: Callable[[str], str | None] = lambda _: None
    held: dict[str, str | None] = msgspec.field(default_factory=dict)
    """What views were found to hold, by relation: for as long as no record changes."""
    data: dict[str, str | None] = msgspec.field(default_factory=dict)


def held_by(built: Built, holdings: Holdings) -> str | None:
    """Return the fingerprint of what a relation holds now."""
    if built.is_stored:
        return built.fingerprint
    known = holdings.held
    if built.relation_name not in known:
        # Views may read each other in a circle only where records are of different times.
        known[built.relation_name] = None
        known[built.relation_name] = _held_by_view(built, holdings)
    return known[built.relation_name]


def _held_by_view(built: Built, holdings: Holdings) -> str | None:
    by_id = {item.unique_id: item for item in built.inputs}
    values = {parent: _held(by_id.get(parent), by_id, holdings) for parent in built.parents}
    if built.identity is None:
        # A view that clones a published relation holds just that.
        return next(iter(values.values()), None)
    return combine(built.identity, values)


def _held(
    item: BuiltInput | None, by_id: Mapping[str, BuiltInput], holdings: Holdings
) -> str | None:
    if item is None:
        return None
    match item.place:
        case "source":
            return item.fingerprint
        case "baseline":
            return holdings.published(item.unique_id, item.relation_name)
        case "here":
            record = holdings.record(item.relation_name or "", item.unique_id)
            return None if record is None else held_by(record, holdings)
        case "inlined":
            values = {p: _held(by_id.get(p), by_id, holdings) for p in item.parents}
            return combine(item.identity, values)
        case _:
            return None


def data_of(built: Built, holdings: Holdings) -> str | None:
    """Return the version of the rows a relation shows now; a view shows its inputs'."""
    if built.is_stored:
        return built.data
    known = holdings.data
    if built.relation_name not in known:
        known[built.relation_name] = None
        known[built.relation_name] = _data_of_view(built, holdings)
    return known[built.relation_name]


def _data_of_view(built: Built, holdings: Holdings) -> str | None:
    versions = []
    for item in built.inputs:
        if item.place == "inlined":
            continue
        version = data_of_input(item, holdings)
        if version is None:
            return None
        versions.append((item.unique_id, version))
    return digest_value([built.identity, sorted(versions)])


def data_of_input(item: BuiltInput, holdings: Holdings) -> str | None:
    """Return the version of the rows an input has now; None if it is not known."""
    match item.place:
        case "source":
            return holdings.source_data(item.unique_id)
        case "baseline":
            return holdings.published_data(item.unique_id, item.relation_name)
        case "here":
            record = holdings.record(item.relation_name or "", item.unique_id)
            return None if record is None else data_of(record, holdings)
        case _:
            return None


def after_build(
    built: Built, previous: Built | None, *, is_whole: bool, is_partial: bool
) -> Built:
    """Return the record of a build, given what the relation held before.

    An incremental table holds one meaning only if every build since it was last built whole had
    that meaning. A snapshot keeps its history on purpose: its last run counts.
    """
    doubt = None
    if is_partial:
        doubt = "partial"
    elif built.identity is None:
        doubt = "unknown"
    elif built.fingerprint is None:
        doubt = "inputs"
    elif not is_whole and (previous is None or previous.fingerprint != built.fingerprint):
        doubt = "mixed"
    if doubt is None:
        return built
    # What a view holds follows from its inputs, unless its own text is not what it seems.
    is_stored = built.is_stored or doubt != "inputs"
    return msgspec.structs.replace(built, fingerprint=None, doubt=doubt, is_stored=is_stored)
