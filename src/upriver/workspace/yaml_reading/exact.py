"""PyYAML's safe loader, the meaning of record, with the keys written twice noted (PROJ-33)."""

from __future__ import annotations

import re
from collections.abc import Hashable
from typing import Any

import yaml

from upriver.problems import Problem, Span

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MERGE_TAG = "tag:yaml.org,2002:merge"
_DEEPEST = 100
"""No project nests deeper; what does would exhaust the stack of whoever walks through it."""
# Many brackets, many dashes in a row, or a very deep indentation.
_MAY_BE_DEEP = re.compile(r"(?:[\[{][^\[{]*+){500}|(?:[-?][ \t]+){50}|\n[ ]{100}")


class _Loader(_Base):  # type: ignore[misc] # the C loader is present or not
    """Notes repeated keys; the last one wins, as in PyYAML."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.repeated: list[tuple[str, int, int]] = []

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 # PyYAML's signature
        """Build one mapping."""
        if isinstance(node, yaml.MappingNode):
            seen = set()
            for key, _ in node.value:
                if not isinstance(key, yaml.ScalarNode) or key.tag == _MERGE_TAG:
                    continue
                if (key.tag, key.value) in seen:
                    mark = key.start_mark
                    self.repeated.append((key.value, mark.line + 1, mark.column + 1))
                seen.add((key.tag, key.value))
        built: dict[Hashable, Any] = super().construct_mapping(node, deep=deep)
        return built


def load_exactly(text: str, file: str) -> tuple[Any, tuple[Problem, ...]]:
    """Load one document as dbt does."""
    loader = None
    try:
        if _MAY_BE_DEEP.search(text) and not _is_shallow_text(text):
            return None, (_too_deep(file),)
        loader = _Loader(text)
        value = loader.get_single_data()
    except (yaml.YAMLError, ValueError, TypeError, OverflowError, RecursionError) as error:
        return None, (_invalid(error, text, file),)
    finally:
        if loader is not None:
            loader.dispose()
    if not _is_shallow(value):
        return None, (_too_deep(file),)
    return value, tuple(_repeated(*place, file) for place in loader.repeated)


def _is_shallow_text(text: str) -> bool:
    """Measure nesting by the parser's events: the loader would recurse, and crash the process."""
    depth = 0
    for event in yaml.parse(text, Loader=_Base):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _DEEPEST:
                return False
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return True


def _is_shallow(value: Any) -> bool:
    """Whether no path through the value is longer than allowed; an anchor inside itself is."""
    deepest: dict[int, int] = {}
    pending = [(value, 0)]
    while pending:
        item, depth = pending.pop()
        if not isinstance(item, dict | list) or depth <= deepest.get(id(item), -1):
            continue
        if depth > _DEEPEST:
            return False
        deepest[id(item)] = depth
        parts = item.values() if isinstance(item, dict) else item
        pending.extend((part, depth + 1) for part in parts)
    return True


def _too_deep(file: str) -> Problem:
    return Problem(
        code="yaml-invalid",
        message=f"`{file}` is nested too deeply, or an anchor in it holds itself",
        span=Span(file=file),
    )


def _repeated(key: str, line: int, column: int, file: str) -> Problem:
    return Problem(
        code="yaml-duplicate-key",
        message=f"The key `{key}` is written twice in one mapping; the last one counts",
        severity="warning",
        span=Span(file=file, line=line, column=column),
        hint="Remove one of the two",
        event="DuplicateYAMLKeysDeprecation",
    )


def _invalid(error: Exception, text: str, file: str) -> Problem:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    said = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    if isinstance(error, RecursionError):
        said = "it is nested too deeply"
    if mark is None:
        return Problem(
            code="yaml-invalid",
            message=f"`{file}` is not valid YAML: {said}",
            span=Span(file=file),
        )
    return Problem(
        code="yaml-invalid",
        message=f"`{file}` is not valid YAML: {said}",
        span=Span(file=file, line=mark.line + 1, column=mark.column + 1),
        hint=_hint(text, mark.line),
    )


def _hint(text: str, line: int) -> str | None:
    lines = text.split("\n")
    shown = lines[line] if line < len(lines) else ""
    if "\t" in shown[: len(shown) - len(shown.lstrip())]:
        return "Indent with spaces; YAML does not allow tabs"
    if "{{" in shown and '"{{' not in shown and "'{{" not in shown:
        return 'Put quotes around the template: `"{{ ... }}"`'
    if shown.count(": ") > 1:
        return "Put quotes around a value that holds a colon and a space"
    return None
