"""Descriptions: `doc('name')` becomes the block's text, and the block is noted (PROJ-170)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from msgspec.structs import replace

from upriver.graph.inputs import LinkInputs
from upriver.problems import Problem, Span
from upriver.resources.macro import Doc
from upriver.resources.nearest import nearest_hint

_DOC_CALL = re.compile(
    r"""\{\{-?\s*doc\(\s*(['"])(\w+)\1\s*(?:,\s*(['"])(\w+)\3\s*)?\)\s*-?\}\}"""
)
_JINJA = ("{{", "{%", "{#")

Render = Callable[[str, str, Span, str], tuple[str, tuple[str, ...]]]
"""Of a description's text, package, place and resource: what it shows, and its blocks."""


class Descriptions:
    """Renders descriptions; without Jinja in them, which is the common case, in no time."""

    def __init__(self, inputs: LinkInputs, docs: Mapping[str, Doc]) -> None:
        self._templates = inputs.templates
        self._root = inputs.root
        self._by_name: dict[str, dict[str, Doc]] = {}
        for doc in docs.values():
            self._by_name.setdefault(doc.name, {})[doc.package] = doc
        self.problems: list[Problem] = []

    def render(
        self, text: str, package: str, span: Span, unique_id: str | None = None
    ) -> tuple[str, tuple[str, ...]]:
        """Return the rendered text and the unique_ids of the blocks it shows, call by call."""
        if "{" not in text or not any(mark in text for mark in _JINJA):
            return text, ()
        blocks: list[str] = []

        def doc(*names: str) -> str:
            found = self._find(names, package)
            if found is None:
                self._report_missing(names, span, unique_id)
                return ""
            blocks.append(found.unique_id)
            return found.block_contents

        def replacement(match: re.Match[str]) -> str:
            first, second = match.group(2), match.group(4)
            return doc(first, second) if second else doc(first)

        rest = _DOC_CALL.sub("", text)
        if not any(mark in rest for mark in _JINJA):
            shown = _DOC_CALL.sub(replacement, text)
            # Jinja drops one newline at the end of a template.
            return shown.removesuffix("\n"), tuple(blocks)
        rendered = self._templates.render_description(text, package, doc)
        if rendered.problem is not None:
            self.problems.append(replace(rendered.problem, span=span, unique_id=unique_id))
            return text, tuple(blocks)
        return str(rendered.value), tuple(blocks)

    def _find(self, names: tuple[str, ...], package: str) -> Doc | None:
        by_package = self._by_name.get(names[-1], {})
        if len(names) > 1:
            return by_package.get(names[0])
        for place in (self._root, package):
            if place in by_package:
                return by_package[place]
        return next(iter(by_package.values()), None)

    def _report_missing(self, names: tuple[str, ...], span: Span, unique_id: str | None) -> None:
        shown = ", ".join(f"'{name}'" for name in names)
        self.problems.append(
            Problem(
                code="doc-not-found",
                message=f"The description of `{unique_id or span.file}` shows `doc({shown})`, "
                "and there is no such documentation block",
                span=span,
                hint=nearest_hint(names[-1], self._by_name),
                unique_id=unique_id,
            )
        )


def as_written(text: str, *_: object) -> tuple[str, tuple[str, ...]]:
    """Return the description of what is disabled, which dbt does not render (observed)."""
    return text, ()
