"""Link the definitions of all files into one graph, or those of one edited file into a graph.

Everything is drafted first (config, names, columns), then all names are known, then references
are resolved and resources made. `relink` does the same for the resources of one file, with the
names of the graph it starts from, as long as nothing that others depend on has changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from upriver.graph.checks import (
    NodeChecks,
    check_names,
    check_relations,
    check_tree_keys,
    check_unused_paths,
    distinct,
)
from upriver.graph.contracts import constraint_key, tested_key
from upriver.graph.dag import edges, entry_of, find_cycle
from upriver.graph.drafts import Draft, Scope
from upriver.graph.graph import Entry, Graph, ProjectFacts
from upriver.graph.inputs import LinkInputs
from upriver.graph.kinds.definitions import Pieces, draft_all
from upriver.graph.kinds.nodes import (
    draft_sql,
)
from upriver.graph.macros import patched
from upriver.graph.refs import LinkNames
from upriver.graph.resolve import References, names_of, place_of_call
from upriver.graph.versions import (
    Properties,
    file_names,
    plain_properties,
    versioned_properties,
)
from upriver.problems import Problem, Span
from upriver.resources.definitions import (
    MacroPatch,
    NodePatch,
    ParsedFile,
    SqlDefinition,
)
from upriver.resources.macro import Doc, Macro
from upriver.resources.nodes import Resource

__all__ = ["FileChange", "LinkNames", "Linked", "link", "relink"]

_WITHOUT_DEPENDENCIES = frozenset({"source", "group"})
_KEY_TESTS = frozenset({"unique", "not_null", "unique_combination_of_columns"})


class Linked(msgspec.Struct, frozen=True, kw_only=True):
    """A graph and everything that is wrong with it."""

    graph: Graph
    problems: tuple[Problem, ...]
    names: LinkNames


class FileChange(msgspec.Struct, frozen=True, kw_only=True):
    """One SQL or Python file before and after an edit."""

    before: ParsedFile
    after: ParsedFile
    properties: ParsedFile | None
    """The property file the resource's `patch_path` names, if it has one."""


Depending = tuple[Draft, tuple[str, ...]]
"""A draft, and what it depends on."""


def link(inputs: LinkInputs) -> Linked:
    """Link all files; problems are collected, never raised."""
    pieces = Pieces(inputs.files)
    problems: list[Problem] = []
    macros = _macros(inputs.files, problems)
    docs = _docs(inputs.files, problems)
    scope = Scope(inputs, macros.values(), docs)
    scope.problems.extend(problems)
    drafts = draft_all(scope, pieces)
    enabled = distinct(scope, (draft for draft in drafts if draft.is_enabled))
    off = [draft for draft in drafts if not draft.is_enabled]
    names = names_of(scope, enabled.values(), off)
    groups = frozenset(draft.name for draft in enabled.values() if draft.kind == "group")
    _check(scope, enabled, drafts, groups)
    references = References(scope, names)
    dependencies, lost = _resolve(references, enabled)
    if "semantic_model" in pieces.yaml or "metric" in pieces.yaml or "saved_query" in pieces.yaml:
        # Loaded only where there is a semantic layer.
        from upriver.graph.semantic.complete import complete_semantics

        complete_semantics(scope, enabled, dependencies, names)
    parents, children = edges(dependencies)
    _check_cycle(scope, enabled, parents, children)
    keys = _primary_keys(enabled, drafts)
    resources: dict[str, Resource] = {}
    entries: dict[str, Entry] = {}
    for unique_id, above in dependencies.items():
        draft = enabled[unique_id]
        resource = _make(draft, above, keys.get(unique_id, ()))
        resources[unique_id] = resource
        entries[unique_id] = entry_of(resource, draft.kind, parents[unique_id])
    graph = Graph(
        facts=_facts(scope),
        entries=entries,
        parents=parents,
        children=children,
        resources=resources,
        macros=_linked_macros(scope, macros, pieces.macro_patches),
        docs=docs,
        disabled=_disabled([*((draft, ()) for draft in off), *lost]),
        lost=tuple(draft.unique_id for draft, _ in lost),
        selectors=inputs.selectors,
    )
    found = tuple(scope.problems)
    return Linked(
        graph=graph,
        problems=found,
        names=LinkNames(names=names, groups=groups, problems=found),
    )


