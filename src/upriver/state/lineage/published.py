"""What a manifest says of code, for whoever compares it with the project's."""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

_PART = re.compile(r'"((?:[^"]|"")*)"|`([^`]*)`|\[([^\]]*)\]|([^."`\[\]]+)')


class PublishedCode(msgspec.Struct, frozen=True, kw_only=True):
    """The code of one resource as it was published."""

    raw_code: str
    parents: tuple[str, ...] = ()
    compiled_code: str | None = None
    """What was sent to the warehouse, if the manifest has it and nothing was inlined into it."""
    relation: tuple[str, ...] = ()
    """Parts of its own relation's name."""
    inputs: dict[str, tuple[str, ...]] = {}
    """Parts of the name of each parent's relation; empty for what has none."""


class _DependsOn(msgspec.Struct, frozen=True):
    nodes: tuple[str, ...] | None = ()


class _Resource(msgspec.Struct, frozen=True):
    raw_code: str | None = None
    raw_sql: str | None = None
    compiled_code: str | None = None
    compiled_sql: str | None = None
    relation_name: str | None = None
    depends_on: _DependsOn | None = None
    extra_ctes: list[msgspec.Raw] | None = None


class _Manifest(msgspec.Struct, frozen=True):
    nodes: dict[str, _Resource] = {}
    sources: dict[str, _Resource] = {}


_DECODER = msgspec.json.Decoder(_Manifest)


def published_code(data: bytes, ids: Iterable[str]) -> dict[str, PublishedCode]:
    """Return the code of some resources of a manifest; nothing of one that cannot be read."""
    try:
        manifest = _DECODER.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return {}
    found: dict[str, PublishedCode] = {}
    for unique_id in ids:
        resource = manifest.nodes.get(unique_id)
        raw_code = None if resource is None else resource.raw_code or resource.raw_sql
        if resource is None or raw_code is None:
            continue
        parents = () if resource.depends_on is None else resource.depends_on.nodes or ()
        every = {**manifest.nodes, **manifest.sources}
        names = {one: _parts(every[one].relation_name) for one in parents if one in every}
        compiled = resource.compiled_code or resource.compiled_sql
        found[unique_id] = PublishedCode(
            raw_code=raw_code,
            parents=parents,
            compiled_code=None if resource.extra_ctes else compiled,
            relation=_parts(resource.relation_name),
            inputs=names,
        )
    return found


def _parts(name: str | None) -> tuple[str, ...]:
    """Take a rendered name apart; empty for what is none, such as a file."""
    if not name or "(" in name or "'" in name:
        return ()
    return tuple(next(part for part in match if part) for match in _PART.findall(name))
