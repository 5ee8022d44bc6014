"""Find the line of a YAML value, when a problem is about to be shown.

No fast loader keeps the places of values. Composing a file with marks costs ten times as much as
loading it, which is nothing for the few files that have problems.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from upriver.problems import Key, Span

if TYPE_CHECKING:
    from yaml import Mark, Node

_MERGE = "<<"


def resolve_span(span: Span, text: str) -> Span:
    """Fill in line and column of the value that `span.keys` leads to, in the file's text.

    Where the path ends in something the file does not have, the last part that is there counts.
    For the value of a mapping the place is that of its key.
    """
    if span.line is not None or not span.keys:
        return span
    # PyYAML is loaded only when there is a problem to show.
    import yaml

    try:
        root = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, RecursionError):
        return span
    if root is None:
        return span
    mark = _find(root, span.keys)
    return msgspec.structs.replace(span, line=mark.line + 1, column=mark.column + 1)


def _find(root: Node, keys: tuple[Key, ...]) -> Mark:
    node, mark = root, root.start_mark
    for key in keys:
        found = _child(node, key)
        if found is None:
            break
        mark, node = found
    return mark


def _child(node: Node, key: Key) -> tuple[Mark, Node] | None:
    """Return where an entry of a node begins, and the entry."""
    from yaml import MappingNode, SequenceNode

    if isinstance(node, SequenceNode) and isinstance(key, int) and key < len(node.value):
        return node.value[key].start_mark, node.value[key]
    if not isinstance(node, MappingNode):
        return None
    entries: Any = node.value
    # Of a key that is written twice the last counts.
    for key_node, value_node in reversed(entries):
        if key_node.value == str(key):
            return key_node.start_mark, value_node
    for key_node, value_node in entries:
        if key_node.value == _MERGE:
            found = _child(value_node, key)
            if found is not None:
                return found
    return None
