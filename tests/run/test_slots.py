"""Threads lent to helpers."""

from __future__ import annotations

from upriver.run.slots import Slots


def test_helpers_take_what_is_idle() -> None:
    slots = Slots(3)
    with slots.step():
        assert [slots.take(), slots.take(), slots.take()] == [True, True, False]
        assert not slots.is_short()
        with slots.step():
            assert slots.is_short()
            slots.give_back()
            assert not slots.is_short()
            assert not slots.take()
        assert slots.take()
    assert slots.take()


def test_a_step_always_begins() -> None:
    slots = Slots(1)
    with slots.step(), slots.step():
        assert slots.is_short()
        assert not slots.take()
    assert slots.take()
