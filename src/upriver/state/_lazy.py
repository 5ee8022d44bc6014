"""Mappings that are decoded when they are looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Generic, TypeVar

import msgspec

V = TypeVar("V")
R = TypeVar("R")


class Converted(Mapping[str, V], Generic[R, V]):
    """A mapping whose values are made from another mapping's, each when first asked for."""

    def __init__(self, source: Mapping[str, R], convert: Callable[[R], V]) -> None:
        self._source = source
        self._convert = convert
        self._made: dict[str, V] = {}

    def __getitem__(self, key: str) -> V:
        try:
            return self._made[key]
        except KeyError:
            made = self._made[key] = self._convert(self._source[key])
            return made

    def __contains__(self, key: object) -> bool:
        return key in self._source

    def __iter__(self) -> Iterator[str]:
        return iter(self._source)

    def __len__(self) -> int:
        return len(self._source)


class Packed(Mapping[str, V]):
    """A mapping kept as msgpack until it is first looked at."""

    def __init__(self, data: memoryview, decoder: msgspec.msgpack.Decoder[dict[str, V]]) -> None:
        self._data = data
        self._decoder = decoder
        self._values: dict[str, V] | None = None

    def _unpacked(self) -> dict[str, V]:
        if self._values is None:
            self._values = self._decoder.decode(self._data)
        return self._values

    def __getitem__(self, key: str) -> V:
        return self._unpacked()[key]

    def __contains__(self, key: object) -> bool:
        return key in self._unpacked()

    def __iter__(self) -> Iterator[str]:
        return iter(self._unpacked())

    def __len__(self) -> int:
        return len(self._unpacked())
