"""Everything that files define, sorted by kind and drafted in a stable order.

Nodes come before their tests, which need to know them; unit tests come last.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from upriver.graph.drafts import Draft, Scope
from upriver.graph.kinds.arguments import Asked, gather
from upriver.graph.kinds.exposures import draft_exposure, draft_group
from upriver.graph.kinds.generic_tests import Target, draft_tests
from upriver.graph.kinds.nodes import (
    draft_operation,
    draft_seed,
    draft_sql,
    draft_yaml_snapshot,
)
from upriver.graph.kinds.patches import SECTIONS, Assigned, Key, assign
from upriver.graph.kinds.sources import (
    check_freshness,
    check_loading,
    draft_source,
    overridden,
    tested_source,
)
from upriver.graph.kinds.unit_tests import Fixtures, draft_unit_tests
from upriver.graph.versions import Properties
from upriver.problems import Span
from upriver.resources.calls import Facts, RefCall
from upriver.resources.definitions import (
    FixtureDefinition,
    MacroPatch,
    NodePatch,
    ParsedFile,
    SeedDefinition,
    SourceDefinition,
    SqlDefinition,
    YamlDefinition,
)


class Pieces:
    """The definitions of all files, sorted by what they are."""

    def __init__(self, files: Iterable[ParsedFile]) -> None:
        self.sql: list[SqlDefinition] = []
        self.seeds: list[SeedDefinition] = []
        self.patches: list[tuple[NodePatch, str]] = []
        self.macro_patches: list[MacroPatch] = []
        self.sources: list[SourceDefinition] = []
        self.fixtures: list[FixtureDefinition] = []
        self.yaml: dict[str, list[YamlDefinition]] = {}
        for file in files:
            for definition in file.definitions:
                match definition:
                    case SqlDefinition():
                        self.sql.append(definition)
                    case SeedDefinition():
                        self.seeds.append(definition)
                    case NodePatch():
                        self.patches.append((definition, file.checksum))
                    case MacroPatch():
                        self.macro_patches.append(definition)
                    case SourceDefinition():
                        self.sources.append(definition)
                    case FixtureDefinition():
                        self.fixtures.append(definition)
                    case YamlDefinition():
                        self.yaml.setdefault(definition.kind, []).append(definition)


def draft_all(scope: Scope, pieces: Pieces) -> list[Draft]:
    """Draft every resource that the files define, disabled ones included."""
    keys: list[Key] = [(str(one.kind), one.package, one.name) for one in pieces.sql]
    keys += [("seed", one.package, one.name) for one in pieces.seeds]

    def is_enabled(key: Key) -> bool:
        return any(
            draft_sql(scope, one, None).is_enabled
            for one in pieces.sql
            if (one.kind, one.package, one.name) == key
        ) or any(
            draft_seed(scope, one, None).is_enabled
            for one in pieces.seeds
            if ("seed", one.package, one.name) == key
        )

    assigned = assign(scope, pieces.patches, keys, is_enabled)
    properties = {one.key: one.properties for one in assigned if one.key is not None}
    drafts: list[Draft] = []
    by_key: dict[Key, Draft] = {}

    def add(key: Key, draft: Draft) -> None:
        drafts.append(draft)
        if key not in by_key or draft.is_enabled:
            by_key[key] = draft

    shared = _shared_keys(keys)
    for sql in pieces.sql:
        key: Key = (sql.kind, sql.package, sql.name)
        said = properties.get(key)
        if said is not None and key in shared:
            said = _said_of_one_of_several(scope, sql, pieces.sql, said)
        add(key, draft_sql(scope, sql, said))
    for seed in pieces.seeds:
        key = ("seed", seed.package, seed.name)
        add(key, draft_seed(scope, seed, properties.get(key)))
    for one in assigned:
        if one.key is not None and one.properties.patch.relation is not None:
            add(one.key, _draft_snapshot(scope, one.properties))
    for one in assigned:
        target = None
        if one.key is not None:
            own: Key = (one.key[0], one.properties.patch.package, one.key[2])
            target = by_key.get(own) or by_key.get(one.key)
        drafts += _tests_of(scope, one, target)
    drafts += _draft_sources(scope, pieces.sources)
    drafts += _draft_hooks(scope)
    drafts += [draft_exposure(scope, one) for one in pieces.yaml.get("exposure", ())]
    drafts += [draft_group(scope, one) for one in pieces.yaml.get("group", ())]
    drafts += _draft_semantics(scope, pieces)
    drafts += _draft_unit_tests(scope, pieces, drafts)
    return drafts


def _shared_keys(keys: Sequence[Key]) -> frozenset[Key]:
    if len(set(keys)) == len(keys):
        return frozenset()
    return frozenset(key for key in keys if keys.count(key) > 1)


def _said_of_one_of_several(
    scope: Scope, sql: SqlDefinition, every: Iterable[SqlDefinition], said: Properties
) -> Properties | None:
    """Return what a patch says of one of several nodes of its name: it is about the enabled one,
    or about all if each of them is disabled.
    """
    named = [
        one
        for one in every
        if (one.kind, one.package, one.name) == (sql.kind, sql.package, sql.name)
    ]
    enabled = [one for one in named if draft_sql(scope, one, None).is_enabled]
    return said if not enabled or sql in enabled else None


def _draft_snapshot(scope: Scope, properties: Properties) -> Draft:
    patch = properties.patch
    asked = Asked()
    span = Span(file=scope.place(patch.package, patch.path), keys=(*patch.keys, "relation"))
    gather(scope, str(patch.relation), patch.package, span, asked)
    facts = Facts(refs=tuple(asked.refs), sources=tuple(asked.sources))
    return draft_yaml_snapshot(scope, properties, facts)


def _tests_of(scope: Scope, one: Assigned, target: Draft | None) -> list[Draft]:
    properties = one.properties
    patch = properties.patch
    if not properties.tests and not any(column.tests for column in properties.columns):
        return []
    return draft_tests(
        scope,
        Target(
            section=SECTIONS[patch.kind],
            key_name=patch.name,
            package=patch.package,
            path=patch.path,
            call=RefCall(name=patch.name, version=properties.version),
            # dbt attaches tests only to nodes of the package that describes them (observed).
            unique_id=None
            if target is None or target.package != patch.package
            else target.unique_id,
            group=None if target is None else target.values["group"],
        ),
        properties.tests,
        properties.columns,
    )


def _draft_sources(scope: Scope, definitions: Sequence[SourceDefinition]) -> list[Draft]:
    drafts: list[Draft] = []
    for definition in overridden(definitions):
        draft = draft_source(scope, definition)
        check_freshness(scope, draft)
        check_loading(scope, draft)
        drafts.append(draft)
        if definition.tests or any(column.tests for column in definition.columns):
            target = tested_source(definition, draft)
            drafts += draft_tests(scope, target, definition.tests, definition.columns)
    return drafts


def _draft_hooks(scope: Scope) -> list[Draft]:
    return [
        draft_operation(scope, package.name, event, index, hook.sql, hook.facts)
        for package in scope.inputs.packages
        for event, hooks in (
            ("on-run-start", package.on_run_start),
            ("on-run-end", package.on_run_end),
        )
        for index, hook in enumerate(hooks)
    ]


def _draft_semantics(scope: Scope, pieces: Pieces) -> list[Draft]:
    models, metrics, queries = (
        pieces.yaml.get(kind, ()) for kind in ("semantic_model", "metric", "saved_query")
    )
    if not (models or metrics or queries):
        return []
    # Loaded only where there is a semantic layer.
    from upriver.graph.kinds.semantic import (
        draft_metric,
        draft_saved_query,
        draft_semantic_model,
    )

    return [
        *(draft_metric(scope, one) for one in metrics),
        *(draft for one in models for draft in draft_semantic_model(scope, one)),
        *(draft_saved_query(scope, one) for one in queries),
    ]


def _draft_unit_tests(scope: Scope, pieces: Pieces, drafts: Sequence[Draft]) -> list[Draft]:
    definitions = pieces.yaml.get("unit_test", ())
    if not definitions:
        return []
    models: dict[tuple[str, str], list[Draft]] = {}
    for draft in drafts:
        if draft.kind == "model":
            models.setdefault((draft.package, draft.name), []).append(draft)
    fixtures = Fixtures(pieces.fixtures)
    return [
        draft
        for one in definitions
        for draft in draft_unit_tests(
            scope, one, fixtures, models.get((one.package, one.body["model"]), ())
        )
    ]