def _macros(files: Iterable[ParsedFile], problems: list[Problem]) -> dict[str, Macro]:
    macros: dict[str, Macro] = {}
    for file in files:
        for macro in file.macros:
            first = macros.setdefault(macro.unique_id, macro)
            if first is not macro:
                problems.append(_twice("macro", macro, first))
    return macros


def _docs(files: Iterable[ParsedFile], problems: list[Problem]) -> dict[str, Doc]:
    docs: dict[str, Doc] = {}
    for file in files:
        for doc in file.docs:
            first = docs.setdefault(doc.unique_id, doc)
            if first is not doc:
                problems.append(_twice("documentation block", doc, first))
    return docs


def _twice(words: str, second: Macro | Doc, first: Macro | Doc) -> Problem:
    line = second.line if isinstance(second, Macro) else None
    return Problem(
        code="resource-twice",
        message=f"The {words} `{second.name}` is defined twice in package `{second.package}`, in "
        f"`{first.original_file_path}` and `{second.original_file_path}`",
        span=Span(file=second.original_file_path, line=line),
        related=(Span(file=first.original_file_path),),
        hint="Rename or remove one of them",
        unique_id=second.unique_id,
    )


def _check(
    scope: Scope, enabled: Mapping[str, Draft], drafts: Sequence[Draft], groups: frozenset[str]
) -> None:
    check_names(scope, enabled.values())
    check_relations(scope, enabled.values())
    checks = NodeChecks(scope, groups)
    for draft in enabled.values():
        checks.check(draft)
    check_tree_keys(scope)
    check_unused_paths(scope, drafts)


def _resolve(
    references: References, enabled: Mapping[str, Draft]
) -> tuple[dict[str, tuple[str, ...]], list[Depending]]:
    """Return what every resource depends on, and the tests that are disabled for lack of it."""
    dependencies: dict[str, tuple[str, ...]] = {}
    lost: list[Depending] = []
    for unique_id, draft in enabled.items():
        if not (draft.refs or draft.sources or draft.metrics or draft.functions):
            dependencies[unique_id] = ()
            continue
        above, is_lost = references.resolve(draft)
        if is_lost and draft.kind == "test":
            config = {**draft.values["config"], "enabled": False}
            values = {**draft.values, "config": config}
            off = msgspec.structs.replace(draft, values=values, is_enabled=False)
            lost.append((off, above))
        else:
            dependencies[unique_id] = above
    return dependencies, lost


def _check_cycle(
    scope: Scope,
    enabled: Mapping[str, Draft],
    parents: Mapping[str, tuple[str, ...]],
    children: Mapping[str, tuple[str, ...]],
) -> None:
    cycle = find_cycle(parents, children)
    if not cycle:
        return
    shown = " -> ".join(f"`{one}`" for one in (*cycle, cycle[0]))
    places = [
        place_of_call(enabled[one], enabled[cycle[at - 1]].name, enabled[two].name)
        for at, (one, two) in enumerate(zip(cycle, (*cycle[1:], cycle[0]), strict=True))
    ]
    scope.report(
        "cycle",
        f"Resources depend on each other in a circle: {shown}"
        if len(cycle) > 1
        else f"`{cycle[0]}` refers to itself",
        places[0],
        unique_id=cycle[0],
        hint="Use `this` for a model's own relation" if len(cycle) == 1 else None,
        related=tuple(places[1:]),
    )


def _primary_keys(
    enabled: Mapping[str, Draft], drafts: Iterable[Draft]
) -> dict[str, tuple[str, ...]]:
    """Return the primary keys of models: as constraints say, else as tests imply (PROJ-185)."""
    tests: dict[str, list[tuple[str, Mapping[str, Any], bool]]] = {}
    for draft in drafts:
        if draft.kind == "test" and draft.values.get("test_name") in _KEY_TESTS:
            values = draft.values
            found = (values["test_name"], values["test_kwargs"], draft.is_enabled)
            tests.setdefault(values["attached_node"], []).append(found)
    keys = {
        unique_id: tested_key(found)
        for unique_id, found in tests.items()
        if unique_id is not None and unique_id in enabled
    }
    for unique_id, draft in enabled.items():
        if draft.kind == "model" and "columns" in draft.values:
            values = draft.values
            key = constraint_key(values["columns"], values.get("constraints", ()))
            if key:
                keys[unique_id] = key
    return keys


