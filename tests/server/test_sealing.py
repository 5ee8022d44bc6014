"""What lies encrypted in the database (S-05)."""

from __future__ import annotations

import secrets

import pytest

from upriver.server.sealing import SealBroken, Sealer


def test_keys_are_changed_by_adding_one() -> None:
    old, new = secrets.token_bytes(32), secrets.token_bytes(32)
    sealed = Sealer([old]).seal("a password")
    assert "password" not in sealed
    both = Sealer([new, old])
    assert both.open(sealed) == "a password"
    renewed = both.renewed(sealed)
    assert Sealer([new]).open(renewed) == "a password"
    with pytest.raises(SealBroken):
        Sealer([new]).open(sealed)


def test_no_byte_can_be_changed() -> None:
    sealer = Sealer([secrets.token_bytes(32)])
    sealed = sealer.seal("word")
    for place in range(0, len(sealed) - 2, 7):
        other = "A" if sealed[place] != "A" else "B"
        with pytest.raises(SealBroken):
            sealer.open(sealed[:place] + other + sealed[place + 1 :])


def test_without_a_key() -> None:
    with pytest.raises(ValueError, match="no key"):
        Sealer([])
