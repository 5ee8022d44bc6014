"""`parse`: read the project and write its manifest (CLI-51)."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterable
from typing import Any

import msgspec

from upriver.project.build_store import published_builds
from upriver.project.events import ArtifactWritten
from upriver.project.loading import Loaded
from upriver.project.manifest_file import write_manifest
from upriver.project.memory import Memory
from upriver.project.opened import OpenedProject, with_project
from upriver.project.outcome import Outcome
from upriver.resources.files import SourceFile
from upriver.state.publish import write_atomically


def _parse(opened: OpenedProject) -> Outcome:
    started = time.perf_counter()
    loaded = opened.load()
    elapsed = time.perf_counter() - started
    if opened.workspace.flags.write_json:
        path = write_manifest(
            opened.target_path,
            loaded.graph,
            opened.invocation,
            {},
            Memory(opened.store),
            published_builds(opened, loaded.graph),
        )
        opened.listener(ArtifactWritten(path=path))
        path = os.path.join(opened.target_path, "perf_info.json")
        write_atomically(path, _performance(opened, loaded, elapsed))
        opened.listener(ArtifactWritten(path=path))
    return opened.outcome(graph=loaded.graph)


def _performance(opened: OpenedProject, loaded: Loaded, elapsed: float) -> bytes:
    """Return what `perf_info.json` says (ART-8): dbt's keys, as far as they mean anything here.

    Phases overlap, and what was remembered is not read again, so that only the whole is timed.
    """
    flags = opened.workspace.flags
    by_package: dict[str, list[SourceFile]] = {}
    for file in loaded.files:
        by_package.setdefault(file.package, []).append(file)
    info = {
        "path_count": loaded.counts.files,
        "parsed_path_count": loaded.counts.parsed,
        "is_partial_parse_enabled": flags.partial_parse,
        "is_static_analysis_enabled": flags.static_parser,
        "load_all_elapsed": elapsed,
        "projects": [
            {
                "project_name": package,
                "parsers": _parsers(files),
                "parsed_path_count": len(files),
            }
            for package, files in by_package.items()
        ],
    }
    return msgspec.json.format(msgspec.json.encode(info), indent=4)


def _parsers(files: Iterable[SourceFile]) -> list[dict[str, Any]]:
    counted = Counter(file.kind for file in files)
    return [{"parser": kind, "parsed_path_count": count} for kind, count in counted.items()]


parse = with_project("parse", _parse)
