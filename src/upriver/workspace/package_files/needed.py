"""What a project needs to be there before it can be loaded: its declarations, in few words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from upriver.problems import Problem, Span
from upriver.workspace.package_files.addresses import shown
from upriver.workspace.package_files.declared import PACKAGES_FILE, read_declarations, texts_of
from upriver.workspace.package_files.specs import (
    Entry,
    GitSpec,
    LocalSpec,
    TarballSpec,
    label_of,
)


class Declared(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of `packages:` (PROJ-48..52)."""

    label: str
    """What the entry names: a hub name, a URL or a path."""
    likely_name: str
    """The project name it most likely has, from the label's last part."""
    local: str | None = None
    span: Span


def needed_packages(
    root: Path, names: Mapping[str, Any], label: Callable[[str], str]
) -> tuple[tuple[Declared, ...], tuple[Problem, ...]]:
    """Read what a project declares; `label` says what a file is called in problems."""
    found, problems = read_declarations(texts_of(root), names, label)
    return tuple(_declared(entry) for entry in found.entries), problems


def _declared(entry: Entry) -> Declared:
    spec = entry.spec
    label = label_of(spec)
    named = label
    if isinstance(spec, GitSpec):
        named = spec.subdirectory or spec.git
    elif isinstance(spec, TarballSpec):
        named = spec.name
    last = named.rstrip("/").removesuffix(".git").rpartition("/")[2]
    return Declared(
        label=shown(label),
        likely_name=last.replace("-", "_"),
        local=spec.local if isinstance(spec, LocalSpec) else None,
        span=entry.span or Span(file=PACKAGES_FILE),
    )
