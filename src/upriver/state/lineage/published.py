"""What a manifest says of code, for whoever compares it with the project's."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from upriver.state.wire.read import decode_manifest


class PublishedCode(msgspec.Struct, frozen=True, array_like=True):
    """The code of one resource as it was published."""

    raw_code: str
    parents: tuple[str, ...] = ()


def published_code(data: bytes, location: str, ids: Iterable[str]) -> dict[str, PublishedCode]:
    """Return the code of some resources of a manifest."""
    manifest, _ = decode_manifest(data, location)
    if manifest is None:
        return {}
    resources = manifest.resources()
    found: dict[str, PublishedCode] = {}
    for unique_id in ids:
        resource = resources.get(unique_id)
        if resource is None:
            continue
        code = resource.raw_code if resource.raw_code is not None else resource.raw_sql
        depends_on = resource.depends_on
        parents = () if depends_on is None else depends_on.nodes or ()
        if code is not None:
            found[unique_id] = PublishedCode(code, tuple(parents))
    return found
