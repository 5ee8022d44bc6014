"""Config trees of `dbt_project.yml`, walked along a node's fqn (PROJ-64..67, PROJ-78).

Most nodes of a directory share everything but their name, so the walk is remembered per prefix: a
node whose name the tree does not mention gets the directory's config, the same object for all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import msgspec

from upriver.graph.config import DEFAULTS, apply_layer, distinct_tags, settle
from upriver.graph.inputs import PackageInput

_TREES: Mapping[str, str] = {
    "seed": "seeds",
    "snapshot": "snapshots",
    "test": "data_tests",
    "source": "sources",
    "exposure": "exposures",
    "unit_test": "unit_tests",
    "function": "functions",
    "metric": "metrics",
    "semantic_model": "semantic-models",
    "saved_query": "saved-queries",
}
"""The tree that configures a kind; every other kind is configured by `models`."""

_REPORTED: Mapping[str, str] = {
    "models": "model",
    "seeds": "seed",
    "snapshots": "snapshot",
    "data_tests": "test",
}
"""Trees whose unused paths dbt reports, with the kind whose fqns they are compared with."""


class Level(msgspec.Struct, frozen=True):
    """What a tree says of everything below one prefix of an fqn."""

    layers: tuple[dict[str, Any], ...]
    """Config keys of each level walked, general first."""
    merged: dict[str, Any]
    """Defaults with the layers applied; not to be changed."""
    config: dict[str, Any]
    """`merged`, settled: the final config of a node that says nothing itself."""
    tags: tuple[Any, ...]
    """Of that config, each once."""
    raw: dict[str, Any]
    """The same keys as written, overwritten level by level."""
    below: Mapping[str, Any] | None
    raw_below: Mapping[str, Any] | None


class Trees:
    """The config trees of all packages, with what was walked so far."""

    def __init__(self, packages: Iterable[PackageInput], root: str) -> None:
        self._packages = {package.name: package for package in packages}
        self._root = root
        self._levels: dict[tuple[str, str, tuple[str, ...]], Level] = {}

    def own(self, kind: str, package: str, fqn: tuple[str, ...]) -> Level:
        """Return what a package's own tree says of a node."""
        return self._level(kind, package, fqn)

    def override(self, kind: str, package: str, fqn: tuple[str, ...]) -> Level | None:
        """Return what the root project's tree says of a node of another package, if anything."""
        if package == self._root:
            return None
        level = self._level(kind, self._root, fqn)
        return level if level.layers else None

    def says(self, kind: str, package: str, fqn: tuple[str, ...], key: str) -> bool:
        """Tell whether the root project's tree has a config key for a node."""
        level = self.override(kind, package, fqn)
        if package == self._root:
            level = self.own(kind, package, fqn)
        return level is not None and any(key in layer for layer in level.layers)

    def _level(self, kind: str, package: str, fqn: tuple[str, ...]) -> Level:
        prefix = fqn[:-1]
        level = self._levels.get((kind, package, prefix))
        if level is None:
            level = self._walk(kind, package, prefix)
        if level.below is None or fqn[-1] not in level.below:
            return level
        return _descend(level, fqn[-1], kind)

    def _walk(self, kind: str, package: str, prefix: tuple[str, ...]) -> Level:
        found = self._levels.get((kind, package, prefix))
        if found is not None:
            return found
        if prefix:
            level = _descend(self._walk(kind, package, prefix[:-1]), prefix[-1], kind)
        else:
            level = self._top(kind, package)
        self._levels[kind, package, prefix] = level
        return level

    def _top(self, kind: str, package: str) -> Level:
        settings = self._packages.get(package)
        name = _TREES.get(kind, "models")
        tree = settings.configs.get(name) if settings else None
        raw = settings.raw_configs.get(name) if settings else None
        defaults = dict(DEFAULTS[kind])
        start = _level_of((), defaults, kind, {}, None, None)
        return _enter(start, tree or {}, raw or {}, kind)


def _descend(level: Level, part: str, kind: str) -> Level:
    below = level.below.get(part) if level.below is not None else None
    raw_below = level.raw_below.get(part) if level.raw_below is not None else None
    if not isinstance(below, Mapping):
        return msgspec.structs.replace(level, below=None, raw_below=None)
    return _enter(level, below, raw_below if isinstance(raw_below, Mapping) else {}, kind)


def _enter(level: Level, tree: Mapping[str, Any], raw: Mapping[str, Any], kind: str) -> Level:
    layer = config_keys(tree)
    if not layer:
        return msgspec.structs.replace(level, below=tree, raw_below=raw)
    merged = dict(level.merged)
    apply_layer(merged, layer, kind)
    layers = (*level.layers, layer)
    return _level_of(layers, merged, kind, {**level.raw, **config_keys(raw)}, tree, raw)


def _level_of(
    layers: tuple[dict[str, Any], ...],
    merged: dict[str, Any],
    kind: str,
    raw: dict[str, Any],
    below: Mapping[str, Any] | None,
    raw_below: Mapping[str, Any] | None,
) -> Level:
    config = settle(merged, kind)
    tags = distinct_tags(config.get("tags") or ())
    return Level(layers, merged, config, tags, raw, below, raw_below)


def config_keys(tree: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keys of one level that are config: with `+`, or whose value is not a mapping."""
    return {
        name.removeprefix("+"): value
        for name, value in ((str(key), value) for key, value in tree.items())
        if name.startswith("+") or not isinstance(value, Mapping)
    }


def written_keys(package: PackageInput) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """Give every config key of a package's trees: the kind, the path to it, and its name."""
    kinds = {tree: kind for kind, tree in _TREES.items()} | {"models": "model"}
    for tree, kind in kinds.items():
        for path in _key_paths(package.configs.get(tree) or {}, (tree,)):
            yield kind, path, path[-1].removeprefix("+")


def _key_paths(tree: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for key, value in tree.items():
        if isinstance(value, Mapping) and not str(key).startswith("+"):
            yield from _key_paths(value, (*path, str(key)))
        else:
            yield (*path, str(key))


def unused_paths(
    packages: Iterable[PackageInput], root: str, fqns: Callable[[str], set[tuple[str, ...]]]
) -> tuple[tuple[str, ...], ...]:
    """Return the paths of the root project's trees that configure nothing (PROJ-67).

    `fqns` gives the fqns of a kind, disabled nodes included.
    """
    found: list[tuple[str, ...]] = []
    for package in packages:
        if package.name != root:
            continue
        for tree, kind in _REPORTED.items():
            paths = tuple(_config_paths(package.configs.get(tree) or {}, ()))
            if paths:
                used = _prefixes(fqns(kind))
                found.extend((tree, *path) for path in paths if path not in used)
    return tuple(found)


def _prefixes(fqns: set[tuple[str, ...]]) -> set[tuple[str, ...]]:
    # There are far fewer directories than nodes.
    directories = {fqn[:-1] for fqn in fqns}
    shorter = {above[:length] for above in directories for length in range(len(above) + 1)}
    return fqns | shorter


def _config_paths(tree: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if config_keys(tree):
        yield path
    for key, value in tree.items():
        if isinstance(value, Mapping) and not str(key).startswith("+"):
            yield from _config_paths(value, (*path, str(key)))
