"""Which relations exist, remembered for a run and shared by its workers (ADPT-17..22).

Each schema is listed once; what the run itself creates, renames and drops is told to the cache.
Keys are lower-cased, while two relations whose names differ only in case are kept apart.

An entry stands for a relation as the warehouse's own object id would: a rename moves it, and the
views on it stay linked to it. On a warehouse that drops views along with their tables, dropping an
entry drops the entries of the views linked to it. Links come from the catalog when a schema is
listed; what a view created since then selects from is not known, so after a later drop such a view
is looked up again before anyone is told that it exists.

Every operation returns what it changed, and `undo` takes that back: a rolled back transaction did
not create, rename or drop anything.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from upriver.problems import WarehouseError
from upriver.resources.answers import ListedRelation
from upriver.resources.relation import RelationName

Ask = Callable[[], tuple[ListedRelation, ...]]
"""Lists one schema by asking the warehouse."""
SchemaKey = tuple[str, str]

_VIEW_TYPES = frozenset({"view", "materialized_view"})


class Entry:
    """One relation the cache believes in; private to this module and to `Change`."""

    __slots__ = ("added_after_drops", "dependents", "name", "pending_in", "type")

    def __init__(self, name: RelationName, type_: str) -> None:
        self.name = name
        self.type = type_
        self.dependents: list[Entry] = []
        self.added_after_drops: int | None = None
        """How many drops the cache had seen when a view of unknown links was last known to
        exist; None for what was listed, whose links are known."""
        self.pending_in: object | None = None
        """The session in whose open transaction the entry was made."""

    def listed(self) -> ListedRelation:
        """Return the entry as a value."""
        return ListedRelation(name=self.name, type=self.type)


class Change:
    """What one entry was before an operation."""

    __slots__ = ("added_after_drops", "entry", "name_before", "type_before")

    def __init__(self, entry: Entry, *, existed: bool) -> None:
        self.entry = entry
        self.name_before = entry.name if existed else None
        self.type_before = entry.type
        self.added_after_drops = entry.added_after_drops


class RelationCache:
    """The relations of the schemas listed so far; thread-safe."""

    def __init__(self, *, drops_dependent_views: bool = False) -> None:
        self._drops_dependent_views = drops_dependent_views
        self._lock = threading.Lock()
        self._listings: dict[SchemaKey, dict[str, list[Entry]]] = {}
        self._listing_locks: dict[SchemaKey, threading.Lock] = {}
        """One per schema, held while listing it, so that concurrent callers wait."""
        self._waiting: dict[RelationName, list[Entry]] = {}
        """Views by a relation they select from whose schema is not listed yet."""
        self._drops = 0

    def listing(self, database: str | None, schema: str, ask: Ask) -> tuple[ListedRelation, ...]:
        """Return the relations of a schema, asking the warehouse the first time only."""
        entries = self._entries(database, schema, ask)
        with self._lock:
            doubtful = [e for group in entries.values() for e in group if self._is_doubtful(e)]
        if doubtful:
            self._verify(doubtful, ask)
        with self._lock:
            return tuple(entry.listed() for group in entries.values() for entry in group)

    def find(self, name: RelationName, ask: Ask) -> ListedRelation | None:
        """Find a relation: the exact spelling, else the one that differs only in case.

        Whether a name that differs in case may be used is decided by the caller, who knows the
        quoting (ADPT-19). Raises WarehouseError when several differ only in case.
        """
        entries = self._entries(name.database, name.schema or "", ask)
        with self._lock:
            entry = _pick(entries, name)
            is_doubtful = entry is not None and self._is_doubtful(entry)
        if entry is None or (is_doubtful and not self._verify([entry], ask)):
            return None
        return entry.listed()

    def added(self, relation: ListedRelation, ask: Ask, owner: object = None) -> list[Change]:
        """Record that a relation exists, `owner` being the session whose transaction made it."""
        name = relation.name
        entries = self._entries(name.database, name.schema or "", ask)
        with self._lock:
            group = entries.setdefault(_fold(name.identifier), [])
            known = next((e for e in group if e.name.identifier == name.identifier), None)
            entry = known or Entry(name, relation.type)
            change = Change(entry, existed=known is not None)
            if known is None:
                group.append(entry)
            entry.type = relation.type
            entry.added_after_drops = self._drops
            entry.pending_in = owner
            return [change]

    def dropped(self, name: RelationName, ask: Ask) -> list[Change]:
        """Record that a relation is gone, and with it the views it takes along."""
        entries = self._entries(name.database, name.schema or "", ask)
        with self._lock:
            self._drops += 1
            entry = _pick(entries, name)
            return [] if entry is None else self._remove(entry)

    def renamed(
        self, old: RelationName, new: RelationName, ask_old: Ask, ask_new: Ask
    ) -> list[Change]:
        """Record that a relation has another name; nothing for one the cache never heard of."""
        entries = self._entries(old.database, old.schema or "", ask_old)
        self._entries(new.database, new.schema or "", ask_new)
        with self._lock:
            entry = _pick(entries, old)
            if entry is None:
                return []
            change = Change(entry, existed=True)
            self._take_out(entry)
            entry.name = new
            self._put_in(entry)
            return [change]

    def schema_dropped(self, database: str | None, schema: str) -> None:
        """Record that a schema was dropped with everything in it and every view on that."""
        with self._lock:
            self._drops += 1
            listing = self._listings.get(_schema_key(database, schema), {})
            for entry in [entry for group in listing.values() for entry in group]:
                self._remove(entry)

    def forget(self, database: str | None, schema: str) -> None:
        """Forget a schema's listing; it is asked for again when next needed."""
        with self._lock:
            self._listings.pop(_schema_key(database, schema), None)

    def is_listed(self, database: str | None, schema: str) -> bool:
        """Tell whether a schema's listing is known."""
        with self._lock:
            return _schema_key(database, schema) in self._listings

    def settle(self, changes: Iterable[Change]) -> None:
        """Record that the transaction which made the changes was committed."""
        with self._lock:
            for change in changes:
                change.entry.pending_in = None

    def undo(self, changes: list[Change]) -> None:
        """Take back changes whose transaction was rolled back, the last one first."""
        with self._lock:
            for change in reversed(changes):
                entry = change.entry
                self._take_out(entry)
                entry.pending_in = None
                if change.name_before is not None:
                    entry.name = change.name_before
                    entry.type = change.type_before
                    entry.added_after_drops = change.added_after_drops
                    self._put_in(entry)

    def _entries(self, database: str | None, schema: str, ask: Ask) -> dict[str, list[Entry]]:
        key = _schema_key(database, schema)
        with self._lock:
            if (known := self._listings.get(key)) is not None:
                return known
            listing_lock = self._listing_locks.setdefault(key, threading.Lock())
        with listing_lock:
            with self._lock:
                if (known := self._listings.get(key)) is not None:
                    return known
            relations = ask()
            with self._lock:
                return self._store(key, relations)

    def _store(
        self, key: SchemaKey, relations: tuple[ListedRelation, ...]
    ) -> dict[str, list[Entry]]:
        listing: dict[str, list[Entry]] = {}
        self._listings[key] = listing
        made = [(Entry(relation.name, relation.type), relation) for relation in relations]
        for entry, relation in made:
            listing.setdefault(_fold(relation.name.identifier), []).append(entry)
            entry.dependents.extend(self._waiting.pop(relation.name, ()))
        for entry, relation in made:
            for base in relation.depends_on:
                self._link(entry, base)
        return listing

    def _link(self, view: Entry, base: RelationName) -> None:
        listing = self._listings.get(_schema_key(base.database, base.schema or ""))
        entry = None if listing is None else _pick(listing, base)
        waiting_or_linked = (
            self._waiting.setdefault(base, []) if entry is None else entry.dependents
        )
        waiting_or_linked.append(view)

    def _remove(self, entry: Entry) -> list[Change]:
        changes = [Change(entry, existed=True)]
        self._take_out(entry)
        if self._drops_dependent_views:
            for view in entry.dependents:
                # A view made anew since the listing may select from something else now; such a
                # view is doubtful from here on, which is enough.
                if view.added_after_drops is None and self._is_in(view):
                    changes.extend(self._remove(view))
        return changes

    def _is_doubtful(self, entry: Entry) -> bool:
        return (
            self._drops_dependent_views
            and entry.type in _VIEW_TYPES
            and entry.pending_in is None
            and entry.added_after_drops is not None
            and entry.added_after_drops < self._drops
        )

    def _verify(self, doubtful: list[Entry], ask: Ask) -> bool:
        """Ask again for views that may have gone with a table; tell whether all are there."""
        with self._lock:
            drops = self._drops
        present = {relation.name.identifier for relation in ask()}
        with self._lock:
            gone = [entry for entry in doubtful if entry.name.identifier not in present]
            for entry in doubtful:
                entry.added_after_drops = drops
            for entry in gone:
                self._take_out(entry)
        return not gone

    def _group(self, name: RelationName) -> list[Entry]:
        listing = self._listings.get(_schema_key(name.database, name.schema or ""), {})
        return listing.get(_fold(name.identifier), [])

    def _is_in(self, entry: Entry) -> bool:
        return any(other is entry for other in self._group(entry.name))

    def _take_out(self, entry: Entry) -> None:
        group = self._group(entry.name)
        group[:] = [other for other in group if other is not entry]

    def _put_in(self, entry: Entry) -> None:
        listing = self._listings.get(_schema_key(entry.name.database, entry.name.schema or ""))
        if listing is not None:
            listing.setdefault(_fold(entry.name.identifier), []).append(entry)


def _fold(text: str | None) -> str:
    return (text or "").lower()


def _schema_key(database: str | None, schema: str) -> SchemaKey:
    return (_fold(database), schema.lower())


def _pick(entries: dict[str, list[Entry]], name: RelationName) -> Entry | None:
    group = entries.get(_fold(name.identifier), [])
    for entry in group:
        if entry.name.identifier == name.identifier:
            return entry
    if len(group) > 1:
        spellings = ", ".join(f"`{entry.name.identifier}`" for entry in group)
        raise WarehouseError(
            f"`{name.schema}.{name.identifier}` is ambiguous: the schema has {spellings}"
        )
    return group[0] if group else None
