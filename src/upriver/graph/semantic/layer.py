"""The semantic layer as its checks see it, and how they report."""

from __future__ import annotations

from typing import Any

import msgspec

from upriver.graph.drafts import Draft, Scope
from upriver.problems import Key, Span


class TimeSpine(msgspec.Struct, frozen=True, kw_only=True):
    """A model that has a row for every moment of a granularity."""

    draft: Draft
    granularity: str
    custom: tuple[str, ...]
    """Names of granularities of its own."""


class SemanticLayer(msgspec.Struct, frozen=True, kw_only=True):
    """Enabled drafts of all packages."""

    models: tuple[Draft, ...]
    metrics: tuple[Draft, ...]
    queries: tuple[Draft, ...]
    spines: tuple[TimeSpine, ...]
    has_legacy_spine: bool
    """There is a model that is a time spine of days by its name."""

    @property
    def custom_granularities(self) -> frozenset[str]:
        """Names of granularities that time spines add."""
        return frozenset(name for spine in self.spines for name in spine.custom)


class Report:
    """Reports what is wrong with one draft, at a place of it."""

    def __init__(self, scope: Scope, draft: Draft) -> None:
        self._scope = scope
        self.draft = draft
        self.problems = scope.problems

    def __call__(self, code: str, message: str, *keys: Key, hint: str | None = None) -> None:
        """Report an error."""
        self._add(code, message, keys, hint, is_warning=False)

    def doubt(self, code: str, message: str, *keys: Key, hint: str | None = None) -> None:
        """Report a warning."""
        self._add(code, message, keys, hint, is_warning=True)

    def _add(
        self, code: str, message: str, keys: tuple[Any, ...], hint: str | None, *, is_warning: bool
    ) -> None:
        self._scope.report(
            code,
            message,
            Span(file=self.draft.file, keys=(*self.draft.keys, *keys)),
            unique_id=self.draft.unique_id,
            hint=hint,
            is_warning=is_warning,
        )
