"""What is remembered of a project between invocations, and what makes it still true.

Three things are kept: every file's parse with the questions it asked (`parsed`), the linked graph
as a small index with one row per body (`graph`, `node`), and the list of files with the answers to
all questions (`snapshot`). A remembered graph is used only when nothing it depends on changed;
otherwise remembered parses are, one by one, by the same rule.
"""

import functools
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from upriver.graph.graph import Entry, Graph, ProjectFacts
from upriver.graph.refs import LinkNames
from upriver.problems import Problem
from upriver.project.lazy import LateMapping, StoredMapping
from upriver.project.store import Store
from upriver.resources.definitions import ParsedFile
from upriver.resources.files import SourceFile
from upriver.resources.macro import Doc, Macro
from upriver.resources.nodes import Resource
from upriver.state.wire.splice import Layout

MEANINGS = "meanings"
STALE_MEANINGS = "meanings-stale"
"""Keys of the bucket `graph`: what `fingerprints.py` keeps, and what changed since it did."""

RACE_NS = 50_000_000
"""A file changed this shortly before it was listed may have changed again without a new stamp."""


class Stamp(msgspec.Struct, frozen=True, array_like=True):
    """What tells an unchanged file apart without reading it."""

    id: str
    kind: str
    size: int
    mtime_ns: int
    inode: int


class ParsedRow(msgspec.Struct, frozen=True, array_like=True):
    """One remembered parse."""

    stamp: Stamp
    parsed: ParsedFile
    questions: tuple[str, ...]


class Snapshot(msgspec.Struct, frozen=True, array_like=True):
    """The conditions under which the remembered graph holds."""

    settings: str
    """Digest of the settings that linking reads."""
    builtins: str
    """Key of the built-in macros."""
    stamps: tuple[Stamp, ...]
    listed_ns: int
    questions: dict[str, str]
    """Every question any parse or the link asked, with the digest of its answer."""
    has_graph: bool
    volatile: tuple[str, ...] = ()
    """Keys of files whose parse asked for what differs each time; they are parsed again."""


class GraphRow(msgspec.Struct, frozen=True, array_like=True):
    """The index of the remembered graph."""

    facts: ProjectFacts
    entries: tuple[Entry, ...]
    """In order; their references are the graph's edges."""
    lost: tuple[str, ...]
    problems: tuple[Problem, ...]


class GraphOverlay(msgspec.Struct, frozen=True, array_like=True):
    """What relinking changed in the index since it was written."""

    entries: dict[str, Entry] = {}
    parents: dict[str, tuple[str, ...]] = {}
    problems: tuple[Problem, ...] | None = None


class ManifestRow(msgspec.Struct, frozen=True, array_like=True):
    """What is known of the `manifest.json` last written."""

    size: int
    mtime_ns: int
    inode: int
    layout: Layout
    compiled: tuple[str, ...]
    """Resources whose pieces hold compiled code."""
    changed: tuple[str, ...] = ()
    """Resources that changed since it was written."""
    are_edges_changed: bool = False


def stamp_of(file: SourceFile) -> Stamp:
    """Return a file's stamp."""
    return Stamp(file.id, file.kind, file.size, file.mtime_ns, file.inode)


def file_key(file: SourceFile) -> str:
    """Return the key of a file's parse: one file may be read as several kinds (PROJ-140)."""
    return f"{file.kind}:{file.id}"


@functools.cache
def _decoder(kind: Any) -> msgspec.msgpack.Decoder[Any]:
    """Return the decoder of a type: making one costs milliseconds for the larger ones."""
    return msgspec.msgpack.Decoder(kind)


_encode = msgspec.msgpack.Encoder().encode


def _resource_decoder() -> msgspec.msgpack.Decoder[Resource]:
    return _decoder(Resource)


