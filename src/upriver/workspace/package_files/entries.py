"""Reading one entry of `packages:`, and everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from upriver.problems import Key, Problem, Span
from upriver.resources.nearest import nearest_hint
from upriver.workspace.package_files.specs import (
    Entry,
    GitSpec,
    HubSpec,
    LocalSpec,
    PrivateSpec,
    Spec,
    TarballSpec,
)

_FROM_GIT = ("revision", "subdirectory", "warn-unpinned")
_KEYS: Mapping[str, tuple[str, ...]] = {
    "package": ("version", "install_prerelease"),
    "git": (*_FROM_GIT, "name"),
    "local": ("name",),
    "tarball": ("name",),
    "private": ("provider", *_FROM_GIT, "name"),
}
"""By the key that says what kind of entry it is, the other keys it may have."""
_NEEDED = {"package": "version", "tarball": "name"}
_SWITCHES = frozenset({"install_prerelease", "warn-unpinned"})


def read_entry(
    rendered: Any, unrendered: Any, span: Span | None
) -> tuple[Entry | None, tuple[Problem, ...]]:
    """Return the entry, or None where it cannot be used, and its problems."""
    if not isinstance(rendered, dict) or not all(isinstance(key, str) for key in rendered):
        return None, (_invalid("An entry of `packages` is no mapping", span, hint=_KINDS_HINT),)
    kinds = [key for key in _KEYS if key in rendered]
    if len(kinds) != 1:
        return None, (_no_kind(kinds, rendered, span),)
    [kind] = kinds
    reading = _Reading(kind, rendered, span)
    spec = reading.spec()
    if spec is None:
        return None, tuple(reading.problems)
    written = unrendered if isinstance(unrendered, dict) else rendered
    entry = Entry(spec=spec, rendered=rendered, unrendered=written, span=span)
    return entry, tuple(reading.problems)


class _Reading:
    """Collects problems while the values of one entry are read."""

    def __init__(self, kind: str, body: Mapping[str, Any], span: Span | None) -> None:
        self.kind = kind
        self.body = body
        self.span = span
        self.problems: list[Problem] = []

    def spec(self) -> Spec | None:
        self._check_keys()
        label = self._text(self.kind)
        spec = None if label is None else self._spec(label)
        return None if self.problems else spec

    def _spec(self, label: str) -> Spec | None:
        match self.kind:
            case "package":
                return HubSpec(
                    package=label,
                    versions=self._versions(),
                    install_prerelease=self._switch("install_prerelease", default=False),
                )
            case "git":
                return GitSpec(
                    git=label,
                    revision=self._text("revision"),
                    subdirectory=self._text("subdirectory"),
                    warn_unpinned=self._switch("warn-unpinned", default=True),
                )
            case "local":
                return LocalSpec(local=label)
            case "tarball":
                return TarballSpec(tarball=label, name=self._text("name") or "")
            case _:
                return PrivateSpec(private=label)

    def _check_keys(self) -> None:
        known = (self.kind, *_KEYS[self.kind])
        for key in self.body:
            if key not in known:
                self._report(
                    "package-key-unknown",
                    f"A `{self.kind}` entry has no key `{key}`",
                    key,
                    nearest_hint(key, known) or f"It may have {_listed(known)}",
                )
        needed = _NEEDED.get(self.kind)
        if needed is not None and self.body.get(needed) in (None, "", []):
            self._report(
                "package-entry-invalid",
                f"The entry `{self.body[self.kind]}` needs a `{needed}`",
                self.kind,
                _NEEDED_HINTS[needed],
            )

    def _text(self, key: str) -> str | None:
        value = self.body.get(key)
        if value is None and key != self.kind:
            return None
        if isinstance(value, int | float) and not isinstance(value, bool):
            # A branch may be called `1.0`.
            return str(value)
        if isinstance(value, str) and value.strip():
            return value
        self._report("package-entry-invalid", f"`{key}` must be a text", key)
        return None

    def _switch(self, key: str, *, default: bool) -> bool:
        value = self.body.get(key)
        if value is None or isinstance(value, bool):
            return default if value is None else value
        self._report("package-entry-invalid", f"`{key}` must be true or false", key)
        return default

    def _versions(self) -> tuple[str, ...]:
        value = self.body.get("version")
        if value in (None, "", []):
            return ()
        listed = value if isinstance(value, list) else [value]
        if all(isinstance(item, str | int | float) for item in listed):
            return tuple(str(item) for item in listed)
        self._report("package-entry-invalid", "`version` must be a text or a list", "version")
        return ()

    def _report(self, code: str, message: str, key: Key, hint: str | None = None) -> None:
        span = self.span
        if span is not None:
            span = msgspec.structs.replace(span, keys=(*span.keys, key))
        self.problems.append(Problem(code=code, message=message, span=span, hint=hint))


_NEEDED_HINTS = {
    "version": 'Write `version: 1.0.0`, or a range: `version: [">=1.0.0", "<2.0.0"]`',
    "name": "`name` says what its directory is called: write the name of the package's project",
}
_KINDS_HINT = f"Each entry has one of {', '.join(f'`{kind}`' for kind in _KEYS)}"


def _listed(keys: tuple[str, ...]) -> str:
    return ", ".join(f"`{key}`" for key in keys)


def _no_kind(kinds: list[str], body: Mapping[str, Any], span: Span | None) -> Problem:
    if kinds:
        said = f"An entry has {' and '.join(f'`{kind}`' for kind in kinds)}, of which one counts"
        return _invalid(said, span, hint="Make two entries of it")
    near = (nearest_hint(key, _KEYS) for key in body)
    hint = next((hint for hint in near if hint is not None), _KINDS_HINT)
    return _invalid("An entry does not say where its package comes from", span, hint=hint)


def _invalid(message: str, span: Span | None, *, hint: str) -> Problem:
    return Problem(code="package-entry-invalid", message=message, span=span, hint=hint)
