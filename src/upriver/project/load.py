"""From an opened workspace to a linked graph, reusing what is remembered.

Three ways lead there, from fast to slow, and all give equal graphs (a property test holds them to
it): nothing changed, so the remembered graph stands; only bodies of SQL files changed, so their
resources are linked again alone; anything else, so every file is read again unless its remembered
parse still holds, and all are linked. The first way loads neither parser nor template language:
the other two are in `linking.py`.
"""

from __future__ import annotations

import time

import msgspec

from upriver.adapters.macro_files import builtin_version
from upriver.digest import digest_value
from upriver.project.loading import (
    BODY_KINDS,
    LINKING_FLAGS,
    Counts,
    Listing,
    Loaded,
    Loading,
    late,
    macro_table,
    parse_world,
)
from upriver.project.memory import FileChanges, Snapshot, changes_since, file_key
from upriver.project.recorder import OUTSIDE, Answers
from upriver.resources.files import SourceFile
from upriver.workspace.discover import list_files

_READ_FLAGS = (
    *LINKING_FLAGS,
    "require_explicit_package_overrides_for_builtin_materializations",
)
"""The flags that a linked graph follows from; all others may change and leave it standing."""


def load(loading: Loading) -> Loaded:
    """Return the linked project; never raises for what is wrong with it."""
    dialect = loading.settings.dialect
    listing = Listing(
        listed_ns=time.time_ns(),
        files=list_files(loading.workspace),
        settings_key=_settings_key(loading),
        builtins=builtin_version(dialect.type, dialect.parents),
    )
    snapshot = loading.memory.snapshot()
    if snapshot is not None and _is_of(snapshot, listing):
        loaded = _from_memory(loading, snapshot, listing)
        if loaded is not None:
            return loaded
    # Parser and template language take 100 ms to load.
    from upriver.project.linking import link_all

    return link_all(loading, snapshot, listing)


def _is_of(snapshot: Snapshot, listing: Listing) -> bool:
    return (snapshot.settings, snapshot.builtins) == (listing.settings_key, listing.builtins)


def _settings_key(loading: Loading) -> str:
    """Digest what linking reads directly; what templates ask for is checked by question."""
    workspace = loading.workspace
    credentials = None if workspace.profile is None else workspace.profile.credentials
    return digest_value(
        (
            [msgspec.to_builtins(package) for package in workspace.packages],
            {name: getattr(workspace.flags, name) for name in _READ_FLAGS},
            msgspec.to_builtins(loading.settings.dialect),
            None if credentials is None else (credentials.database, credentials.schema),
            workspace.selectors,
            bool(loading.settings.flags.get("STORE_FAILURES")),
            time.strftime("%Y-%m-%d"),
        )
    )


def _from_memory(loading: Loading, snapshot: Snapshot, listing: Listing) -> Loaded | None:
    changes = changes_since(snapshot, listing.files)
    if not _may_stand(snapshot, changes):
        return None
    volatile = _volatile(snapshot, listing, changes)
    remembered = loading.memory.graph(loading.workspace.selectors)
    if remembered is None or not _answers_hold(loading, snapshot):
        return None
    graph, problems = remembered
    table = late(lambda: macro_table(loading, tuple(graph.macros.values())))
    if changes.modified or volatile:
        # Parser and template language are needed for what changed, or may have, only.
        from upriver.project.linking import link_changed

        return link_changed(
            loading, snapshot, listing, (*changes.modified, *volatile), graph, problems, table
        )
    counts = Counts(files=len(listing.files), parsed=0, way="remembered")
    return Loaded(
        graph=graph,
        problems=problems,
        macros=table,
        settings=loading.settings,
        counts=counts,
        files=listing.files,
    )


def _volatile(
    snapshot: Snapshot, listing: Listing, changes: FileChanges
) -> tuple[SourceFile, ...]:
    """Return files that did not change, and whose parse may be another all the same."""
    if not snapshot.volatile:
        return ()
    keys = set(snapshot.volatile) - {file_key(file) for file in changes.modified}
    return tuple(file for file in listing.files if file_key(file) in keys)


def _may_stand(snapshot: Snapshot, changes: FileChanges) -> bool:
    if not snapshot.has_graph or changes.added or changes.removed:
        return False
    return all(file.kind in BODY_KINDS for file in changes.modified)


def _answers_hold(loading: Loading, snapshot: Snapshot) -> bool:
    """Ask again what lies outside the files: macros stand in files, whose stamps are equal."""
    answers = Answers(parse_world(loading, macro_table(loading, ())))
    return all(
        answers.digest(question) == digest
        for question, digest in snapshot.questions.items()
        if question.partition("\x1f")[0] in OUTSIDE
    )
