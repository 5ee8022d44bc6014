"""The lean index: of a state's manifest what deferral needs, with the ledger laid over it.

The index of a manifest never changes, so that the last few are kept in memory. The ledger is asked
every time: a node's relation is the one that was really built last.
"""

from __future__ import annotations

import gzip
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, select

from upriver.server.db.tables import runs
from upriver.server.ingest.artifacts import INDEX_FORMAT, LeanIndex
from upriver.server.moments import spell_moment
from upriver.server.refusals import not_found
from upriver.server.states import State
from upriver.server.store.contract import Store

_MOST_KEPT = 8
_QUICK = 1
_decoder = msgspec.msgpack.Decoder(LeanIndex)
_encode = msgspec.json.Encoder().encode


class Indexes:
    """The indexes used last, by their keys in the store, and the last whole answers."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, LeanIndex] = OrderedDict()
        self._whole: OrderedDict[str, bytes] = OrderedDict()

    def whole(self, etag: str, make: Callable[[], bytes]) -> bytes:
        """Return the whole index of a state as gzip, made once for all who ask."""
        with self._lock:
            if etag in self._whole:
                self._whole.move_to_end(etag)
                return self._whole[etag]
        data = gzip.compress(make(), _QUICK, mtime=0)
        with self._lock:
            self._whole[etag] = data
            if len(self._whole) > _MOST_KEPT:
                self._whole.popitem(last=False)
        return data

    def get(self, key: str) -> LeanIndex:
        """Return an index, read if it is not at hand."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        index = _decoder.decode(b"".join(self._store.read(key)))
        assert index.format == INDEX_FORMAT  # noqa: S101 - the only one so far
        with self._lock:
            self._kept[key] = index
            if len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
        return index


def index_key(connection: Connection, state: State) -> str:
    """Return where the index of a state's manifest is."""
    key = connection.execute(select(runs.c.index_key).where(runs.c.id == state.run.id)).scalar()
    if key is None:
        raise not_found("The index of this state")
    return str(key)


def index_json(
    index: LeanIndex, ledger: Iterable[Row[Any]], wanted: Collection[str] | None
) -> bytes:
    """Write a manifest of the wanted nodes, or of all, with `upriver_builds` beside."""
    built = {row.unique_id: row for row in ledger}
    nodes = _chosen(index.nodes, wanted, built)
    functions = _chosen(index.functions, wanted, built)
    records = {
        unique_id: {
            "relation": row.relation,
            "fingerprint": row.fingerprint,
            "built_at": spell_moment(row.built_at),
            "run_id": row.run_id,
            "git_sha": row.git_sha,
        }
        for unique_id, row in built.items()
        if unique_id in index.nodes or unique_id in index.functions
    }
    return b"".join(
        (
            b'{"metadata":', index.metadata,
            b',"nodes":', _joined(nodes),
            b',"functions":', _joined(functions),
            b',"upriver_builds":', _encode(records), b"}",
        )
    )  # fmt: skip


def _chosen(
    nodes: dict[str, bytes], wanted: Collection[str] | None, built: dict[str, Row[Any]]
) -> list[tuple[str, bytes]]:
    ids = nodes if wanted is None else [each for each in wanted if each in nodes]
    return [(unique_id, _overlaid(nodes[unique_id], built.get(unique_id))) for unique_id in ids]


def _overlaid(node: bytes, row: Row[Any] | None) -> bytes:
    """Give a node the relation it was built as, where the manifest says another one."""
    if row is None or row.relation is None or _encode(row.relation) in node:
        return node
    value = msgspec.json.decode(node)
    value["relation_name"] = row.relation
    return _encode(value)


def _joined(nodes: list[tuple[str, bytes]]) -> bytes:
    return b"{" + b",".join(_encode(name) + b":" + body for name, body in nodes) + b"}"
