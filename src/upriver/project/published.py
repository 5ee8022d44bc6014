"""State named by the user: the baseline to defer to, and what selectors compare with."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path

import msgspec

from upriver.graph.graph import Graph
from upriver.problems import Problem
from upriver.project.published_state import State
from upriver.project.resolve import Deferring
from upriver.project.store import Store
from upriver.state.baseline import (
    Baseline,
    check_baseline,
    decode_index,
    describe,
    encode_index,
    load_baseline,
)
from upriver.state.compare import Comparison
from upriver.state.layers import Layer, layered
from upriver.state.remote.address import secret_free
from upriver.state.run_results import fresher_sources, load_run_results, load_sources


def load_state(
    deferring: Deferring,
    graph: Graph,
    store: Store,
    *,
    target_path: str,
    root: str,
    more_unrendered: bool,
    names: Mapping[str, str] = {},
    constraint_support: Mapping[str, str] | None = None,
) -> tuple[State, tuple[Problem, ...]]:
    """Read the artifacts; a missing file is only an error where it is needed (deferral.md 4).

    `names` tells what directories are called that stand for other places.
    """
    problems: list[Problem] = []
    compared = _baseline(deferring.state, store, problems)
    if deferring.baseline == deferring.state:
        deferred = compared
    else:
        deferred = _baseline(deferring.baseline, store, problems)
    if deferring.policy is None:
        deferred = None
    facts = graph.facts
    layers = _layers(deferring, store, (root, names), problems)
    if layers:
        for layer in layers:
            project, adapter = facts.project_name, facts.adapter_type
            problems.extend(check_baseline(layer.baseline, project, adapter))
        deferred = layered(layers)
    elif deferred is not None:
        problems.extend(check_baseline(deferred, facts.project_name, facts.adapter_type))
    elif compared is not None:
        # dbt compares with anything; then everything is new.
        found = check_baseline(compared, facts.project_name, facts.adapter_type)
        problems.extend(msgspec.structs.replace(p, severity="warning") for p in found)
    results, fresher = _past(deferring.state, target_path, problems)
    if deferring.state is not None and os.path.normpath(deferring.state) == os.path.normpath(
        target_path
    ):
        problems.append(_same_directory(deferring.state))
    state = State(
        baseline=deferred,
        comparison=None
        if compared is None
        else Comparison(
            graph,
            compared,
            more_unrendered=more_unrendered,
            constraint_support=constraint_support,
        ),
        compared=compared,
        results=results,
        fresher=fresher,
        path=deferring.state,
        line=_lines(layers) or (None if deferred is None else _line(deferred, root, names)),
        layers=layers,
    )
    return state, tuple(problems)


def _layers(
    deferring: Deferring,
    store: Store,
    shown: tuple[str, Mapping[str, str]],
    problems: list[Problem],
) -> tuple[Layer, ...]:
    """Read several states; one that is not there yet is passed over with a warning.

    A single one that is left is a layer all the same, so that reasons name it.
    """
    if deferring.policy is None:
        return ()
    found: list[Layer] = []
    for path in deferring.layers:
        baseline = _baseline(path, store, problems)
        if baseline is None:
            problems.append(_passed_over(path))
            continue
        line = _line(baseline, *shown)
        place = Path(baseline.origin.location).parent
        name = shown[1].get(str(place)) or line.partition(" (")[0].partition(" @")[0]
        found.append(Layer(name=_unlike(name, found), line=line, baseline=baseline))
    return tuple(found)


def _unlike(name: str, others: list[Layer]) -> str:
    """Return a name that tells a layer from the others."""
    taken = {layer.name for layer in others}
    return name if name not in taken else f"{name} ({len(others) + 1})"


def _lines(layers: tuple[Layer, ...]) -> str | None:
    return ", then ".join(layer.line for layer in layers) or None


def _passed_over(path: str) -> Problem:
    return Problem(
        code="state-layer-missing",
        severity="warning",
        message=f"The state `{secret_free(path)}` has no manifest and is passed over; the next"
        " one is used",
    )


def _line(baseline: Baseline, root: str, names: Mapping[str, str]) -> str:
    """Return where the baseline is, from the project if it is inside, its commit and age."""
    place = Path(baseline.origin.location).parent
    shown = names.get(str(place)) or (
        place.relative_to(root) if place.is_relative_to(root) else place
    )
    origin = msgspec.structs.replace(baseline.origin, location=str(shown))
    if str(shown).startswith("git:"):
        # The manifest was made just now; the commit says how old the project is.
        origin = msgspec.structs.replace(origin, generated_at=None)
    return describe(origin, time.time())


def _same_directory(path: str) -> Problem:
    return Problem(
        code="state-is-target",
        severity="warning",
        message=f"The state and target directories are the same: `{path}`; the state is"
        " overwritten by this run",
        hint="Copy the artifacts to another directory and pass that to `--state`",
        event="WarnStateTargetEqual",
    )


def _baseline(path: str | None, store: Store, problems: list[Problem]) -> Baseline | None:
    """Read a manifest, or the index remembered of it under the file's stamp."""
    if path is None:
        return None
    key = manifest_stamp(path)
    if key is None:
        return None
    data = store.get("baseline", key)
    if data is not None:
        remembered = decode_index(data)
        if remembered is not None:
            return remembered
    baseline, found = load_baseline(path)
    problems.extend(found)
    if baseline is not None:
        store.put([("baseline", key, encode_index(baseline))])
    return baseline


def manifest_path(path: str) -> str:
    """Return the manifest of a state: the file itself, or the one in the directory."""
    return path if os.path.isfile(path) else os.path.join(path, "manifest.json")


def manifest_stamp(path: str) -> str | None:
    """Return what tells an unchanged manifest apart without reading it; None without one."""
    file = manifest_path(path)
    try:
        stat = os.stat(file)
    except OSError:
        return None
    return f"{os.path.abspath(file)}:{stat.st_size}:{stat.st_mtime_ns}:{stat.st_ino}"


def _past(
    path: str | None, target_path: str, problems: list[Problem]
) -> tuple[Mapping[str, str] | None, frozenset[str] | None]:
    if path is None:
        return None, None
    run, found = load_run_results(path)
    problems.extend(found)
    previous, found = load_sources(path)
    problems.extend(found)
    fresher = None
    if previous is not None:
        current, found = load_sources(target_path)
        problems.extend(found)
        if current is not None:
            fresher = frozenset(fresher_sources(current, previous))
    results = None if run is None else {i: r.status for i, r in run.results.items()}
    return results, fresher
