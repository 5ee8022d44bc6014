"""Why a resource means something else than its counterpart: named differences of two meanings."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from upriver.state.fingerprint.meaning import Parts

KINDS: Mapping[str, str] = {
    "new": "the state does not have it",
    "deleted": "the project no longer has it",
    "body": "its code",
    "config": "a configuration key",
    "hook": "a hook",
    "contract": "column types of its contract",
    "content": "the rows of the seed",
    "macro": "a macro that takes part in it",
    "var": "the value of a variable",
    "env": "the value of an environment variable",
    "target": "a field of the target it reads",
    "this": "a part of its own name it reads",
    "relation": "the table a source names",
    "unknown": "the state does not say what it was answered",
    "built-before": "its relation was built from other code than the state's manifest has",
    "ancestor": "something it reads, directly or not",
    "other": "what dbt's `state:modified` looks at",
}
"""Kinds of differences, each with what differs."""

_KIND_OF_PART = {"pre-hook": "hook", "post-hook": "hook", "materialized": "config", "test": "config",
                 "meta": "config"}  # fmt: skip


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One difference: its kind, a key of `KINDS`, and what it is about."""

    kind: str
    name: str | None = None

    def __str__(self) -> str:
        return self.kind if self.name is None else f"{self.kind} {self.name}"


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One of the two sides of a resource."""

    parts: Parts
    macro_digest: Callable[[str], str]
    """Digest of a macro's normalised text by unique_id."""
    answer: Callable[[str], str | None]
    """The answer to a question of this resource; None if it is not known."""


def own_differences(here: Side, there: Side) -> tuple[Difference, ...]:
    """Return in what two sides of a resource differ, their ancestors apart."""
    return (
        *_parts(here.parts.parts, there.parts.parts),
        *_macros(here, there),
        *_answers(here, there),
    )


def _parts(here: Mapping[str, object], there: Mapping[str, object]) -> list[Difference]:
    found: list[Difference] = []
    for key in dict.fromkeys((*here, *there)):
        one, other = here.get(key), there.get(key)
        if _plain(one) == _plain(other) and (one is not None or key != "content"):
            continue
        kind, _, name = key.partition(".")
        if kind == "config":
            found.append(Difference(kind="config", name=name))
        elif key.startswith("this:"):
            found.append(Difference(kind="this", name=key.removeprefix("this:")))
        else:
            kind = _KIND_OF_PART.get(key, key)
            found.append(Difference(kind=kind, name=key if kind != key else None))
    return found


def _plain(value: object) -> object:
    """Tuples and lists are the same to whoever reads JSON."""
    return msgspec.to_builtins(value)


def _macros(here: Side, there: Side) -> list[Difference]:
    one = {unique_id: here.macro_digest(unique_id) for unique_id in here.parts.macros.ids}
    other = {unique_id: there.macro_digest(unique_id) for unique_id in there.parts.macros.ids}
    return [
        Difference(kind="macro", name=unique_id.split(".", 2)[2])
        for unique_id in sorted({*one, *other})
        if one.get(unique_id) != other.get(unique_id)
    ]


def _answers(here: Side, there: Side) -> list[Difference]:
    found: list[Difference] = []
    for ask in here.parts.asks:
        if ask not in there.parts.asks:
            # The text that asks differs, and is named.
            continue
        theirs = there.answer(ask)
        kind, _, name = ask.partition(":")
        if theirs is None:
            found.append(Difference(kind="unknown", name=ask.replace(":", " ")))
        elif theirs != here.answer(ask):
            found.append(Difference(kind="var" if kind == "vars" else kind, name=name or None))
    return found
