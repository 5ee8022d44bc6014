"""Rules of `deferral: deny:` in `upriver.yml`: data that must not cross environments."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

import msgspec

from upriver.problems import Key, Problem, Span
from upriver.resources.nearest import nearest_hint

UPRIVER_FILE = "upriver.yml"
_WORDS = ("select", "database", "schema", "tag", "column_tag")
_MAPPINGS = ("meta", "column_meta")
_KEYS = ("name", "targets", *_WORDS, *_MAPPINGS, "sources", "use", "written", "reason")
_WRITTEN = ("deny", "warn", "allow")


class DenyRule(msgspec.Struct, frozen=True, kw_only=True):
    """Data that must not be read from another environment. What is given must all hold."""

    name: str
    targets: tuple[str, ...] = ()
    """Patterns of targets it holds for; none given: all."""
    select: tuple[str, ...] = ()
    """Selectors; what one of them names is meant."""
    database: tuple[str, ...] = ()
    schema: tuple[str, ...] = ()
    """Patterns, as those of `database` and `tag`; of the relation that would be read."""
    tag: tuple[str, ...] = ()
    meta: Mapping[str, Any] = {}
    column_tag: tuple[str, ...] = ()
    column_meta: Mapping[str, Any] = {}
    has_sources: bool = False
    """Sources that it describes may not be read either, although they are never deferred."""
    use: str | None = None
    """The relation that is read instead; `{database}`, `{schema}`, `{identifier}` stand in it."""
    written: str = "deny"
    """What becomes of a name written out in SQL: `deny`, `warn` or `allow`."""
    reason: str | None = None

    @property
    def is_of_content(self) -> bool:
        """Whether it goes by what a resource is marked with."""
        return bool(self.tag or self.meta or self.column_tag or self.column_meta)

    @property
    def is_of_place(self) -> bool:
        """Whether it goes by nothing but where a relation lies."""
        return not self.select and not self.is_of_content


def read_rules(
    written: Any, target: str | None
) -> tuple[tuple[DenyRule, ...], tuple[Problem, ...]]:
    """Return the rules that hold for a target.

    A rule that is not understood is an error: to leave it out would let through what it is for.
    """
    problems: list[Problem] = []
    if not isinstance(written, list):
        return (), (_wrong("must be a list of rules", ("deferral", "deny")),)
    rules = [_rule(item, at, problems) for at, item in enumerate(written)]
    return tuple(rule for rule in rules if rule is not None and _holds(rule, target)), tuple(
        problems
    )


def _holds(rule: DenyRule, target: str | None) -> bool:
    return not rule.targets or any(fnmatchcase(target or "", one) for one in rule.targets)


def _rule(item: Any, at: int, problems: list[Problem]) -> DenyRule | None:
    keys: tuple[Key, ...] = ("deferral", "deny", at)
    if not isinstance(item, dict):
        problems.append(_wrong("must be a mapping", keys))
        return None
    before = len(problems)
    for key in item:
        if key not in _KEYS:
            hint = nearest_hint(str(key), _KEYS) or f"Known are {', '.join(_KEYS)}"
            problems.append(_wrong("is no key of a rule", (*keys, key), hint))
    words = {name: _words(item, name, keys, problems) for name in (*_WORDS, "targets")}
    meta = {name: _meta(item, name, keys, problems) for name in _MAPPINGS}
    if not any(words[name] for name in _WORDS) and not any(meta.values()):
        hint = f"Give at least one of {', '.join((*_WORDS, *_MAPPINGS))}"
        problems.append(_wrong("does not say what it is about", keys, hint))
    texts = {name: _text(item, name, keys, problems) for name in ("name", "use", "reason")}
    if not isinstance(item.get("sources", False), bool):
        problems.append(_wrong("must be `true` or `false`", (*keys, "sources")))
    if item.get("written", "deny") not in _WRITTEN:
        nearest = nearest_hint(str(item["written"]), _WRITTEN)
        problems.append(_wrong("must be `deny`, `warn` or `allow`", (*keys, "written"), nearest))
    if len(problems) > before:
        return None
    return DenyRule(
        name=texts["name"] or f"rule {at + 1}",
        use=texts["use"],
        reason=texts["reason"],
        has_sources=item.get("sources", False),
        written=item.get("written", "deny"),
        **words,  # type: ignore[arg-type]
        **meta,  # type: ignore[arg-type]
    )


def _words(
    item: Mapping[str, Any], name: str, keys: tuple[Key, ...], problems: list[Problem]
) -> tuple[str, ...]:
    value = item.get(name)
    words = [] if value is None else value if isinstance(value, list) else [value]
    if all(isinstance(word, str) and word for word in words):
        return tuple(words)
    problems.append(_wrong("must be a text or a list of texts", (*keys, name)))
    return ()


def _meta(
    item: Mapping[str, Any], name: str, keys: tuple[Key, ...], problems: list[Problem]
) -> Mapping[str, Any]:
    """Return what `meta` must hold; `contains: phi` may also be written as a text."""
    value = item.get(name)
    if value is None:
        return {}
    if isinstance(value, str):
        key, colon, wanted = value.partition(":")
        return {key.strip(): wanted.strip() if colon else True}
    if isinstance(value, dict):
        return value
    problems.append(_wrong("must be a mapping, such as `contains: phi`", (*keys, name)))
    return {}


def _text(
    item: Mapping[str, Any], name: str, keys: tuple[Key, ...], problems: list[Problem]
) -> str | None:
    value = item.get(name)
    if value is None or (isinstance(value, str) and value):
        return value
    problems.append(_wrong("must be a text", (*keys, name)))
    return None


def _wrong(message: str, keys: tuple[Key, ...], hint: str | None = None) -> Problem:
    return Problem(
        code="deferral-settings",
        message=f"`{'.'.join(map(str, keys))}` {message}",
        span=Span(file=UPRIVER_FILE, keys=keys),
        hint=hint,
    )
