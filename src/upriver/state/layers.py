"""Several baselines in an order: each resource is read from the first that has really built it.

A manifest says what was declared. So a branch's baseline, whose manifest holds the whole project and
whose schema a few models, must not stand before production for the rest. Whether a layer has built a
resource is told by its schema's listing, where that could be listed, and by the record of the build
otherwise. The first layer that has it is chosen, per resource, so deferral is transitive: what the
branch itself deferred is found where the branch found it.

Where no layer has built a resource, the last one that names it stands for all, and the checks before
the run say that it is missing there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import msgspec

from upriver.state.baseline import Baseline, Published, is_deferrable

IsThere = Callable[[Published], bool | None]
"""Whether a published relation exists; None if that is not known."""
_NONE: Mapping[str, int] = {}


class Layer(msgspec.Struct, frozen=True, kw_only=True):
    """One of several baselines."""

    name: str
    """How reasons call it."""
    line: str
    """Its place, commit and age."""
    baseline: Baseline


def counterpart_in(layer: Layer, unique_id: str) -> Published | None:
    """Return what a layer has of a resource that could be deferred to."""
    found = layer.baseline.published.get(unique_id)
    return found if found is not None and is_deferrable(found) else None


def has_built(layer: Layer, published: Published, is_there: IsThere) -> bool:
    """Whether a layer has really built a resource that its manifest names."""
    seen = is_there(published)
    if seen is not None:
        return seen
    return layer.baseline.built.get(published.unique_id) == published.relation_name


def first_built(layers: tuple[Layer, ...], unique_id: str, is_there: IsThere) -> int | None:
    """Return which layer a resource is read from; None if none can be deferred to."""
    named = None
    for at, layer in enumerate(layers):
        published = counterpart_in(layer, unique_id)
        if published is None:
            continue
        if has_built(layer, published, is_there):
            return at
        named = at
    return named


class Layered(Mapping[str, Published]):
    """What several baselines publish: each resource by the layer that was chosen for it.

    Of others, the first layer counts that names them in a form that can be deferred to.
    """

    def __init__(self, layers: tuple[Layer, ...], chosen: Mapping[str, int] = _NONE) -> None:
        self._layers = layers
        self._chosen = chosen
        self._found: dict[str, Published] = {}

    def __getitem__(self, unique_id: str) -> Published:
        found = self._found.get(unique_id)
        if found is None:
            layer = self._layer(unique_id)
            found = msgspec.structs.replace(layer.baseline.published[unique_id], layer=layer.name)
            self._found[unique_id] = found
        return found

    def _layer(self, unique_id: str) -> Layer:
        at = self._chosen.get(unique_id)
        if at is None:
            named = (i for i, one in enumerate(self._layers) if counterpart_in(one, unique_id))
            at = next(named, len(self._layers) - 1)
        return self._layers[at]

    def __contains__(self, unique_id: object) -> bool:
        return any(unique_id in layer.baseline.published for layer in self._layers)

    def get(self, unique_id: str, default: Published | None = None) -> Published | None:  # type: ignore[override]
        """Return what is published of a resource."""
        try:
            return self[unique_id]
        except KeyError:
            return default

    def __iter__(self) -> Iterator[str]:
        return iter({i: None for layer in self._layers for i in layer.baseline.published})

    def __len__(self) -> int:
        return sum(1 for _ in self)


def layered(layers: tuple[Layer, ...], chosen: Mapping[str, int] = _NONE) -> Baseline:
    """Return several baselines as one; what it says of itself is the last one's."""
    last = layers[-1].baseline
    return msgspec.structs.replace(last, published=Layered(layers, chosen), built={})
