"""Adding an entry to a package file, leaving comments and layout as they are (CLI-52)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from upriver.workspace.package_files.addresses import plain_git
from upriver.workspace.package_files.lock import to_yaml
from upriver.workspace.yaml import load_yaml

if TYPE_CHECKING:
    from yaml import SequenceNode


class Added(msgspec.Struct, frozen=True, kw_only=True):
    """A package file with one more entry."""

    text: str
    removed: tuple[dict[str, Any], ...] = ()
    """Entries for the same package, which the new one replaces."""


def entry_for(source: str, name: str, version: str) -> dict[str, Any]:
    """Return the entry that `--add-package NAME@VERSION --source SOURCE` stands for."""
    match source:
        case "git":
            return {"git": name, **({"revision": version} if version else {})}
        case "local":
            return {"local": name}
        case _:
            parts = [part.strip() for part in version.split(",") if part.strip()]
            return {"package": name, "version": parts if len(parts) > 1 else version}


def add_entry(text: str | None, entry: dict[str, Any]) -> Added:
    """Return the text with the entry at the end of `packages:`, in the place of its like."""
    if text is None or not text.strip():
        return Added(text=to_yaml({"packages": [entry]}))
    body = load_yaml(text).value
    listed = body.get("packages") if isinstance(body, dict) else None
    items = listed if isinstance(listed, list) else []
    replaced = [index for index, item in enumerate(items) if _is_like(item, entry)]
    removed = tuple(items[index] for index in replaced)
    kept = [item for index, item in enumerate(items) if index not in replaced]
    whole = {**(body if isinstance(body, dict) else {}), "packages": [*kept, entry]}
    edited = _edited(text, entry, replaced) if items else None
    if edited is None or load_yaml(edited).value != whole:
        edited = to_yaml(whole)
    return Added(text=edited, removed=removed)


def _is_like(item: Any, entry: dict[str, Any]) -> bool:
    if not isinstance(item, dict):
        return False
    for key in ("package", "git", "local"):
        if key in item and key in entry:
            return plain_git(str(item[key])) == plain_git(str(entry[key]))
    return False


def _edited(text: str, entry: dict[str, Any], replaced: list[int]) -> str | None:
    """Edit the lines of a list in block style; None where it is written otherwise."""
    node = _sequence(text)
    if node is None or node.flow_style or not node.value:
        return None
    lines = text.splitlines(keepends=True)
    if not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    starts = [item.start_mark.line for item in node.value]
    indent = lines[starts[0]].find("-")
    if indent < 0 or any(lines[start][:indent].strip() for start in starts):
        return None
    end = _end_of(node, lines)
    new = [" " * indent + line + "\n" for line in _item_lines(entry)]
    lines[end:end] = new
    bounds = [*starts, end]
    for index in reversed(replaced):
        # Comments before the next item are about that one.
        del lines[bounds[index] : _trimmed(bounds[index + 1], lines)]
    return "".join(lines)


def _item_lines(entry: dict[str, Any]) -> list[str]:
    lines = to_yaml([entry]).splitlines()
    # A list that is the whole document is indented as well.
    depth = len(lines[0]) - len(lines[0].lstrip())
    return [line[depth:] for line in lines]


def _end_of(node: SequenceNode, lines: list[str]) -> int:
    """Return the line behind the last item; blank lines and comments after it stay after it."""
    end = min(node.end_mark.line, len(lines))
    if node.end_mark.column:
        end = min(end + 1, len(lines))
    return _trimmed(end, lines)


def _trimmed(end: int, lines: list[str]) -> int:
    """Return where blank lines and comments before a line begin."""
    while end > 0 and (not lines[end - 1].strip() or lines[end - 1].lstrip().startswith("#")):
        end -= 1
    return end


def _sequence(text: str) -> SequenceNode | None:
    # PyYAML is loaded only where a file is written.
    import yaml

    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if not isinstance(root, yaml.MappingNode):
        return None
    for key, value in root.value:
        if key.value == "packages" and isinstance(value, yaml.SequenceNode):
            return value
    return None
