"""`selectors` of a manifest: named selectors with every criterion spelled out (ART-28).

Words of the short form (`tag:nightly+`) become mappings, and a selector that names another one is
replaced by what that one means. What a criterion excludes of itself stays as written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_WORD = re.compile(
    r"^(?P<childrens_parents>@)?(?P<parents>(?P<parents_depth>\d*)\+)?"
    r"(?:(?P<method>[\w.]+):)?(?P<value>.*?)"
    r"(?P<children>\+(?P<children_depth>\d*))?$",
    re.DOTALL,
)
_FILE_SUFFIXES = (".sql", ".py", ".csv")


def selector_values(selectors: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the entries of `selectors.yml` as a manifest holds them, by name.

    A value is a whole entry, or the definition alone.
    """
    values: dict[str, dict[str, Any]] = {}
    for name, raw in selectors.items():
        is_entry = isinstance(raw, dict) and "definition" in raw
        entry: dict[str, Any] = raw if is_entry else {"definition": raw}
        definition = _spell_out(entry["definition"], values)
        values[name] = {"name": name, **entry, "definition": definition}
    return values


def _spell_out(definition: Any, known: Mapping[str, dict[str, Any]]) -> Any:
    if isinstance(definition, str):
        return _criterion(definition)
    if not isinstance(definition, dict):
        return definition
    for key in ("union", "intersection", "exclude"):
        if set(definition) == {key} and isinstance(definition[key], list):
            return {key: [_spell_out(item, known) for item in definition[key]]}
    if "method" not in definition and len(definition) == 1:
        [(method, value)] = definition.items()
        return {"method": method, "value": value}
    if definition.get("method") == "selector" and definition.get("value") in known:
        return known[definition["value"]]["definition"]
    return definition


def _criterion(word: str) -> dict[str, Any]:
    """Spell one word out, in the order dbt writes its keys."""
    # The pattern matches every text, if need be with the whole of it as the value.
    parts = next(_WORD.finditer(word)).groupdict()
    criterion: dict[str, Any] = {}
    if parts["childrens_parents"]:
        criterion["childrens_parents"] = True
    if parts["parents"]:
        criterion["parents"] = True
        if parts["parents_depth"]:
            criterion["parents_depth"] = parts["parents_depth"]
    criterion["method"] = parts["method"] or _implied_method(parts["value"])
    criterion["value"] = parts["value"]
    if parts["children"]:
        criterion["children"] = True
        if parts["children_depth"]:
            criterion["children_depth"] = parts["children_depth"]
    return criterion


def _implied_method(value: str) -> str:
    if "/" in value or "\\" in value:
        return "path"
    return "file" if value.lower().endswith(_FILE_SUFFIXES) else "fqn"