class Memory:
    """Typed access to the store."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def snapshot(self) -> Snapshot | None:
        """Return the last snapshot, or None."""
        data = self.store.get("snapshot", "last")
        return None if data is None else _decoder(Snapshot).decode(data)

    def parsed_row(self, key: str) -> ParsedRow | None:
        """Return one remembered parse."""
        data = self.store.get("parsed", key)
        return None if data is None else _decoder(ParsedRow).decode(data)

    def parsed_rows(self) -> dict[str, ParsedRow]:
        """Return all remembered parses."""
        rows: dict[str, ParsedRow] = {}
        for key, data in self.store.items("parsed"):
            try:
                rows[key] = _decoder(ParsedRow).decode(data)
            except msgspec.ValidationError:
                # A value that cannot be remembered as what it was: the file is read again.
                continue
        return rows

    def builtin_macros(self, version: str) -> tuple[Macro, ...] | None:
        """Return the parsed built-in macros of this version."""
        data = self.store.get("builtin", version)
        return None if data is None else _decoder(tuple[Macro, ...]).decode(data)

    def put_builtin_macros(self, version: str, macros: tuple[Macro, ...]) -> None:
        """Remember the parsed built-in macros."""
        self.store.replace("builtin", [(version, macros)])

    def names(self) -> LinkNames | None:
        """Return what relinking needs."""
        data = self.store.get("graph", "names")
        return None if data is None else _decoder(LinkNames).decode(data)

    def graph(self, selectors: Mapping[str, object]) -> tuple[Graph, tuple[Problem, ...]] | None:
        """Return the remembered graph, bodies undecoded, and its warnings."""
        data = self.store.get("graph", "index")
        if data is None:
            return None
        row = _decoder(GraphRow).decode(data)
        entries = {entry.unique_id: entry for entry in row.entries}
        overlay = self._overlay()
        entries.update(overlay.entries)
        parents, children = _edges(row, overlay.parents)
        graph = Graph(
            facts=row.facts,
            entries=entries,
            parents=parents,
            children=children,
            resources=StoredMapping(self.store, "node", entries, _resource_decoder),
            macros=LateMapping(self._macros),
            docs=LateMapping(self._docs),
            disabled=LateMapping(self._disabled),
            lost=row.lost,
            selectors=selectors,
        )
        problems = row.problems if overlay.problems is None else overlay.problems
        return graph, problems

    def _stale_meanings(self) -> tuple[str, ...]:
        data = self.store.get("graph", STALE_MEANINGS)
        return () if data is None else _decoder(tuple[str, ...]).decode(data)

    def _overlay(self) -> GraphOverlay:
        data = self.store.get("graph", "overlay")
        return GraphOverlay() if data is None else _decoder(GraphOverlay).decode(data)

    def manifest_row(self) -> ManifestRow | None:
        """Return what is known of the manifest file."""
        data = self.store.get("graph", "manifest")
        return None if data is None else _decoder(ManifestRow).decode(data)

    def put_manifest_row(self, row: ManifestRow | None) -> None:
        """Remember, or forget, what the manifest file holds."""
        self.store.put([("graph", "manifest", None if row is None else _encode(row))])

    def durations(self) -> dict[str, float]:
        """Return how many seconds each step took when it last ran, by unique_id."""
        data = self.store.get("durations", "last")
        return {} if data is None else _decoder(dict[str, float]).decode(data)

    def put_durations(self, seconds: Mapping[str, float]) -> None:
        """Remember how long steps took, beside what is known of others."""
        if seconds:
            known = {**self.durations(), **seconds}
            self.store.put([("durations", "last", _encode(known))])

    def _macros(self) -> Mapping[str, Macro]:
        data = self.store.get("graph", "macros")
        return {m.unique_id: m for m in _decoder(tuple[Macro, ...]).decode(data)} if data else {}

    def _docs(self) -> Mapping[str, Doc]:
        data = self.store.get("graph", "docs")
        return {d.unique_id: d for d in _decoder(tuple[Doc, ...]).decode(data)} if data else {}

    def _disabled(self) -> Mapping[str, tuple[Resource, ...]]:
        data = self.store.get("graph", "disabled")
        return _decoder(dict[str, tuple[Resource, ...]]).decode(data) if data else {}

    def put_parsed(self, rows: Mapping[str, ParsedRow], gone: Iterable[str] = ()) -> None:
        """Remember these parses, and forget those of files that are gone."""
        self.store.put(
            [
                *(("parsed", key, _encode(row)) for key, row in rows.items()),
                *(("parsed", key, None) for key in gone),
            ]
        )

    def put_all_parsed(self, rows: Mapping[str, ParsedRow]) -> None:
        """Remember exactly these parses."""
        self.store.replace("parsed", rows.items())

    def put_graph(self, graph: Graph, names: LinkNames, problems: tuple[Problem, ...]) -> None:
        """Remember a graph linked as a whole."""
        self.store.replace("node", graph.resources.items())
        self.store.replace(
            "graph",
            [
                ("index", _graph_row(graph, problems)),
                ("names", names),
                ("macros", tuple(graph.macros.values())),
                ("docs", tuple(graph.docs.values())),
                ("disabled", dict(graph.disabled)),
            ],
        )

    def put_changes(
        self,
        before: Graph,
        after: Graph,
        problems: tuple[Problem, ...],
        names: LinkNames | None,
        changed: Iterable[str],
    ) -> None:
        """Remember what relinking changed: the bodies and index entries of a few resources."""
        ids = tuple(changed)
        overlay = self._overlay()
        entries, parents = dict(overlay.entries), dict(overlay.parents)
        for unique_id in ids:
            entries[unique_id] = after.entries[unique_id]
            parents[unique_id] = after.parents.get(unique_id, ())
        are_edges_changed = any(after.parents.get(i, ()) != before.parents.get(i, ()) for i in ids)
        rows: list[tuple[str, str, bytes | None]] = [
            ("node", i, _encode(after.resources[i])) for i in ids
        ]
        rows.append(("graph", "overlay", _encode(GraphOverlay(entries, parents, problems))))
        rows.append(("graph", STALE_MEANINGS, _encode((*self._stale_meanings(), *ids))))
        if names is not None:
            rows.append(("graph", "names", _encode(names)))
        manifest = self.manifest_row()
        if manifest is not None:
            manifest = msgspec.structs.replace(
                manifest,
                changed=tuple(dict.fromkeys((*manifest.changed, *ids))),
                are_edges_changed=manifest.are_edges_changed or are_edges_changed,
            )
            rows.append(("graph", "manifest", _encode(manifest)))
        self.store.put(rows)

    def put_snapshot(self, snapshot: Snapshot) -> None:
        """Remember the conditions; written last, so that a killed write leaves no false memory."""
        self.store.put([("snapshot", "last", _encode(snapshot))])

    def forget_meanings(self) -> None:
        """Forget what resources mean: all of them may be others."""
        self.store.put([("graph", MEANINGS, None), ("graph", STALE_MEANINGS, None)])

    def forget_snapshot(self) -> None:
        """Take the conditions back before what they vouch for is rewritten."""
        self.store.put([("snapshot", "last", None)])


def _edges(
    row: GraphRow, changed: Mapping[str, tuple[str, ...]]
) -> tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]]:
    parents = {entry.unique_id: entry.references for entry in row.entries}
    parents.update(changed)
    below: dict[str, list[str]] = {unique_id: [] for unique_id in parents}
    for unique_id, above in parents.items():
        for parent in above:
            below[parent].append(unique_id)
    return parents, {unique_id: tuple(children) for unique_id, children in below.items()}


def _graph_row(graph: Graph, problems: tuple[Problem, ...]) -> GraphRow:
    return GraphRow(
        facts=graph.facts,
        entries=tuple(graph.entries.values()),
        lost=graph.lost,
        problems=problems,
    )


class FileChanges(msgspec.Struct, frozen=True, kw_only=True):
    """How the files differ from the snapshot's."""

    modified: tuple[SourceFile, ...] = ()
    added: tuple[SourceFile, ...] = ()
    removed: tuple[str, ...] = ()
    """Keys of parses."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing changed."""
        return not (self.modified or self.added or self.removed)


def changes_since(snapshot: Snapshot, files: tuple[SourceFile, ...]) -> FileChanges:
    """Compare stamps; files too young to be told apart by their stamp count as modified."""
    before = {(stamp.kind, stamp.id): stamp for stamp in snapshot.stamps}
    limit = snapshot.listed_ns - RACE_NS
    modified: list[SourceFile] = []
    added: list[SourceFile] = []
    for file in files:
        stamp = before.pop((file.kind, file.id), None)
        if stamp is None:
            added.append(file)
        elif (
            stamp.mtime_ns != file.mtime_ns
            or stamp.size != file.size
            or stamp.inode != file.inode
            or file.mtime_ns >= limit
        ):
            modified.append(file)
    return FileChanges(
        modified=tuple(modified),
        added=tuple(added),
        removed=tuple(f"{kind}:{file_id}" for kind, file_id in before),
    )
