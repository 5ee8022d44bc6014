"""What `upriver.yml` says of deferral: settings per target, what may not be read, publishing.

dbt does not know the file. Its own files would be the wrong place: keys under `flags:` are the same
for every target, and a key of a target in `profiles.yml` is handed to the adapter as a credential.

    deferral:
      targets:
        dev:                       # the name of a target; "*" holds for all that are not named
          state: [git:main...]
          policy: fresh

Only what holds for the chosen target is rendered, so that the variables of others may be unset.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from upriver.problems import Key, Problem, Span
from upriver.resources.nearest import nearest_hint
from upriver.workspace.project_file import read_settings_text
from upriver.workspace.rendering import render_tree
from upriver.workspace.upriver_file.rules import UPRIVER_FILE, DenyRule, read_rules
from upriver.workspace.yaml import load_yaml, with_text_keys

EVERY_TARGET = "*"
POLICIES = ("exists", "favor-state", "fresh")
DEFERRED_TESTS = ("allow", "warn", "refuse")
_UNITS = {"minute": 60.0, "hour": 3600.0, "day": 86400.0, "week": 604800.0}
_AGE = re.compile(r"(\d+)\s*(minute|hour|day|week)s?")


class StatePlace(msgspec.Struct, frozen=True, kw_only=True):
    """One state, and how it is called where reasons are given."""

    place: str
    name: str | None = None


class TargetDeferral(msgspec.Struct, frozen=True, kw_only=True):
    """How one target defers, where neither an option nor a variable says otherwise."""

    is_on: bool | None = None
    """`defer`; None: deferral is on where there is a state."""
    states: tuple[StatePlace, ...] = ()
    """`state`: where to defer to, best first."""
    compare: str | None = None
    """The state that selectors compare with; the last one of `states` if not given."""
    policy: str | None = None
    favored: bool | tuple[str, ...] | None = None
    """`favor_state`: for everything, or for what these selectors name (defect D3)."""
    max_age: float | None = None
    """Seconds; an older state is refused."""
    warn_age: float | None = None
    reuse: bool | None = None
    build_missing: bool | None = None
    clone_incrementals: bool | None = None
    state_target: str | None = None
    deferred_tests: str = "allow"
    """What is done about tests of which everything is read from a state (defect D5)."""
    operations: bool = False
    """Whether macros that `run-operation` calls read by the rules of deferral, too (defect D9)."""


class Publishing(msgspec.Struct, frozen=True, kw_only=True):
    """Where state in the warehouse lies."""

    schema: str = "upriver"
    keep: int = 5
    """Versions that stay."""


class DeferralSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The whole of `deferral:`, as far as it holds for the chosen target."""

    target: TargetDeferral = TargetDeferral()
    deny: tuple[DenyRule, ...] = ()
    publishing: Publishing = Publishing()
    audit: str | None = None
    """File that says what runs read elsewhere; relative to the project."""


def read_deferral(
    root: str, target: str | None, names: Mapping[str, Any]
) -> tuple[DeferralSettings, tuple[Problem, ...]]:
    """Read the file; without one, nothing is set. What cannot be understood counts as not given."""
    text = read_settings_text(Path(root) / UPRIVER_FILE)
    if text is None:
        if not (Path(root) / UPRIVER_FILE).exists():
            return DeferralSettings(), ()
        # Rules that cannot be read must not be taken for none.
        problem = Problem(
            code="deferral-settings",
            message=f"`{UPRIVER_FILE}` cannot be read as UTF-8 text",
            span=Span(file=UPRIVER_FILE),
            hint="Save it as UTF-8, and check that you may read it",
        )
        return DeferralSettings(), (problem,)
    document = load_yaml(text, UPRIVER_FILE)
    reader = _Reader(names, list(document.problems))
    body = with_text_keys(document.value) if document.value is not None else {}
    top = reader.mapping(body, (), ("deferral",))
    written = reader.mapping(
        top.get("deferral") or {}, ("deferral",), ("targets", "deny", "publish", "audit")
    )
    settings = DeferralSettings(
        target=reader.target(written.get("targets") or {}, target),
        deny=reader.rules(written.get("deny") or [], target),
        publishing=reader.publishing(written.get("publish") or {}),
        audit=reader.text(written, ("deferral",), "audit"),
    )
    return settings, tuple(reader.problems)


