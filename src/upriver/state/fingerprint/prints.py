"""Build fingerprints: a resource's own meaning, the answers it was given, and its ancestors'.

    identity     own meaning with the answers to what it asks: what this resource says
    fingerprint  identity together with the parents' fingerprints: what its relation holds

A fingerprint is None where part of it is not known. None equals nothing, itself included: whoever
compares must treat it as different.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping

from upriver.digest import digest_text
from upriver.state.fingerprint.meaning import VERSION, Meaning
from upriver.state.fingerprint.words import is_secret

Answer = Callable[[str, str], str | None]
"""The digest of the answer to a question of a resource of a package; None if it is not known."""

_LENGTH = 32


def identity_of(meaning: Meaning, answer: Answer) -> str | None:
    """Return the digest of a meaning with its answers."""
    if not meaning.is_known:
        return None
    if not meaning.asks:
        return meaning.own
    answers: list[str] = []
    for ask in meaning.asks:
        given = answer(ask, meaning.package)
        if given is None:
            return None
        answers.append(f"{ask}={given}")
    return digest_text("\n".join((meaning.own, *answers)))


def combine(identity: str | None, parents: Mapping[str, str | None]) -> str | None:
    """Return the fingerprint of a resource whose inputs have these fingerprints."""
    if identity is None:
        return None
    lines = [identity]
    for unique_id in sorted(parents):
        given = parents[unique_id]
        if given is None:
            return None
        lines.append(f"{unique_id}={given}")
    text = "\n".join(lines).encode()
    return f"{VERSION}.{hashlib.sha256(text).hexdigest()[:_LENGTH]}"


class Prints:
    """The fingerprints of one side, each worked out when first asked for."""

    def __init__(self, meanings: Mapping[str, Meaning], answer: Answer) -> None:
        """`meanings` may be any mapping that finds or makes a meaning by unique_id."""
        self.meanings = meanings
        self.answer = answer
        self._identities: dict[str, str | None] = {}
        self._fingerprints: dict[str, str | None] = {}

    def identity(self, unique_id: str) -> str | None:
        """Return what a resource says; None if it has no content or part of it is not known."""
        if unique_id not in self._identities:
            meaning = self.meanings.get(unique_id)
            found = None if meaning is None else identity_of(meaning, self.answer)
            self._identities[unique_id] = found
        return self._identities[unique_id]

    def fingerprint(self, unique_id: str) -> str | None:
        """Return what a resource's relation holds when it and all above are built from this."""
        done = self._fingerprints
        stack = [unique_id]
        while stack:
            current = stack[-1]
            if current in done:
                stack.pop()
                continue
            parents = self.parents(current)
            waiting = [parent for parent in parents if parent not in done]
            if waiting:
                # A cycle was refused when the graph was linked.
                stack.extend(waiting)
                continue
            stack.pop()
            done[current] = combine(self.identity(current), {p: done[p] for p in parents})
        return done[unique_id]

    def parents(self, unique_id: str) -> tuple[str, ...]:
        """Return what a resource reads."""
        meaning = self.meanings.get(unique_id)
        return () if meaning is None else meaning.parents


def secret_free(question: str, digest: str | None) -> str | None:
    """Return an answer that may be kept: of a secret, only that it was asked for."""
    kind, _, name = question.partition(":")
    return "secret" if kind == "env" and is_secret(name) else digest
