"""`stats`: sums over the noted runs of one project, by day, as lines and as data."""

from __future__ import annotations

import datetime
import json
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from tests.project.two_schemas import STATE, Place, made

from upriver.project.build_store import NOTES_KEPT, BuildStore
from upriver.project.saved.saving import RunNote, decode_notes
from upriver.project.saved.stats import lines_of


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    yield from made(tmp_path, None)


def note(moment: float, saved: float, built: int = 1) -> RunNote:
    return RunNote(moment, "shop", "dev", "run", "exists", built, 2.0, (10, 8, saved, 1, 0.0))


def test_runs_are_noted_and_shown(place: Place) -> None:
    assert "No runs of shop were noted" in place.ok("stats").out
    place.production()
    place.ok("run", "-s", "last", "--defer", *STATE)
    place.ok("ls")
    data = json.loads(place.ok("stats", "--output", "json", "-q").out)
    assert (data["totals"]["runs"], data["totals"]["deferred"]) == (2, 1)
    assert (data["totals"]["built"], data["totals"]["not_built"]) == (7, 3)
    assert list(data["by_day"].values()) == [data["totals"]]
    said = place.ok("stats", LANG="C.UTF-8")
    assert "2 runs of shop in the last 30 days, 1 deferring" in said.out
    assert "\u2588" in said.out
    assert place("stats", "--days", "0").exit_code == 0


def test_another_project_has_its_own(place: Place) -> None:
    place.ok("build")
    text = (place.root / "dbt_project.yml").read_text().replace("name: shop", "name: other")
    place.write({"dbt_project.yml": text})
    assert "No runs of other were noted" in place.ok("stats").out


def test_bars_are_as_long_as_what_was_saved() -> None:
    day = datetime.datetime(2024, 5, 1, 12, tzinfo=datetime.UTC).timestamp()
    notes = [note(day + at * 86400, saved) for at, saved in enumerate((3600.0, 7200.0, 0.0, 1.0))]
    lines = lines_of("shop", 30, notes, "#")
    assert [line.count("#") for line in lines[-4:]] == [20, 40, 0, 1]
    assert "  (32 of those not built are timed)" in lines
    assert "  built       4  8.0s" in lines


def test_old_notes_go_and_damaged_ones_are_none(tmp_path: Path) -> None:
    store = BuildStore(tmp_path / "b.db")
    now = time.time()
    encode = msgspec.msgpack.Encoder().encode
    store.add_note(now - NOTES_KEPT - 5, encode(note(1.0, 1.0)))
    store.add_note(now - 5, b"nonsense")
    store.add_note(now, encode(note(now, 1.0)))
    assert [one.moment for one in decode_notes(store.notes())] == [now]
    assert len(store.notes()) == 2
    assert store.notes(now + 1) == ()
    store.close()
    assert BuildStore(None).notes() == ()


def test_a_note_is_small_and_quick(tmp_path: Path) -> None:
    store = BuildStore(tmp_path / "b.db")
    data = msgspec.msgpack.encode(note(1.0, 1.0))
    assert len(data) < 200
    store.add_note(0.5, data)
    began = time.process_time()
    for at in range(20):
        store.add_note(float(at), data)
    assert (time.process_time() - began) / 20 < 0.01
    store.close()
