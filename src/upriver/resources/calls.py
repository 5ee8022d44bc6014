"""Calls a template makes that tie it to other resources: `ref`, `source`, `metric`, `function`."""

from typing import Any

import msgspec

Version = str | int | float


class RefCall(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """`ref(name)`, `ref(package, name)`, with an optional `v=`. Also `metric` and `function`."""

    name: str
    package: str | None = None
    version: Version | None = None


class SourceCall(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """`source(source, table)`."""

    source: str
    table: str


class Facts(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What one template was seen to ask for while parsing (`execute` is false).

    Tuples keep the order of the calls. `refs` and `sources` repeat a call that was made twice, as
    manifests do; of `configs` every call counts because list values accumulate (PROJ-69). The
    others are kept once, in first position.
    """

    refs: tuple[RefCall, ...] = ()
    sources: tuple[SourceCall, ...] = ()
    metrics: tuple[RefCall, ...] = ()
    functions: tuple[RefCall, ...] = ()
    configs: tuple[dict[str, Any], ...] = ()
    """The keyword arguments of each `config(...)` call, rendered."""
    macros: tuple[str, ...] = ()
    """unique_ids of macros called directly by this template (for `depends_on.macros`)."""
