"""Parsing and linking: everything, or only what changed, with what is remembered of the rest."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping

import msgspec

from upriver.adapters.macro_files import builtin_macro_files
from upriver.digest import digest_text
from upriver.graph.graph import Graph
from upriver.graph.inputs import LinkFlags, LinkInputs, PackageInput
from upriver.graph.link import FileChange, Linked, link, relink
from upriver.jinja.macro_table import MacroTable
from upriver.jinja.world import World
from upriver.parse.file import needs_text, parse_file
from upriver.problems import Problem, has_errors
from upriver.project.compiled_macros import keep_parsed, read_parsed
from upriver.project.loading import (
    BODY_KINDS,
    LINKING_FLAGS,
    Counts,
    Listing,
    Loaded,
    Loading,
    internal_packages,
    macro_table,
    parse_world,
)
from upriver.project.memory import RACE_NS, Memory, ParsedRow, Snapshot, Stamp, file_key, stamp_of
from upriver.project.recorder import UNMEMORABLE, Answers, Recorder
from upriver.project.templates import hook_inputs, make_naming, make_templates
from upriver.resources.definitions import ParsedFile
from upriver.resources.files import SourceFile
from upriver.resources.macro import Macro
from upriver.workspace.discover import read_text

_MACRO_KINDS = frozenset({"macro", "generic_test"})

Find = Callable[[SourceFile], ParsedRow | None]


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What is worth remembering of one load."""

    rows: Mapping[str, ParsedRow]
    linked: Linked
    problems: tuple[Problem, ...]
    questions: Mapping[str, str]
    """With the digests of their answers."""
    is_memorable: bool = True


def link_changed(
    loading: Loading,
    snapshot: Snapshot,
    listing: Listing,
    modified: tuple[SourceFile, ...],
    graph: Graph,
    problems: tuple[Problem, ...],
    table: Callable[[], MacroTable],
) -> Loaded | None:
    """Parse files whose bodies changed and link their resources alone; None if that cannot do."""
    memory = loading.memory
    names = memory.names()
    world = parse_world(loading, table())
    again = None if names is None else _parse_again(memory, modified, world)
    if names is None or again is None:
        return None
    rows, before = again
    modified = tuple(file for file in modified if file_key(file) in rows)
    if not rows:
        return _standing(loading, listing, graph, problems, table)
    if any(file.kind not in BODY_KINDS for file in modified):
        return None
    changes = tuple(
        FileChange(
            before=before[key].parsed,
            after=row.parsed,
            properties=_properties_of(memory, graph, before[key].parsed),
        )
        for key, row in rows.items()
    )
    recorder = Recorder(world)
    linked = relink(graph, names, _link_inputs(loading, (), recorder), changes)
    if linked is None or has_errors(linked.problems):
        return None
    questions = snapshot.questions | _all_questions(rows, recorder, Answers(world))
    kept = _kept_problems(problems, modified, linked.problems)
    outcome = Outcome(rows=rows, linked=linked, problems=kept, questions=questions)
    memory.forget_snapshot()
    memory.put_parsed(rows)
    memory.put_changes(
        graph,
        linked.graph,
        kept,
        None if linked.names is names else linked.names,
        _changed(graph, linked.graph, rows),
    )
    memory.put_snapshot(
        msgspec.structs.replace(
            snapshot,
            stamps=tuple(stamp_of(file) for file in listing.files),
            listed_ns=listing.listed_ns,
            questions=questions,
            volatile=(*(set(snapshot.volatile) - rows.keys()), *_volatile(rows)),
        )
    )
    counts = Counts(files=len(listing.files), parsed=len(rows), way="relinked")
    return _loaded(loading, listing, outcome, table, counts)


def _parse_again(
    memory: Memory, files: tuple[SourceFile, ...], world: World
) -> tuple[dict[str, ParsedRow], dict[str, ParsedRow]] | None:
    """Return what became another, and what that was before; None if a file cannot be parsed."""
    known = {file_key(file): memory.parsed_row(file_key(file)) for file in files}
    before = {key: row for key, row in known.items() if row is not None}
    if len(before) < len(known):
        return None
    rows, unread = _parse_all(files, world)
    if unread or any(has_errors(row.parsed.problems) for row in rows.values()):
        return None
    return {key: row for key, row in rows.items() if not _is_same(row, before[key])}, before


def _volatile(rows: Mapping[str, ParsedRow]) -> set[str]:
    return {key for key, row in rows.items() if UNMEMORABLE in row.questions}


