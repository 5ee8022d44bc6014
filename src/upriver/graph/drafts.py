"""What all kinds need while they are linked: the scope, and drafts that wait for references.

A draft holds every value of a resource except those that need all names (`depends_on`, a model's
primary key, a test's group). Making the resource from it is the last step.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from upriver.graph.config import accumulate_calls, apply_layer, distinct_tags, settle
from upriver.graph.docs import Descriptions
from upriver.graph.inputs import LinkInputs, PackageInput
from upriver.graph.macros import MacroIndex
from upriver.graph.naming import Names
from upriver.graph.trees import Trees
from upriver.jinja.static_facts import unrendered_config
from upriver.problems import Key, Problem, Span
from upriver.resources.calls import Facts, RefCall, SourceCall
from upriver.resources.macro import Doc, Macro


class PatchPlace(msgspec.Struct, frozen=True, kw_only=True):
    """Where the properties of a node are, and the config among them."""

    span: Span
    config: Mapping[str, Any]


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A resource without what its references tell."""

    type: type[Any]
    kind: str
    unique_id: str
    name: str
    package: str
    is_enabled: bool
    values: dict[str, Any]
    """Arguments for `type`."""
    refs: tuple[RefCall, ...] = ()
    sources: tuple[SourceCall, ...] = ()
    metrics: tuple[RefCall, ...] = ()
    functions: tuple[RefCall, ...] = ()
    file: str
    """For places of problems, relative to the project root."""
    line: int | None = None
    keys: tuple[Key, ...] = ()
    own_tags: tuple[str, ...] = ()
    """Sources: tags its tests inherit."""
    patch: PatchPlace | None = None
    """Nodes with properties only."""

    @property
    def span(self) -> Span:
        """Where it is defined."""
        return Span(file=self.file, line=self.line, keys=self.keys)

    def span_of(self, key: str) -> Span:
        """Where a config key is said, if its properties say it; else where it is defined."""
        if self.patch is None or key not in self.patch.config:
            return self.span
        span = self.patch.span
        return msgspec.structs.replace(span, keys=(*span.keys, "config", key))


class Resolved(msgspec.Struct, frozen=True):
    """A node's final configuration."""

    config: dict[str, Any]
    unrendered: dict[str, Any]
    tags: tuple[str, ...]
    """Node-level tags: each once, those of property YAML last (PROJ-71)."""


class Scope:
    """The settings and look-ups of one linking, and the problems found so far."""

    def __init__(
        self, inputs: LinkInputs, macros: Iterable[Macro], docs: Mapping[str, Doc]
    ) -> None:
        self.inputs = inputs
        self.packages: dict[str, PackageInput] = {p.name: p for p in inputs.packages}
        self.macros = MacroIndex(inputs, macros)
        self.trees = Trees(inputs.packages, inputs.root)
        self.names = Names(inputs, self.macros)
        self.descriptions = Descriptions(inputs, docs)
        self.problems: list[Problem] = self.descriptions.problems
        self._below: dict[tuple[str, str], str] = {}

    def place(self, package: str, path: str) -> str:
        """Return a file's path relative to the project root."""
        settings = self.packages.get(package)
        return f"{settings.directory}/{path}" if settings and settings.directory else path

    def below_search_path(self, package: str, path: str) -> str:
        """Return what follows the directory a property file was found under."""
        known = self._below.get((package, path))
        if known is None:
            settings = self.packages.get(package)
            known = path
            for directory in settings.search_paths if settings else ():
                if path.startswith(f"{directory}/"):
                    known = path[len(directory) + 1 :]
                    break
            self._below[package, path] = known
        return known

    def directories(self, package: str, path: str) -> tuple[str, ...]:
        """Return the directories between a property file's search path and the file."""
        return tuple(self.below_search_path(package, path).split("/")[:-1])

    def report(
        self,
        code: str,
        message: str,
        span: Span,
        *,
        unique_id: str | None = None,
        hint: str | None = None,
        is_warning: bool = False,
        event: str | None = None,
        related: tuple[Span, ...] = (),
    ) -> None:
        """Note a problem."""
        self.problems.append(
            Problem(
                code=code,
                message=message,
                severity="warning" if is_warning else "error",
                span=span,
                hint=hint,
                related=related,
                event=event,
                unique_id=unique_id,
            )
        )


def resolve_config(
    scope: Scope,
    kind: str,
    package: str,
    fqn: tuple[str, ...],
    *,
    yaml: Mapping[str, Any],
    raw_yaml: Mapping[str, Any],
    in_file: Mapping[str, Any],
    raw_in_file: Mapping[str, Any],
) -> Resolved:
    """Merge the layers of a node's config (PROJ-63).

    A node that says nothing itself gets the directory's config, shared and already merged.
    """
    own = scope.trees.own(kind, package, fqn)
    override = scope.trees.override(kind, package, fqn)
    if not yaml and not in_file and override is None:
        return Resolved(own.config, own.raw, own.tags)
    config = dict(own.merged)
    apply_layer(config, yaml, kind)
    apply_layer(config, in_file, kind)
    unrendered = {**own.raw, **raw_yaml, **raw_in_file}
    if override is not None:
        for layer in override.layers:
            apply_layer(config, layer, kind)
        unrendered.update(override.raw)
        if not yaml and kind != "test":
            # As observed, although the root project's tree wins in the config itself.
            unrendered.update(raw_in_file)
    tags = config["tags"]
    if yaml.get("tags"):
        before = len(own.merged["tags"])
        said = len(_listed(yaml["tags"]))
        tags = [*tags[:before], *tags[before + said :], *tags[before : before + said]]
    return Resolved(settle(config, kind), unrendered, distinct_tags(tags))


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def in_file_layers(
    scope: Scope, facts: Facts, code: str, default: Mapping[str, Any] | None = None
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return a file's `config()` calls as one layer, and its unrendered form (PROJ-77)."""
    calls = facts.configs
    if not calls and not default:
        return {}, {}
    layer = accumulate_calls(calls)
    if default:
        layer = {**default, **layer}
    if scope.inputs.flags.state_modified_compare_more_unrendered_values:
        return layer, unrendered_config(code) or layer
    return layer, layer
