"""Exposures and groups: entries that own something (PROJ-156, PROJ-160, PROJ-251)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from upriver.parse.entries import shape
from upriver.parse.entries.reader import Keys, Reader
from upriver.parse.entries.reference import read_call
from upriver.resources.calls import Facts, RefCall, SourceCall
from upriver.resources.definitions import YamlDefinition

_EXPOSURE: shape.Shape = {
    "name": shape.TEXT,
    "type": shape.TEXT,
    "owner": shape.MAPPING,
    "description": shape.TEXT,
    "label": shape.OPTIONAL_TEXT,
    "maturity": shape.OPTIONAL_TEXT,
    "url": shape.OPTIONAL_TEXT,
    "depends_on": shape.LIST,
    "tags": shape.LIST,
    "meta": shape.MAPPING,
    "config": shape.MAPPING,
}
_GROUP: shape.Shape = {
    "name": shape.TEXT,
    "owner": shape.MAPPING,
    "description": shape.OPTIONAL_TEXT,
    "config": shape.MAPPING,
}
_TYPES = ("dashboard", "notebook", "analysis", "ml", "application")
_MATURITIES = ("low", "medium", "high")
_WORD = re.compile(r"\w+")


def read_exposure(reader: Reader, raw: Any, keys: Keys) -> YamlDefinition | None:
    """Read one exposure."""
    checked = _read(reader, raw, keys, _EXPOSURE, "An exposure")
    if checked is None:
        return None
    name, known = checked
    is_typed = _require(reader, known, ("type",), keys, "An exposure")
    if is_typed and not reader.one_of("type", known["type"], _TYPES, keys):
        is_typed = False
    maturity = known.get("maturity")
    if maturity is not None and not reader.one_of("maturity", maturity, _MATURITIES, keys):
        del known["maturity"]
    if not _has_owner(reader, known, keys, "An exposure") or not is_typed:
        return None
    if _WORD.fullmatch(name) is None:
        reader.report(
            "exposure-name-deprecated",
            f"The name `{name}` of an exposure should have letters, digits and underscores only",
            (*keys, "name"),
            hint="Put the words into `label`",
            severity="warning",
            event="ExposureNameDeprecation",
        )
    if "tags" in known:
        known["tags"] = list(reader.texts("tags", known["tags"], keys))
    facts = _read_dependencies(reader, known.pop("depends_on", []), keys)
    return _definition(reader, "exposure", name, known, raw, facts, keys)


def read_group(reader: Reader, raw: Any, keys: Keys) -> YamlDefinition | None:
    """Read one group."""
    checked = _read(reader, raw, keys, _GROUP, "A group")
    if checked is None:
        return None
    name, known = checked
    if not _has_owner(reader, known, keys, "A group"):
        return None
    return _definition(reader, "group", name, known, raw, Facts(), keys)


def _read(
    reader: Reader, raw: Any, keys: Keys, rules: shape.Shape, what: str
) -> tuple[str, dict[str, Any]] | None:
    if reader.name_of(raw, keys, what) is None:
        return None
    item = reader.render(raw, keys, _is_left_alone)
    name = reader.name_of(item, keys, what)
    if name is None:
        return None
    known, unknown = reader.fields(item, rules, keys)
    if unknown:
        reader.refuse_unknown(unknown, rules, keys, what)
    return name, known


def _is_left_alone(keys: Keys) -> bool:
    return keys[:1] in (("description",), ("depends_on",))


def _require(
    reader: Reader, known: Mapping[str, Any], names: tuple[str, ...], keys: Keys, what: str
) -> bool:
    missing = [name for name in names if name not in known]
    for name in missing:
        reader.report("property-missing", f"{what} needs `{name}`", keys)
    return not missing


def _has_owner(reader: Reader, known: Mapping[str, Any], keys: Keys, what: str) -> bool:
    if not _require(reader, known, ("owner",), keys, what):
        return False
    owner = known["owner"]
    if owner.get("name") is not None or owner.get("email") is not None:
        return True
    reader.report(
        "owner-unnamed",
        f"The owner of {what[0].lower()}{what[1:]} has neither `name` nor `email`",
        (*keys, "owner"),
        hint="Add `name: ...` or `email: ...` under `owner`",
    )
    return False


def _read_dependencies(reader: Reader, listed: list[Any], keys: Keys) -> Facts:
    refs: list[RefCall] = []
    sources: list[SourceCall] = []
    metrics: dict[RefCall, None] = {}
    for index, text in enumerate(listed):
        place = (*keys, "depends_on", index)
        if not isinstance(text, str):
            reader.wrong_type("depends_on", text, "a list of texts", place)
            continue
        match read_call(text.strip().removeprefix("{{").removesuffix("}}")):
            case ("ref", RefCall() as call):
                refs.append(call)
            case ("metric", RefCall() as call):
                metrics[call] = None
            case ("source", SourceCall() as source):
                sources.append(source)
            case _:
                reader.report(
                    "exposure-dependency-unreadable",
                    f"`{text}` is neither a `ref`, a `source` nor a `metric`",
                    place,
                    hint="Write `ref('model')`, `source('source', 'table')` or `metric('name')`",
                    severity="warning",
                )
    return Facts(refs=tuple(refs), sources=tuple(sources), metrics=tuple(metrics))


def _definition(
    reader: Reader,
    kind: Any,
    name: str,
    known: dict[str, Any],
    raw: Mapping[str, Any],
    facts: Facts,
    keys: Keys,
) -> YamlDefinition:
    return YamlDefinition(
        kind=kind,
        name=name,
        package=reader.package,
        path=reader.path,
        body=known,
        raw_body={key: raw[key] for key in known},
        facts=facts,
        keys=keys,
    )