def _is_same(row: ParsedRow, before: ParsedRow) -> bool:
    """Whether a file that was parsed again gave what it gave before, from the same text."""
    return row.stamp == before.stamp and row.parsed == before.parsed


def _standing(
    loading: Loading,
    listing: Listing,
    graph: Graph,
    problems: tuple[Problem, ...],
    table: Callable[[], MacroTable],
) -> Loaded:
    """Return the remembered graph: what was parsed again is as it was."""
    return Loaded(
        graph=graph,
        problems=problems,
        macros=table,
        settings=loading.settings,
        counts=Counts(files=len(listing.files), parsed=0, way="remembered"),
        files=listing.files,
    )


def _changed(before: Graph, after: Graph, rows: Mapping[str, ParsedRow]) -> set[str]:
    paths = {(row.parsed.package, row.parsed.path) for row in rows.values()}
    return {
        unique_id
        for unique_id, entry in after.entries.items()
        if entry is not before.entries.get(unique_id)
        or (entry.package, entry.original_file_path) in paths
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


def link_all(loading: Loading, snapshot: Snapshot | None, listing: Listing) -> Loaded:
    """Parse every file whose remembered parse does not hold, and link them all."""
    remembered = loading.memory.parsed_rows() if snapshot is not None else {}
    limit = snapshot.listed_ns if snapshot is not None else 0
    internal = _builtin_macros(loading, listing.builtins)
    macro_files = [file for file in listing.files if file.kind in _MACRO_KINDS]
    rest = [file for file in listing.files if file.kind not in _MACRO_KINDS]
    bare = parse_world(loading, macro_table(loading, internal))
    rows, unread = _parse_all(macro_files, bare, _unchanged(remembered, limit))
    own = tuple(macro for row in rows.values() for macro in row.parsed.macros)
    world = parse_world(loading, macro_table(loading, (*internal, *own)))
    answers = Answers(world)
    more, more_unread = _parse_all(rest, world, _holding(remembered, snapshot, answers, limit))
    rows.update(more)
    recorder = Recorder(world)
    parsed = _in_load_order(internal, rows, listing.files)
    linked = link(_link_inputs(loading, parsed, recorder))
    file_problems = tuple(problem for file in parsed for problem in file.problems)
    outcome = Outcome(
        rows=rows,
        linked=linked,
        problems=(*unread, *more_unread, *file_problems, *linked.problems),
        questions=_all_questions(rows, recorder, answers),
        is_memorable=recorder.is_memorable,
    )
    _remember_all(loading.memory, listing, outcome)
    reused = sum(1 for name, row in rows.items() if remembered.get(name) is row)
    counts = Counts(files=len(listing.files), parsed=len(rows) - reused, way="linked")
    table = macro_table(loading, tuple(linked.graph.macros.values()))
    return _loaded(loading, listing, outcome, lambda: table, counts)


def _unchanged(remembered: Mapping[str, ParsedRow], limit: int) -> Find:
    """Return a look-up of remembered parses by stamp."""

    def find(file: SourceFile) -> ParsedRow | None:
        row = remembered.get(file_key(file))
        is_old = file.mtime_ns < limit - RACE_NS
        return row if row is not None and is_old and row.stamp == stamp_of(file) else None

    return find


def _holding(
    remembered: Mapping[str, ParsedRow], snapshot: Snapshot | None, answers: Answers, limit: int
) -> Find:
    """Return a look-up of remembered parses whose file and answers are the same."""
    unchanged = _unchanged(remembered, limit)
    before = {} if snapshot is None else snapshot.questions
    stale = {question for question, digest in before.items() if answers.digest(question) != digest}

    def find(file: SourceFile) -> ParsedRow | None:
        row = unchanged(file)
        if row is None or not stale.isdisjoint(row.questions):
            return None
        return row if all(question in before for question in row.questions) else None

    return find


def _parse_all(
    files: Iterable[SourceFile], world: World, find: Find = lambda _: None
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
            row = ParsedRow(stamp_of(file), parsed, recorder.trace())
        rows[file_key(file)] = row
    return rows, tuple(unread)


def _in_load_order(
    internal: tuple[Macro, ...], rows: Mapping[str, ParsedRow], files: tuple[SourceFile, ...]
) -> tuple[ParsedFile, ...]:
    builtin = ParsedFile(file_id="builtin", package="dbt", path="", checksum="", macros=internal)
    keys = (file_key(file) for file in files)
    return (builtin, *(rows[key].parsed for key in keys if key in rows))


def _all_questions(
    rows: Mapping[str, ParsedRow], recorder: Recorder, answers: Answers
) -> dict[str, str]:
    questions: dict[str, None] = dict(recorder.questions)
    for row in rows.values():
        questions.update(dict.fromkeys(row.questions))
    questions.pop(UNMEMORABLE, None)
    return answers.digests(questions)


def _remember_all(memory: Memory, listing: Listing, outcome: Outcome) -> None:
    if not memory.store.is_open:
        return
    rows = outcome.rows
    has_graph = outcome.is_memorable and not has_errors(outcome.problems)
    memory.forget_snapshot()
    memory.forget_meanings()
    memory.put_all_parsed(rows)
    if has_graph:
        memory.put_graph(outcome.linked.graph, outcome.linked.names, outcome.problems)
    else:
        # The file is of a graph that this one is not compared with.
        memory.put_manifest_row(None)
    memory.put_snapshot(
        Snapshot(
            listing.settings_key,
            listing.builtins,
            _stamps(listing.files, rows),
            listing.listed_ns,
            dict(outcome.questions),
            has_graph,
            tuple(_volatile(rows)),
        )
    )


def _stamps(files: tuple[SourceFile, ...], rows: Mapping[str, ParsedRow]) -> tuple[Stamp, ...]:
    """Return the stamps of all files; those of the files that were read are at hand."""
    found = (rows.get(file_key(file)) for file in files)
    return tuple(
        stamp_of(file) if row is None else row.stamp
        for file, row in zip(files, found, strict=True)
    )


def _loaded(
    loading: Loading,
    listing: Listing,
    outcome: Outcome,
    table: Callable[[], MacroTable],
    counts: Counts,
) -> Loaded:
    return Loaded(
        graph=outcome.linked.graph,
        problems=outcome.problems,
        macros=table,
        settings=loading.settings,
        counts=counts,
        files=listing.files,
    )


def _builtin_macros(loading: Loading, version: str) -> tuple[Macro, ...]:
    found = loading.memory.builtin_macros(version)
    if found is not None:
        return found
    dialect = loading.settings.dialect
    stamp = (version, loading.memory.store.stamp)
    kept: tuple[Macro, ...] | None = read_parsed(dialect.type, stamp) if stamp[1] else None
    if kept is not None:
        loading.memory.put_builtin_macros(version, kept)
        return kept
    world = parse_world(loading, macro_table(loading, ()))
    macros: list[Macro] = []
    for package, path, text in builtin_macro_files(dialect.type, dialect.parents):
        file = SourceFile(
            package=package, kind="macro", path=path, search_path="macros", absolute="",
            size=len(text), mtime_ns=0, inode=0,
        )  # fmt: skip
        macros.extend(parse_file(file, text, world).macros)
    loading.memory.put_builtin_macros(version, tuple(macros))
    if stamp[1]:
        keep_parsed(dialect.type, stamp, tuple(macros))
    return tuple(macros)


def _link_inputs(loading: Loading, files: tuple[ParsedFile, ...], world: World) -> LinkInputs:
    workspace = loading.workspace
    assert workspace.profile is not None  # noqa: S101 - loading needs a profile
    credentials = workspace.profile.credentials
    settings = loading.settings
    internal = tuple(
        PackageInput(name=name, is_internal=True) for name in internal_packages(settings)
    )
    flags = workspace.flags
    return LinkInputs(
        files=files,
        packages=(*_package_inputs(loading, world), *internal),
        root=workspace.name,
        dialect=settings.dialect,
        database=credentials.database,
        schema=credentials.schema,
        naming=make_naming(world),
        templates=make_templates(world),
        flags=LinkFlags(
            **{name: getattr(flags, name) for name in LINKING_FLAGS},
            store_failures=bool(settings.flags.get("STORE_FAILURES")),
        ),
        dispatch={d.macro_namespace: d.search_order for d in workspace.settings.dispatch},
        today=time.strftime("%Y-%m-%d"),
        selectors=workspace.selectors,
    )


def _package_inputs(loading: Loading, world: World) -> tuple[PackageInput, ...]:
    return tuple(
        PackageInput(
            name=package.name,
            directory=_directory(loading.workspace.root, package.root),
            project_checksum=_checksum(package.root),
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
        for package in loading.workspace.packages
    )


def _directory(root: str, package_root: str) -> str:
    """Return where a package lies, relative to the project root; empty for the root itself."""
    relative = os.path.relpath(package_root, root).replace(os.sep, "/")
    return "" if relative == "." else relative


def _checksum(package_root: str) -> str:
    with open(os.path.join(package_root, "dbt_project.yml"), encoding="utf-8-sig") as file:
        return digest_text(file.read().strip())
