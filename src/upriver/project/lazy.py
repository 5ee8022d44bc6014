"""Mappings that decode their values when asked: the bodies behind a remembered graph."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Generic, TypeVar

import msgspec

from upriver.project.store import Store

V = TypeVar("V")


class LateMapping(Mapping[str, V], Generic[V]):
    """A mapping made as a whole, on first use."""

    def __init__(self, make: Callable[[], Mapping[str, V]]) -> None:
        self._make = make
        self._made: Mapping[str, V] | None = None

    @property
    def _values(self) -> Mapping[str, V]:
        if self._made is None:
            self._made = self._make()
        return self._made

    def __getitem__(self, key: str) -> V:
        return self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


class StoredMapping(Mapping[str, V], Generic[V]):
    """Values kept one row each in a bucket of the store; iterating decodes them all at once.

    `keys` are the keys in order. `changed` holds values that are newer than the store's.
    """

    def __init__(
        self,
        store: Store,
        bucket: str,
        keys: Mapping[str, Any],
        decoder: Callable[[], msgspec.msgpack.Decoder[V]],
        changed: Mapping[str, V] | None = None,
    ) -> None:
        self._store = store
        self._bucket = bucket
        self._keys = keys
        self._decoder = decoder
        self._found: dict[str, V] = dict(changed or {})
        self._is_complete = False

    def __getitem__(self, key: str) -> V:
        found = self._found.get(key)
        if found is None:
            data = self._store.get(self._bucket, key)
            if data is None:
                raise KeyError(key)
            found = self._found[key] = self._decoder().decode(data)
        return found

    def __contains__(self, key: object) -> bool:
        return key in self._keys

    def __iter__(self) -> Iterator[str]:
        self._complete()
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)

    def _complete(self) -> None:
        if self._is_complete:
            return
        for key, data in self._store.items(self._bucket):
            if key not in self._found and key in self._keys:
                self._found[key] = self._decoder().decode(data)
        self._is_complete = True