def _make(draft: Draft, above: tuple[str, ...], primary_key: tuple[str, ...]) -> Resource:
    resource: Resource
    if draft.kind in _WITHOUT_DEPENDENCIES:
        resource = draft.type(**draft.values)
    elif draft.kind == "model":
        resource = draft.type(**draft.values, depends_on=above, primary_key=primary_key)
    else:
        resource = draft.type(**draft.values, depends_on=above)
    return resource


def _disabled(drafts: Iterable[Depending]) -> dict[str, tuple[Resource, ...]]:
    disabled: dict[str, tuple[Resource, ...]] = {}
    for draft, above in drafts:
        resource = _make(draft, above, ())
        disabled[draft.unique_id] = (*disabled.get(draft.unique_id, ()), resource)
    return disabled


def _linked_macros(
    scope: Scope, macros: Mapping[str, Macro], patches: Iterable[MacroPatch]
) -> dict[str, Macro]:
    by_id: dict[str, MacroPatch] = {}
    for patch in patches:
        unique_id = f"macro.{patch.package}.{patch.name}"
        span = Span(file=scope.place(patch.package, patch.path), keys=patch.keys)
        if unique_id not in macros:
            scope.report(
                "macro-patch-without-macro",
                f"The macro `{patch.name}` is described, and there is no such macro",
                span,
                is_warning=True,
                event="MacroNotFoundForPatch",
            )
            continue
        text, _ = scope.descriptions.render(patch.description, patch.package, span, unique_id)
        arguments = tuple(
            msgspec.structs.replace(
                one,
                description=scope.descriptions.render(
                    one.description, patch.package, span, unique_id
                )[0],
            )
            for one in patch.arguments
        )
        by_id[unique_id] = msgspec.structs.replace(patch, description=text, arguments=arguments)
    return {
        unique_id: patched(macro, by_id.get(unique_id), scope.macros.depends_on(macro))
        for unique_id, macro in macros.items()
    }


def _facts(scope: Scope) -> ProjectFacts:
    inputs = scope.inputs
    quoting = scope.names.quoting
    return ProjectFacts(
        project_name=inputs.root,
        adapter_type=inputs.dialect.type,
        quoting={
            "database": quoting.database,
            "schema": quoting.schema,
            "identifier": quoting.identifier,
            "column": None,
        },
        packages=tuple(package.name for package in inputs.packages if not package.is_internal),
    )


def relink(
    previous: Graph, names: LinkNames, inputs: LinkInputs, changes: tuple[FileChange, ...]
) -> Linked | None:
    """Relink only the resources of files whose bodies changed; None if their shape changed.

    `inputs.files` is not read. The result equals a full link of the edited files.
    """
    scope = Scope(inputs, previous.macros.values(), previous.docs)
    references = References(scope, names.names)
    checks = NodeChecks(scope, names.groups)
    warned = {problem.unique_id for problem in names.problems}
    changed: dict[str, Resource] = {}
    new_entries: dict[str, Entry] = {}
    for change in changes:
        for definition in _same_shape(change):
            if definition is None:
                return None
            found = _relinked(scope, previous, definition, change.properties, references, checks)
            if found is None or scope.problems or found[0].unique_id in warned:
                return None
            resource, entry = found
            changed[entry.unique_id] = resource
            new_entries[entry.unique_id] = entry
    graph = _with_changes(previous, changed, new_entries)
    if graph is None:
        return None
    return Linked(graph=graph, problems=names.problems, names=names)


def _same_shape(change: FileChange) -> Iterator[SqlDefinition | None]:
    """Give the file's definitions, or None once when they are not those it had before."""
    before, after = change.before, change.after
    has_more = before.macros or after.macros or before.docs or after.docs
    pairs = zip(before.definitions, after.definitions, strict=False)
    is_same = len(before.definitions) == len(after.definitions) and all(
        isinstance(old, SqlDefinition)
        and isinstance(new, SqlDefinition)
        and (old.kind, old.name, old.path) == (new.kind, new.name, new.path)
        for old, new in pairs
    )
    if has_more or not is_same:
        yield None
        return
    yield from (one for one in after.definitions if isinstance(one, SqlDefinition))


