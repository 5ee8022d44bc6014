"""Property YAML: one file to patches, sources and definitions, each mistake a problem.

Entries are independent: one that cannot be used is left out and reported, the others stand.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from upriver.digest import digest_text
from upriver.jinja.native import has_jinja
from upriver.jinja.world import World
from upriver.parse.entries.exposures import read_exposure, read_group
from upriver.parse.entries.macros import read_macro
from upriver.parse.entries.nodes import read_node
from upriver.parse.entries.reader import Keys, Reader
from upriver.parse.entries.shape import type_words
from upriver.parse.entries.sources import read_source
from upriver.parse.entries.unit_tests import read_unit_test
from upriver.resources.definitions import Definition, ParsedFile, PatchKind
from upriver.resources.files import SourceFile
from upriver.workspace.yaml import load_yaml, with_text_keys


def _read_semantic(reader: Reader, raw: Any, keys: Keys) -> Definition | None:
    """Read an entry of the semantic layer."""
    # Loaded only where there is one.
    from upriver.parse.entries.semantic.metrics import read_metric, read_saved_query
    from upriver.parse.entries.semantic.models import read_semantic_model

    match keys[0]:
        case "metrics":
            return read_metric(reader, raw, keys)
        case "saved_queries":
            return read_saved_query(reader, raw, keys)
        case _:
            return read_semantic_model(reader, raw, keys)


_NODES: dict[str, PatchKind] = {
    "models": "model",
    "seeds": "seed",
    "snapshots": "snapshot",
    "analyses": "analysis",
    "data_tests": "test",
    "functions": "function",
}
_OTHERS: dict[str, Callable[[Reader, Any, Keys], Definition | None]] = {
    "macros": read_macro,
    "exposures": read_exposure,
    "groups": read_group,
    "unit_tests": read_unit_test,
    "metrics": _read_semantic,
    "semantic_models": _read_semantic,
    "saved_queries": _read_semantic,
}


_BLOCK = re.compile(r"[|>][-+0-9]*[ \t]*(?:#.*)?$", re.MULTILINE)
"""Begins a block of text, which ends in a newline."""


def _has_block(text: str) -> bool:
    """Whether a value is a block of text; descriptions, which most are, are rendered later."""
    for match in _BLOCK.finditer(text):
        line = text[text.rfind("\n", 0, match.start()) + 1 : match.start()]
        if not line.lstrip(" -").startswith("description"):
            return True
    return False


def parse_properties(file: SourceFile, text: str, world: World) -> ParsedFile:
    """Read a property file; what is wrong is left out and reported, the rest is kept."""
    document = load_yaml(text, file.path)
    reader = Reader(file, world, renders=has_jinja(text) or _has_block(text))
    definitions: list[Definition] = []
    if isinstance(document.value, dict):
        value = document.value if document.is_textual else with_text_keys(document.value)
        definitions = _read_document(reader, value)
    elif document.value is not None:
        reader.report(
            "property-file-not-mapping",
            f"`{file.path}` must be a mapping, and is {type_words(document.value)}",
            (),
            hint="Begin with `models:`, `sources:` or another kind",
        )
    _report_legacy_arguments(reader)
    return ParsedFile(
        file_id=file.id,
        package=file.package,
        path=file.path,
        checksum=digest_text(text.strip()),
        definitions=tuple(definitions),
        problems=(*document.problems, *reader.problems),
    )


def _read_document(reader: Reader, document: dict[Any, Any]) -> list[Definition]:
    """Read the known keys in the order they are written; others are ignored (PROJ-164)."""
    definitions: list[Definition] = []
    for key, listed in document.items():
        if key in _NODES or key in _OTHERS or key == "sources":
            if isinstance(listed, list):
                _read_list(reader, key, listed, definitions)
            else:
                _report_no_list(reader, key, listed)
    return definitions


def _read_list(reader: Reader, key: str, listed: list[Any], definitions: list[Definition]) -> None:
    if key == "sources":
        for index, raw in enumerate(listed):
            definitions.extend(read_source(reader, raw, (key, index)))
        return
    kind = _NODES.get(key)
    for index, raw in enumerate(listed):
        if kind is not None:
            definition: Definition | None = read_node(reader, raw, kind, (key, index))
        else:
            definition = _OTHERS[key](reader, raw, (key, index))
        if definition is not None:
            definitions.append(definition)


def _report_no_list(reader: Reader, key: str, value: Any) -> None:
    hint = f"Write each entry as `- name: ...` below `{key}:`"
    if value is None:
        hint = f"Remove `{key}:`, or add an entry `- name: ...` below it"
    reader.report(
        "property-type", f"`{key}` must be a list, and is {type_words(value)}", (key,), hint=hint
    )


def _report_legacy_arguments(reader: Reader) -> None:
    """Report tests with arguments outside `arguments:`, once per file (PROJ-198)."""
    if not reader.legacy_arguments or not reader.nests_arguments:
        return
    count = len(reader.legacy_arguments)
    reader.report(
        "test-arguments-not-nested",
        f"{count} test{'s' if count > 1 else ''} of `{reader.path}` "
        f"give{'' if count > 1 else 's'} arguments outside `arguments`, which is deprecated",
        reader.legacy_arguments[0],
        hint="Indent the arguments of a test below `arguments:`",
        severity="warning",
        event="MissingArgumentsPropertyInGenericTestDeprecation",
    )
