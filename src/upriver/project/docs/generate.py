"""`docs generate`: compile, read the warehouse's catalog, and put the site beside both (CLI-80)."""

from __future__ import annotations

import os
import shutil

import msgspec

from upriver.graph.graph import Graph
from upriver.plan.decide import settled
from upriver.plan.methods import Material
from upriver.problems import Problem
from upriver.project.artifacts import artifact_metadata
from upriver.project.docs.bundle import write_site, write_static_site
from upriver.project.docs.catalog import documented, matched, places
from upriver.project.events import ArtifactWritten, BuildingCatalog, CatalogWritten
from upriver.project.execute import (
    Wanted,
    deferral_of,
    execute_verb,
    list_catalog,
    open_door,
    publish,
    setting_for,
)
from upriver.project.manifest_file import write_manifest
from upriver.project.memory import Memory
from upriver.project.opened import OpenedProject, with_project
from upriver.project.outcome import ExitCode, Outcome
from upriver.project.published_state import State
from upriver.project.requests import DocsGenerate
from upriver.project.resolve import Deferring
from upriver.project.selecting import select_for
from upriver.project.state_reading import asked_deferral, read_state
from upriver.resources.catalog import CatalogTable
from upriver.run.catalog import read_catalog
from upriver.run.report import Report
from upriver.state.publish import write_atomically
from upriver.state.wire.catalog import encode_catalog

_Tables = tuple[dict[str, CatalogTable], dict[str, CatalogTable]]


def _generate(opened: OpenedProject) -> Outcome:
    request = opened.request
    assert isinstance(request, DocsGenerate)  # noqa: S101 - the table of verbs
    if request.compile is not False:
        outcome = execute_verb(opened, Wanted(command="compile", selecting=request.selecting))
        if not outcome.is_success:
            return opened.outcome(ExitCode.ERROR, graph=outcome.graph, report=outcome.report)
        if outcome.report is None:
            opened.make_target_path()
            publish(opened, opened.load().graph, Report())
    else:
        opened.make_target_path()
        _keep_manifest(opened)
    tables, errors = (({}, {}), ()) if request.empty_catalog else _read(opened, request)
    path = os.path.join(opened.target_path, "catalog.json")
    metadata = artifact_metadata(opened.invocation)
    write_atomically(path, encode_catalog(*tables, metadata=metadata, errors=errors))
    for error in errors:
        opened.report((_failed(error),))
    opened.listener(CatalogWritten(path=path))
    _write_pages(opened, is_static=bool(request.static))
    exit_code = ExitCode.FAILURE if errors else ExitCode.SUCCESS
    return opened.outcome(exit_code, graph=opened.load().graph)


def _keep_manifest(opened: OpenedProject) -> None:
    """Leave the manifest of an earlier run, which may hold compiled code; make a missing one."""
    path = os.path.join(opened.target_path, "manifest.json")
    graph = opened.load().graph
    if not os.path.exists(path):
        write_manifest(opened.target_path, graph, opened.invocation, {}, Memory(opened.store))
        opened.listener(ArtifactWritten(path=path))


def _read(opened: OpenedProject, request: DocsGenerate) -> tuple[_Tables, tuple[str, ...]]:
    loaded = opened.load()
    graph = loaded.graph
    deferring = asked_deferral(opened, request.selecting)
    state = read_state(opened, deferring, graph)
    ids = documented(graph, _selected(opened, request, graph, state))
    opened.listener(BuildingCatalog())
    if not ids:
        return ({}, {}), ()
    deferral = deferral_of(_existing(deferring), state)
    door = open_door(opened)
    try:
        listed = list_catalog(opened, graph, ids, deferral, door)
        deferral = settled(deferral, ids, listed, {})
        wanted = places(graph, ids, listed, deferral)
        setting = setting_for(opened, door, graph, loaded)
        answer = read_catalog(setting, [one.relation for one in wanted], opened.say)
    finally:
        door.close()
    return matched(wanted, answer.tables), answer.errors


def _existing(deferring: Deferring) -> Deferring:
    """Return deferral that asks what exists: the catalog describes copies that are there."""
    if deferring.policy is None:
        return deferring
    return msgspec.structs.replace(deferring, policy="exists")


def _selected(
    opened: OpenedProject, request: DocsGenerate, graph: Graph, state: State
) -> frozenset[str] | None:
    selecting = request.selecting
    if not (selecting.select or selecting.exclude or selecting.selector):
        return None
    material = Material(
        graph=graph,
        comparison=state.comparison,
        results=state.results,
        fresher_sources=state.fresher,
        state_path=state.path,
    )
    selected, problems = select_for("ls", selecting, opened.workspace, material)
    opened.require(problems)
    return frozenset() if selected is None else selected.selection.ids


def _failed(error: str) -> Problem:
    return Problem(
        code="catalog-failed",
        message=f"The warehouse's catalog could not be read: {error}",
        hint="The rest of the site is written; `--empty-catalog` does without a warehouse",
    )


def _write_pages(opened: OpenedProject, *, is_static: bool) -> None:
    target = opened.target_path
    opened.listener(ArtifactWritten(path=write_site(target)))
    for folder in opened.workspace.settings.asset_paths:
        source = os.path.join(opened.workspace.root, folder)
        if os.path.isdir(source):
            shutil.copytree(source, os.path.join(target, folder), dirs_exist_ok=True)
    if is_static:
        opened.listener(ArtifactWritten(path=write_static_site(target)))


docs_generate = with_project("generate", _generate)
