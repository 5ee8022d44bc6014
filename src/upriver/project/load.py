"""From an opened workspace to a linked graph, reusing what is remembered.

Three ways lead there, from fast to slow, and all give equal graphs (a property test holds them to
it): nothing changed, so the remembered graph stands; only bodies of SQL files changed, so their
resources are linked again alone; anything else, so every file is read again unless its remembered
parse still holds, and all are linked.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from upriver.adapters.macro_files import builtin_macro_files, builtin_version
from upriver.digest import digest_value
from upriver.graph.graph import Graph
from upriver.graph.inputs import LinkFlags, LinkInputs, PackageInput
from upriver.graph.link import FileChange, Linked, link, relink
from upriver.jinja.macro_table import MacroTable
from upriver.jinja.world import World
from upriver.parse.file import needs_text, parse_file
from upriver.parse.world import ParseWorld, Settings
from upriver.problems import Problem, has_errors
from upriver.project.memory import (
    FileChanges,
    Memory,
    ParsedRow,
    Snapshot,
    changes_since,
    file_key,
    stamp_of,
)
from upriver.project.recorder import Answers, Recorder
from upriver.project.templates import hook_inputs, make_naming, make_templates
from upriver.resources.definitions import ParsedFile
from upriver.resources.files import SourceFile
from upriver.resources.macro import Macro
from upriver.workspace.discover import list_files, read_text
from upriver.workspace.workspace import Workspace

_BODY_KINDS = frozenset({"model", "analysis", "singular_test"})
"""Kinds of files whose edits can be linked alone."""
_MACRO_KINDS = frozenset({"macro", "generic_test"})

Say = Callable[[str, str, str | None], None]


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """How much work a load did; tests read it."""

    files: int
    parsed: int
    """Files read and parsed in this load."""
    way: str
    """`remembered`, `relinked` or `linked`."""


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """A linked project."""

    graph: Graph
    problems: tuple[Problem, ...]
    macros: Callable[[], MacroTable]
    settings: Settings
    counts: Counts
    files: tuple[SourceFile, ...]


class Loading(msgspec.Struct, frozen=True, kw_only=True):
    """What a load starts from."""

    workspace: Workspace
    settings: Settings
    memory: Memory
    say: Say
    templates: dict[str, Any]
    """Process-wide store of compiled templates."""


def load(loading: Loading) -> Loaded:
    """Return the linked project; never raises for what is wrong with it."""
    listed_ns = time.time_ns()
    files = list_files(loading.workspace)
    builtins = builtin_version(loading.settings.dialect.type, loading.settings.dialect.parents)
    key = _settings_key(loading)
    snapshot = loading.memory.snapshot()
    if snapshot is not None and (snapshot.settings, snapshot.builtins) == (key, builtins):
        changes = changes_since(snapshot, files)
        loaded = _from_memory(loading, snapshot, changes, files, listed_ns)
        if loaded is not None:
            return loaded
    return _full(loading, snapshot, files, listed_ns, key, builtins)


def _settings_key(loading: Loading) -> str:
    """Digest what linking reads directly; what templates ask for is checked by question."""
    workspace = loading.workspace
    credentials = None if workspace.profile is None else workspace.profile.credentials
    return digest_value(
        (
            [msgspec.to_builtins(package) for package in workspace.packages],
            msgspec.to_builtins(workspace.flags),
            msgspec.to_builtins(loading.settings.dialect),
            None if credentials is None else (credentials.database, credentials.schema),
            workspace.selectors,
        )
    )


# -- nothing changed, or only bodies ------------------------------------------------------------


def _from_memory(
    loading: Loading,
    snapshot: Snapshot,
    changes: FileChanges,
    files: tuple[SourceFile, ...],
    listed_ns: int,
) -> Loaded | None:
    if not snapshot.has_graph or changes.added or changes.removed:
        return None
    if any(file.kind not in _BODY_KINDS for file in changes.modified):
        return None
    remembered = loading.memory.graph(loading.workspace.selectors)
    if remembered is None:
        return None
    graph, problems = remembered
    table = _late(lambda: _table(loading, tuple(graph.macros.values())))
    # Questions about macros are answered by the stamps of their files.
    if not _answers_hold(snapshot, _world(loading, _table(loading, ()))):
        return None
    if not changes.modified:
        counts = Counts(files=len(files), parsed=0, way="remembered")
        return _loaded(loading, graph, problems, table, files, counts)
    return _relinked(loading, snapshot, changes, files, listed_ns, graph, problems, table)


def _answers_hold(snapshot: Snapshot, world: World) -> bool:
    """Ask again what lies outside the files: macros stand in files, whose stamps are equal."""
    answers = Answers(world)
    return all(
        answers.digest(question) == digest
        for question, digest in snapshot.questions.items()
        if question.partition("\x1f")[0] in ("var", "env", "target", "flag")
    )


def _relinked(
    loading: Loading,
    snapshot: Snapshot,
    changes: FileChanges,
    files: tuple[SourceFile, ...],
    listed_ns: int,
    graph: Graph,
    problems: tuple[Problem, ...],
    table: Callable[[], MacroTable],
) -> Loaded | None:
    names = loading.memory.names()
    before = {
        file_key(file): loading.memory.parsed_row(file_key(file)) for file in changes.modified
    }
    if names is None or None in before.values():
        return None
    world = _world(loading, table())
    rows, extra = _parse_all(loading, changes.modified, world)
    if extra or any(has_errors(row.parsed.problems) for row in rows.values()):
        return None
    file_changes: list[FileChange] = []
    for key, row in rows.items():
        previous = before[key]
        if previous is None:
            return None
        properties = _properties_of(loading.memory, graph, row.parsed)
        file_changes.append(
            FileChange(before=previous.parsed, after=row.parsed, properties=properties)
        )
    recorder = Recorder(world)
    linked = relink(graph, names, _link_inputs(loading, (), recorder), tuple(file_changes))
    if linked is None or has_errors(linked.problems):
        return None
    answers = Answers(world)
    questions = dict(snapshot.questions)
    for row in rows.values():
        questions.update(answers.digests(row.questions))
    questions.update(answers.digests(recorder.questions))
    changed = {
        unique_id
        for unique_id in linked.graph.entries
        if linked.graph.entries[unique_id] is not graph.entries.get(unique_id)
    } | _ids_in(linked.graph, rows.values())
    kept = _kept_problems(problems, changes.modified, linked.problems)
    _remember_part(loading, snapshot, files, listed_ns, rows, linked, kept, questions, changed)
    counts = Counts(files=len(files), parsed=len(rows), way="relinked")
    return _loaded(loading, linked.graph, kept, table, files, counts)


def _ids_in(graph: Graph, rows: Iterable[ParsedRow]) -> set[str]:
    paths = {(row.parsed.package, row.parsed.path) for row in rows}
    return {
        unique_id
        for unique_id, entry in graph.entries.items()
        if (entry.package, entry.original_file_path) in paths
    }


def _properties_of(memory: Memory, graph: Graph, parsed: ParsedFile) -> ParsedFile | None:
    for entry in graph.entries.values():
        if entry.original_file_path == parsed.path and entry.package == parsed.package:
            row = memory.parsed_row(f"properties:{entry.patch_path}") if entry.patch_path else None
            return None if row is None else row.parsed
    return None


def _kept_problems(
    before: tuple[Problem, ...], modified: tuple[SourceFile, ...], new: tuple[Problem, ...]
) -> tuple[Problem, ...]:
    paths = {file.path for file in modified}
    kept = tuple(p for p in before if p.span is None or p.span.file not in paths)
    return (*kept, *(p for p in new if p not in kept))


def _remember_part(
    loading: Loading,
    snapshot: Snapshot,
    files: tuple[SourceFile, ...],
    listed_ns: int,
    rows: Mapping[str, ParsedRow],
    linked: Linked,
    problems: tuple[Problem, ...],
    questions: dict[str, str],
    changed: set[str],
) -> None:
    memory = loading.memory
    memory.forget_snapshot()
    memory.put_parsed(rows)
    memory.put_graph(linked.graph, linked.names, problems, changed)
    memory.put_snapshot(
        msgspec.structs.replace(
            snapshot,
            stamps=tuple(stamp_of(file) for file in files),
            listed_ns=listed_ns,
            questions=questions,
        )
    )


# -- everything ---------------------------------------------------------------------------------


def _full(
    loading: Loading,
    snapshot: Snapshot | None,
    files: tuple[SourceFile, ...],
    listed_ns: int,
    key: str,
    builtins: str,
) -> Loaded:
    remembered = loading.memory.parsed_rows() if snapshot is not None else {}
    limit = snapshot.listed_ns if snapshot is not None else 0
    internal = _builtin_macros(loading, builtins)
    macro_files = tuple(file for file in files if file.kind in _MACRO_KINDS)
    rest = tuple(file for file in files if file.kind not in _MACRO_KINDS)
    bare = _world(loading, _table(loading, internal))
    rows, unread = _parse_all(loading, macro_files, bare, _fresh(remembered, limit))
    own = tuple(macro for row in rows.values() for macro in row.parsed.macros)
    world = _world(loading, _table(loading, (*internal, *own)))
    answers = Answers(world)
    valid = _valid(remembered, snapshot, answers, limit)
    more, more_unread = _parse_all(loading, rest, world, valid)
    rows.update(more)
    reused = sum(1 for name, row in rows.items() if remembered.get(name) is row)
    recorder = Recorder(world)
    parsed = _in_load_order(internal, rows, files, (*unread, *more_unread))
    linked = link(_link_inputs(loading, parsed, recorder))
    file_problems = tuple(problem for file in parsed for problem in file.problems)
    problems = (*file_problems, *linked.problems)
    _remember_all(
        loading, files, listed_ns, rows, linked, problems, answers, recorder, key, builtins
    )
    table = _table(loading, tuple(linked.graph.macros.values()))
    counts = Counts(files=len(files), parsed=len(files) - reused, way="linked")
    return _loaded(loading, linked.graph, problems, lambda: table, files, counts)


def _fresh(
    remembered: Mapping[str, ParsedRow], limit: int
) -> Callable[[SourceFile], ParsedRow | None]:
    def find(file: SourceFile) -> ParsedRow | None:
        row = remembered.get(file_key(file))
        is_old = file.mtime_ns < limit - 50_000_000
        return row if row is not None and is_old and row.stamp == stamp_of(file) else None

    return find


def _valid(
    remembered: Mapping[str, ParsedRow], snapshot: Snapshot | None, answers: Answers, limit: int
) -> Callable[[SourceFile], ParsedRow | None]:
    """Return a look-up of remembered parses whose file and answers are the same."""
    fresh = _fresh(remembered, limit)
    before = {} if snapshot is None else snapshot.questions
    stale = {question for question, digest in before.items() if answers.digest(question) != digest}

    def find(file: SourceFile) -> ParsedRow | None:
        row = fresh(file)
        if row is None or not stale.isdisjoint(row.questions):
            return None
        return row if all(question in before for question in row.questions) else None

    return find


def _parse_all(
    loading: Loading,
    files: Iterable[SourceFile],
    world: World,
    find: Callable[[SourceFile], ParsedRow | None] = lambda _: None,
) -> tuple[dict[str, ParsedRow], tuple[Problem, ...]]:
    """Parse files, or take their remembered parse; unreadable files become problems."""
    recorder = Recorder(world)
    rows: dict[str, ParsedRow] = {}
    unread: list[Problem] = []
    for file in files:
        row = find(file)
        if row is None:
            text = read_text(file) if needs_text(file) else ""
            if isinstance(text, Problem):
                unread.append(text)
                continue
            recorder.start()
            parsed = parse_file(file, text, recorder)
            questions = tuple(recorder.questions)
            if not recorder.is_memorable:
                questions = (*questions, "unmemorable")
            row = ParsedRow(stamp_of(file), parsed, questions)
        rows[file_key(file)] = row
    return rows, tuple(unread)


def _in_load_order(
    internal: tuple[Macro, ...],
    rows: Mapping[str, ParsedRow],
    files: tuple[SourceFile, ...],
    unread: tuple[Problem, ...],
) -> tuple[ParsedFile, ...]:
    builtin = ParsedFile(
        file_id="builtin", package="dbt", path="", checksum="", macros=internal, problems=unread
    )
    keys = (file_key(file) for file in files)
    return (builtin, *(rows[key].parsed for key in keys if key in rows))


def _remember_all(
    loading: Loading,
    files: tuple[SourceFile, ...],
    listed_ns: int,
    rows: Mapping[str, ParsedRow],
    linked: Linked,
    problems: tuple[Problem, ...],
    answers: Answers,
    recorder: Recorder,
    key: str,
    builtins: str,
) -> None:
    memory = loading.memory
    if not memory.store.is_open:
        return
    is_memorable = not has_errors(problems) and recorder.is_memorable
    kept = {name: row for name, row in rows.items() if "unmemorable" not in row.questions}
    is_memorable = is_memorable and len(kept) == len(rows)
    questions: dict[str, None] = dict(recorder.questions)
    for row in kept.values():
        questions.update(dict.fromkeys(row.questions))
    memory.forget_snapshot()
    memory.put_all_parsed(kept)
    if is_memorable:
        memory.put_graph(linked.graph, linked.names, problems)
    memory.put_snapshot(
        Snapshot(
            key,
            builtins,
            tuple(stamp_of(file) for file in files),
            listed_ns,
            answers.digests(questions),
            is_memorable,
        )
    )


# -- parts --------------------------------------------------------------------------------------


def _loaded(
    loading: Loading,
    graph: Graph,
    problems: tuple[Problem, ...],
    table: Callable[[], MacroTable],
    files: tuple[SourceFile, ...],
    counts: Counts,
) -> Loaded:
    return Loaded(
        graph=graph,
        problems=problems,
        macros=table,
        settings=loading.settings,
        counts=counts,
        files=files,
    )


def _builtin_macros(loading: Loading, version: str) -> tuple[Macro, ...]:
    found = loading.memory.builtin_macros(version)
    if found is not None:
        return found
    dialect = loading.settings.dialect
    world = _world(loading, _table(loading, ()))
    macros: list[Macro] = []
    for package, path, text in builtin_macro_files(dialect.type, dialect.parents):
        file = SourceFile(
            package=package, kind="macro", path=path, search_path="macros", absolute="",
            size=len(text), mtime_ns=0, inode=0,
        )  # fmt: skip
        macros.extend(parse_file(file, text, world).macros)
    loading.memory.put_builtin_macros(version, tuple(macros))
    return tuple(macros)


def _table(loading: Loading, macros: tuple[Macro, ...]) -> MacroTable:
    workspace = loading.workspace
    dialect = loading.settings.dialect
    internal = (f"dbt_{dialect.type}", *(f"dbt_{parent}" for parent in dialect.parents), "dbt")
    by_package: dict[str, list[Macro]] = {package.name: [] for package in workspace.packages}
    for name in internal:
        by_package.setdefault(name, [])
    for macro in macros:
        by_package.setdefault(macro.package, []).append(macro)
    flag = workspace.flags.require_explicit_package_overrides_for_builtin_materializations
    return MacroTable(
        macros=by_package,
        root=workspace.name,
        internal=internal,
        adapter_types=(dialect.type, *dialect.parents),
        dispatch={d.macro_namespace: d.search_order for d in workspace.settings.dispatch},
        may_packages_replace_materializations=not flag,
    )


def _world(loading: Loading, table: MacroTable) -> ParseWorld:
    return ParseWorld(loading.settings, table, say=loading.say, memory=loading.templates)


def _late(make: Callable[[], MacroTable]) -> Callable[[], MacroTable]:
    made: list[MacroTable] = []

    def get() -> MacroTable:
        if not made:
            made.append(make())
        return made[0]

    return get


def _link_inputs(loading: Loading, files: tuple[ParsedFile, ...], world: World) -> LinkInputs:
    workspace = loading.workspace
    assert workspace.profile is not None  # noqa: S101 - loading needs a profile
    credentials = workspace.profile.credentials
    dialect = loading.settings.dialect
    internal = tuple(
        PackageInput(name=name, is_internal=True)
        for name in (f"dbt_{dialect.type}", *(f"dbt_{p}" for p in dialect.parents), "dbt")
    )
    packages = tuple(
        PackageInput(
            name=package.name,
            configs=package.settings.configs,
            raw_configs=package.settings.raw_configs,
            quoting=package.settings.quoting,
            on_run_start=hook_inputs(
                package.settings.on_run_start, package.name, "on-run-start", world
            ),
            on_run_end=hook_inputs(package.settings.on_run_end, package.name, "on-run-end", world),
            is_access_restricted=package.settings.restrict_access,
            search_paths=package.settings.source_paths,
        )
        for package in workspace.packages
    )
    flags = workspace.flags
    return LinkInputs(
        files=files,
        packages=(*packages, *internal),
        root=workspace.name,
        dialect=dialect,
        database=credentials.database,
        schema=credentials.schema,
        naming=make_naming(world),
        templates=make_templates(world),
        flags=LinkFlags(
            require_resource_names_without_spaces=flags.require_resource_names_without_spaces,
            require_unique_project_resource_names=flags.require_unique_project_resource_names,
            require_ref_searches_node_package_before_root=(
                flags.require_ref_searches_node_package_before_root
            ),
            state_modified_compare_more_unrendered_values=(
                flags.state_modified_compare_more_unrendered_values
            ),
            store_failures=bool(loading.settings.flags.get("STORE_FAILURES")),
        ),
        today=time.strftime("%Y-%m-%d"),
        selectors=workspace.selectors,
    )