def _relinked(
    scope: Scope,
    previous: Graph,
    definition: SqlDefinition,
    file: ParsedFile | None,
    references: References,
    checks: NodeChecks,
) -> tuple[Resource, Entry] | None:
    properties = _properties_of(previous, definition, file)
    draft = draft_sql(scope, definition, properties)
    before = previous.entries.get(draft.unique_id)
    if before is None or not draft.is_enabled:
        return None
    if before.patch_path != (None if properties is None else properties.patch_path):
        return None
    old: Any = previous.resources[draft.unique_id]
    checks.check(draft)
    above, is_lost = references.resolve(draft)
    if (is_lost and draft.kind == "test") or any(
        getattr(old, part) != draft.values[part] for part in ("alias", "schema", "database")
    ):
        return None
    resource = _make(draft, above, getattr(old, "primary_key", ()))
    references_held = tuple(one for one in above if one in previous.entries)
    entry = entry_of(resource, draft.kind, references_held)
    same = ("original_file_path", "group", "access", "version", "latest_version", "relation_name")
    if any(getattr(before, part) != getattr(entry, part) for part in same):
        return None
    return resource, entry


def _properties_of(
    previous: Graph, definition: SqlDefinition, file: ParsedFile | None
) -> Properties | None:
    """Return what a property file says of a definition that is in the graph already."""
    if file is None:
        return None
    for patch in file.definitions:
        if not isinstance(patch, NodePatch) or patch.kind != definition.kind:
            continue
        if not patch.versions and patch.name == definition.name:
            return plain_properties(patch, file.checksum)
        for version in patch.versions:
            unique_id = f"model.{definition.package}.{patch.name}.v{version.v}"
            entry = previous.entries.get(unique_id)
            is_here = (
                entry is not None and entry.original_file_path == definition.original_file_path
            )
            if is_here and definition.name in file_names(patch, version):
                return versioned_properties(patch, version, file.checksum)
    return None


class _Overlay(Mapping[str, Resource]):
    """Resources with a few replaced, without touching the others."""

    def __init__(self, base: Mapping[str, Resource], changed: Mapping[str, Resource]) -> None:
        self._base = base
        self._changed = changed

    def __getitem__(self, key: str) -> Resource:
        found = self._changed.get(key)
        return self._base[key] if found is None else found

    def __iter__(self) -> Iterator[str]:
        return iter(self._base)

    def __len__(self) -> int:
        return len(self._base)


def _with_changes(
    previous: Graph, changed: Mapping[str, Resource], entries: Mapping[str, Entry]
) -> Graph | None:
    """Return the graph with some resources replaced; None if that closes a circle."""
    parents = dict(previous.parents)
    moved = {
        unique_id: entry.references
        for unique_id, entry in entries.items()
        if entry.references != parents[unique_id]
    }
    parents.update(moved)
    if any(_reaches(parents, unique_id) for unique_id in moved):
        return None
    base = previous.resources
    return msgspec.structs.replace(
        previous,
        entries={**previous.entries, **entries},
        parents=parents,
        children=_moved_children(previous, parents, moved) if moved else previous.children,
        resources={**base, **changed} if isinstance(base, dict) else _Overlay(base, changed),
    )


def _reaches(parents: Mapping[str, tuple[str, ...]], unique_id: str) -> bool:
    seen: set[str] = set()
    waiting = list(parents[unique_id])
    while waiting:
        current = waiting.pop()
        if current == unique_id:
            return True
        if current not in seen:
            seen.add(current)
            waiting.extend(parents[current])
    return False


def _moved_children(
    previous: Graph,
    parents: Mapping[str, tuple[str, ...]],
    moved: Mapping[str, tuple[str, ...]],
) -> dict[str, tuple[str, ...]]:
    children = dict(previous.children)
    position = {unique_id: index for index, unique_id in enumerate(previous.entries)}
    for unique_id in moved:
        for parent in {*previous.parents[unique_id], *parents[unique_id]}:
            below = {one for one in children[parent] if one != unique_id}
            if parent in parents[unique_id]:
                below.add(unique_id)
            children[parent] = tuple(sorted(below, key=position.__getitem__))
    return children
