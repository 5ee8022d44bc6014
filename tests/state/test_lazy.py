"""Mappings that are decoded when they are looked at."""

from __future__ import annotations

import msgspec
import pytest

from upriver.state._lazy import Converted, Packed

DECODER = msgspec.msgpack.Decoder(dict[str, int])


def test_values_are_converted_once_and_only_when_asked_for():
    converted: list[int] = []

    def convert(value: int) -> str:
        converted.append(value)
        return str(value)

    lazy = Converted({"a": 1, "b": 2}, convert)
    assert ("a" in lazy, "c" in lazy, len(lazy), list(lazy)) == (True, False, 2, ["a", "b"])
    assert converted == []
    assert (lazy["a"], lazy["a"]) == ("1", "1")
    assert converted == [1]
    with pytest.raises(KeyError):
        lazy["c"]


def test_a_packed_mapping_is_the_mapping():
    packed = Packed(memoryview(msgspec.msgpack.encode({"a": 1, "b": 2})), DECODER)
    assert packed == {"a": 1, "b": 2}
    assert ("a" in packed, "c" in packed, len(packed), packed["b"]) == (True, False, 2, 2)


def test_a_packed_mapping_that_nobody_looks_at_is_never_decoded():
    packed = Packed(memoryview(b"not msgpack of a map"), DECODER)
    with pytest.raises(msgspec.ValidationError):
        len(packed)
