"""`stats`: what deferral and reuse have saved, over the runs that were noted on this machine."""

from __future__ import annotations

import datetime
import time
from collections.abc import Mapping
from typing import Any

import msgspec

from upriver.project.build_store import open_builds
from upriver.project.opened import OpenedProject, with_project
from upriver.project.outcome import Outcome
from upriver.project.requests import Stats
from upriver.project.saved.saving import RunNote, decode_notes
from upriver.state.age import spell_seconds

_DAY = 86400.0
_MOST_BARS = 14
_WIDTH = 40


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """Sums over some runs."""

    runs: int = 0
    deferred: int = 0
    """Runs that deferred."""
    built: int = 0
    built_seconds: float = 0.0
    not_built: int = 0
    timed: int = 0
    saved_seconds: float = 0.0
    reused: int = 0
    reused_seconds: float = 0.0


def totals_of(notes: list[RunNote]) -> Totals:
    """Return the sums over notes."""
    return Totals(
        runs=len(notes),
        deferred=sum(note.policy is not None for note in notes),
        built=sum(note.built for note in notes),
        built_seconds=round(sum(note.built_seconds for note in notes), 3),
        not_built=sum(note.saving[0] for note in notes),
        timed=sum(note.saving[1] for note in notes),
        saved_seconds=round(sum(note.saving[2] for note in notes), 3),
        reused=sum(note.saving[3] for note in notes),
        reused_seconds=round(sum(note.saving[4] for note in notes), 3),
    )


def _stats(opened: OpenedProject) -> Outcome:
    request = opened.request
    assert isinstance(request, Stats)  # noqa: S101 - the table of verbs
    store = open_builds(opened)
    noted = decode_notes(store.notes(time.time() - request.days * _DAY))
    store.close()
    name = opened.workspace.name
    notes = [note for note in noted if note.project == name]
    data: dict[str, Any] = {
        "project": name,
        "days": request.days,
        "totals": msgspec.to_builtins(totals_of(notes)),
        "by_day": {
            day: msgspec.to_builtins(totals_of(some)) for day, some in by_day(notes).items()
        },
    }
    if request.output == "json":
        text = msgspec.json.format(msgspec.json.encode(data), indent=2).decode()
        return opened.outcome(lines=(text,), data=data)
    block = "\u2588" if _is_utf8(opened.caller.env) else "#"
    return opened.outcome(lines=tuple(lines_of(name, request.days, notes, block)), data=data)


def _is_utf8(env: Mapping[str, str]) -> bool:
    named = env.get("LC_ALL") or env.get("LC_CTYPE") or env.get("LANG") or ""
    return "utf" in named.lower()


def by_day(notes: list[RunNote]) -> dict[str, list[RunNote]]:
    """Return notes by the day they were made on, in local time."""
    found: dict[str, list[RunNote]] = {}
    for note in notes:
        day = datetime.datetime.fromtimestamp(note.moment).astimezone().date().isoformat()
        found.setdefault(day, []).append(note)
    return dict(sorted(found.items()))


def lines_of(name: str, days: int, notes: list[RunNote], block: str) -> list[str]:
    """Return totals, and a bar for what was saved on each of the last days."""
    if not notes:
        return [f"No runs of {name} were noted in the last {days} days"]
    totals = totals_of(notes)
    noun = "run" if totals.runs == 1 else "runs"
    lines = [
        f"{totals.runs:,} {noun} of {name} in the last {days} days, {totals.deferred:,} deferring",
        "",
    ]
    rows = [
        ("built", totals.built, totals.built_seconds),
        ("not built", totals.not_built, totals.saved_seconds),
        ("reused", totals.reused, totals.reused_seconds),
    ]
    width = max(len(f"{count:,}") for _, count, _ in rows)
    lines += [f"  {what:<9}  {count:>{width},}  {spell_seconds(s)}" for what, count, s in rows]
    if totals.timed < totals.not_built:
        lines.append(f"  ({totals.timed:,} of those not built are timed)")
    return [*lines, *_chart(notes, block)]


def _chart(notes: list[RunNote], block: str) -> list[str]:
    saved = {
        day: totals.saved_seconds + totals.reused_seconds
        for day, some in by_day(notes).items()
        for totals in (totals_of(some),)
    }
    most = max(saved.values())
    if not most:
        return []
    shown = list(saved.items())[-_MOST_BARS:]
    bars = [
        f"  {day}  {block * max(1, round(seconds / most * _WIDTH)) if seconds else '':<{_WIDTH}}"
        f"  {spell_seconds(seconds)}"
        for day, seconds in shown
    ]
    return ["", "Saved by day:", *bars]


stats = with_project("stats", _stats)