class _Reader:
    """Turns what was written into values, and collects what is wrong with it."""

    def __init__(self, names: Mapping[str, Any], problems: list[Problem]) -> None:
        self._names = names
        self.problems = problems

    def target(self, written: Any, target: str | None) -> TargetDeferral:
        """Return the entry of the target, or of all that are not named."""
        keys: tuple[Key, ...] = ("deferral", "targets")
        every = self.mapping(written, keys, None)
        name = target if target in every else EVERY_TARGET
        if name is None or name not in every:
            return TargetDeferral()
        keys = (*keys, name)
        given = self._rendered(every[name], keys)
        if isinstance(given, str):
            # `dev: git:main` is all that is needed.
            given = {"state": given}
        given = self.mapping(
            given,
            keys,
            ("defer", "state", "compare", "policy", "favor_state", "max_age", "warn_age", "reuse",
             "build_missing", "clone_incrementals", "state_target", "deferred_tests",
             "operations"),
        )  # fmt: skip
        return TargetDeferral(
            is_on=self.switch(given, keys, "defer"),
            states=self._states(given.get("state"), (*keys, "state")),
            compare=self.text(given, keys, "compare"),
            policy=self._choice(given, keys, "policy", POLICIES),
            favored=self._favored(given, keys),
            max_age=self._age(given, keys, "max_age"),
            warn_age=self._age(given, keys, "warn_age"),
            reuse=self.switch(given, keys, "reuse"),
            build_missing=self.switch(given, keys, "build_missing"),
            clone_incrementals=self.switch(given, keys, "clone_incrementals"),
            state_target=self.text(given, keys, "state_target"),
            deferred_tests=self._choice(given, keys, "deferred_tests", DEFERRED_TESTS) or "allow",
            operations=self.switch(given, keys, "operations") is True,
        )

    def rules(self, written: Any, target: str | None) -> tuple[DenyRule, ...]:
        """Return the rules that hold for the target."""
        if not written:
            return ()
        rendered = self._rendered(written, ("deferral", "deny"))
        rules, problems = read_rules(rendered, target)
        self.problems.extend(problems)
        return rules

    def publishing(self, written: Any) -> Publishing:
        """Return where state is published to."""
        keys: tuple[Key, ...] = ("deferral", "publish")
        given = self.mapping(self._rendered(written, keys), keys, ("schema", "keep"))
        keep = given.get("keep", Publishing().keep)
        if not isinstance(keep, int) or isinstance(keep, bool) or keep < 1:
            self.wrong("must be a whole number above 0", (*keys, "keep"))
            keep = Publishing().keep
        return Publishing(schema=self.text(given, keys, "schema") or "upriver", keep=keep)

    def mapping(
        self, value: Any, keys: tuple[Key, ...], known: tuple[str, ...] | None
    ) -> dict[str, Any]:
        """Return a mapping with known keys only."""
        if not isinstance(value, dict):
            self.wrong("must be a mapping", keys)
            return {}
        if known is None:
            return value
        for key in value:
            if key not in known:
                self.wrong(
                    "is no key that is known here",
                    (*keys, key),
                    nearest_hint(str(key), known) or f"Known are {', '.join(known)}",
                )
        return {key: item for key, item in value.items() if key in known and item is not None}

    def switch(self, given: Mapping[str, Any], keys: tuple[Key, ...], name: str) -> bool | None:
        """Return a boolean."""
        value = given.get(name)
        if value is None or isinstance(value, bool):
            return value
        self.wrong("must be `true` or `false`", (*keys, name))
        return None

    def text(self, given: Mapping[str, Any], keys: tuple[Key, ...], name: str) -> str | None:
        """Return a text that says something."""
        value = given.get(name)
        if value is None or (isinstance(value, str) and value):
            return value
        self.wrong("must be a text", (*keys, name))
        return None

    def wrong(self, message: str, keys: tuple[Key, ...], hint: str | None = None) -> None:
        """Note what is wrong with the value behind some keys."""
        where = ".".join(map(str, keys)) or "The file"
        self.problems.append(
            Problem(
                code="deferral-settings",
                message=f"`{where}` {message}" if keys else f"`{UPRIVER_FILE}` {message}",
                span=Span(file=UPRIVER_FILE, keys=keys),
                hint=hint,
            )
        )

    def _rendered(self, value: Any, keys: tuple[Key, ...]) -> Any:
        rendered, problems = render_tree(value, self._names, file=UPRIVER_FILE, keys=keys)
        self.problems.extend(problems)
        return rendered

    def _states(self, value: Any, keys: tuple[Key, ...]) -> tuple[StatePlace, ...]:
        items = value if isinstance(value, list) else [] if value is None else [value]
        found: list[StatePlace] = []
        for at, item in enumerate(items):
            if isinstance(item, str) and item:
                found.append(StatePlace(place=item))
                continue
            given = self.mapping(item, (*keys, at), ("place", "name"))
            place = self.text(given, (*keys, at), "place")
            if place is None:
                self.wrong("must be a place, or a mapping with `place` and `name`", (*keys, at))
            else:
                found.append(StatePlace(place=place, name=self.text(given, (*keys, at), "name")))
        return tuple(found)

    def _choice(
        self, given: Mapping[str, Any], keys: tuple[Key, ...], name: str, known: tuple[str, ...]
    ) -> str | None:
        value = given.get(name)
        if value is None or value in known:
            return value
        self.wrong(
            f"is none of {', '.join(f'`{one}`' for one in known)}", (*keys, name),
            nearest_hint(str(value), known),
        )  # fmt: skip
        return None

    def _favored(
        self, given: Mapping[str, Any], keys: tuple[Key, ...]
    ) -> bool | tuple[str, ...] | None:
        value = given.get("favor_state")
        if value is None or isinstance(value, bool):
            return value
        words = (value,) if isinstance(value, str) else value
        if isinstance(words, list | tuple) and all(isinstance(word, str) for word in words):
            return tuple(words)
        self.wrong("must be `true`, `false` or selectors", (*keys, "favor_state"))
        return None

    def _age(self, given: Mapping[str, Any], keys: tuple[Key, ...], name: str) -> float | None:
        value = given.get(name)
        if value is None:
            return None
        match = _AGE.fullmatch(str(value).strip())
        if match is None:
            hint = "Write `2 days`, `12 hours`, `30 minutes` or `1 week`"
            self.wrong("is no age", (*keys, name), hint)
            return None
        return int(match[1]) * _UNITS[match[2]]
