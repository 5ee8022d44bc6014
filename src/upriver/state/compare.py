"""dbt's `state:` comparisons, to the letter (deferral.md section 12, SEL-28).

`Comparison` answers for one resource at a time and remembers its answers, so that selecting one
model costs one comparison. A resource differs if one of its parts does; which parts count is a
table (`comparable.CONTENT`), and `reasons` names those that differ (defect D20).

One departure: the macros that come with the tool itself are compared only when upriver published
the baseline too, since dbt's own are other texts with the same names.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping

from upriver.digest import digest_text
from upriver.graph.graph import Graph
from upriver.problems import Problem, Span
from upriver.resources.macro import Macro
from upriver.resources.nodes import Exposure, Node
from upriver.state.baseline import Baseline
from upriver.state.comparable import (
    CONTENT,
    FACTS,
    Comparable,
    Contract,
    comparable_of,
    contract_of,
)
from upriver.state.contracts import breaking_changes
from upriver.state.wire.manifest import encode_resource
from upriver.state.wire.read import WireResource, decode_resource

PARTS = ("body", "configs", "persisted_descriptions", "relation", "macros", "contract")
"""What may follow `state:modified.`"""

_NEW_PARTS: Mapping[str, tuple[str, ...]] = {
    "source": ("configs", "relation"),
    "exposure": ("configs",),
    "metric": ("configs",),
    "semantic_model": ("configs",),
    "saved_query": ("configs",),
    "unit_test": (),
}
"""For kinds that are not code, the parts in which a resource without counterpart differs."""

_NEW_CODE_PARTS = ("body", "configs", "persisted_descriptions", "relation", "contract")
_NOT_MODIFIED_WHEN_NEW = frozenset(
    {"source", "exposure", "metric", "semantic_model", "saved_query"}
)
"""The asymmetry of section 12.1: `state:new`, but not `state:modified`."""
_UNCOMPARED_KINDS = frozenset({"group"})
"""Neither new nor modified, whatever happens to them."""


class Comparison:
    """A graph against a baseline; every answer is worked out when first asked for."""

    def __init__(
        self,
        graph: Graph,
        baseline: Baseline,
        *,
        more_unrendered: bool = False,
        constraint_support: Mapping[str, str] | None = None,
    ) -> None:
        """`more_unrendered` is `state_modified_compare_more_unrendered_values`.

        `constraint_support` is the adapter's; without it no removed constraint counts as a breach.
        """
        self._graph = graph
        self._baseline = baseline
        self._more_unrendered = more_unrendered
        self._constraint_support = constraint_support or {}
        self._differences: dict[str, tuple[str, ...]] = {}
        self._touched_macros: frozenset[str] | None = None

    def is_new(self, unique_id: str) -> bool:
        """Whether the baseline has no resource of this id (`state:new`)."""
        return (
            unique_id not in self._baseline.comparables
            and unique_id.partition(".")[0] not in _UNCOMPARED_KINDS
        )

    def is_modified(self, unique_id: str, part: str | None = None) -> bool:
        """Whether `state:modified`, or `state:modified.<part>`, selects the resource.

        `part` is one of `PARTS`.
        """
        kind = unique_id.partition(".")[0]
        if kind in _UNCOMPARED_KINDS:
            return False
        if part == "macros":
            return self._has_touched_macros(unique_id)
        if self.is_new(unique_id):
            if part is not None:
                return part in _NEW_PARTS.get(kind, _NEW_CODE_PARTS)
            return kind not in _NOT_MODIFIED_WHEN_NEW or self._has_touched_macros(unique_id)
        differing = self._differing(unique_id)
        if part is not None:
            return part in differing
        return bool(self._counting(unique_id)) or self._has_touched_macros(unique_id)

    def reasons(self, unique_id: str) -> tuple[str, ...]:
        """Return why the resource is new or modified, in a fixed order; empty if it is neither.

        `new`, or the parts that differ: those of `PARTS`, `fqn`, and kind-specific ones such as
        `freshness`.
        """
        if self.is_new(unique_id):
            return ("new",)
        if unique_id.partition(".")[0] in _UNCOMPARED_KINDS:
            return ()
        macros = ("macros",) if self._has_touched_macros(unique_id) else ()
        return self._counting(unique_id) + macros

    def changed_macros(self, unique_id: str) -> tuple[str, ...]:
        """Return the directly called macros that changed, or that reach one that did."""
        touched = self._all_touched_macros()
        return tuple(macro for macro in self._macros_called(unique_id) if macro in touched)

    def changed_config(self, unique_id: str) -> tuple[str, ...]:
        """Return the names of the config keys that differ."""
        if self.is_new(unique_id):
            return ()
        old = self._baseline.comparables[unique_id].config
        new = comparable_of(self._local(unique_id)).config
        return tuple(
            key for key in (old | new) if key not in old or key not in new or old[key] != new[key]
        )

    def removed(self) -> tuple[str, ...]:
        """Return published ids that the project no longer has (defect D21)."""
        entries = self._graph.entries
        return tuple(
            unique_id for unique_id in self._baseline.comparables if unique_id not in entries
        )

    def contract_problems(self, now: datetime.datetime) -> tuple[Problem, ...]:
        """Return breaking changes of enforced contracts: errors for versioned models.

        dbt looks at them whenever `state:modified` or `state:modified.contract` is evaluated,
        for the whole project and not only for what is selected.
        """
        problems = []
        for unique_id in self._baseline.comparables:
            if unique_id.partition(".")[0] != "model":
                continue
            promised = self._baseline.comparables[unique_id].contract
            if promised is None:
                continue
            if unique_id in self._graph.entries:
                problems += self._broken(unique_id, promised)
            elif not _is_past(promised.deprecation_date, now):
                problems.append(self._gone(unique_id, promised))
        return tuple(problems)

    def _broken(self, unique_id: str, promised: Contract) -> list[Problem]:
        local = self._local(unique_id)
        is_enforced = local.contract is not None and bool(local.contract.enforced)
        changes = breaking_changes(
            promised,
            contract_of(local),
            is_enforced=is_enforced,
            constraint_support=self._constraint_support,
        )
        if not changes:
            return []
        entry = self._graph.entries[unique_id]
        listed = "; ".join(changes)
        return [
            _contract_problem(
                unique_id,
                f"Breaking change to the contract of `{entry.name}`: {listed}",
                is_versioned=entry.version is not None,
                span=Span(file=entry.original_file_path),
            )
        ]

    def _gone(self, unique_id: str, promised: Contract) -> Problem:
        verb = "disabled" if unique_id in self._graph.disabled else "deleted or renamed"
        return _contract_problem(
            unique_id,
            f"Breaking change to a contract: the contracted model `{unique_id}` was {verb}",
            is_versioned=promised.version is not None,
            span=None,
        )

    def _local(self, unique_id: str) -> WireResource:
        return decode_resource(encode_resource(self._graph.resources[unique_id], 0.0))

    def _counting(self, unique_id: str) -> tuple[str, ...]:
        """Of the parts that differ, those that make a resource of this kind modified."""
        kind = self._baseline.comparables[unique_id].kind
        counting = CONTENT.get(kind, ()) + FACTS.get(kind, ())
        return tuple(name for name in self._differing(unique_id) if name in counting)

    def _differing(self, unique_id: str) -> tuple[str, ...]:
        found = self._differences.get(unique_id)
        if found is None:
            old = self._baseline.comparables[unique_id]
            new = comparable_of(self._local(unique_id))
            found = differences(old, new, more_unrendered=self._more_unrendered)
            self._differences[unique_id] = found
        return found

    def _macros_called(self, unique_id: str) -> tuple[str, ...]:
        resource = self._graph.resources[unique_id]
        return resource.depends_on_macros if isinstance(resource, Node | Exposure) else ()

    def _has_touched_macros(self, unique_id: str) -> bool:
        touched = self._all_touched_macros()
        return bool(touched) and any(m in touched for m in self._macros_called(unique_id))

    def _all_touched_macros(self) -> frozenset[str]:
        if self._touched_macros is None:
            self._touched_macros = touched_macros(self._graph, self._baseline)
        return self._touched_macros


def differences(
    old: Comparable, new: Comparable, *, more_unrendered: bool = False
) -> tuple[str, ...]:
    """Return the names of the parts in which two forms of a resource differ."""
    found = []
    if old.body != new.body:
        found.append("body")
    if old.config != new.config:
        found.append("configs")
    if _persisted_differ(old, new):
        found.append("persisted_descriptions")
    if _relations_differ(old, new, more_unrendered=more_unrendered):
        found.append("relation")
    if old.fqn != new.fqn:
        found.append("fqn")
    if _contracts_differ(old, new):
        found.append("contract")
    found += [key for key, value in new.facts.items() if old.facts.get(key) != value]
    return tuple(found)


def _persisted_differ(old: Comparable, new: Comparable) -> bool:
    """Descriptions count when this side writes them; that the setting differs is config."""
    persists_relation, persists_columns = new.persists
    return (persists_relation and old.description != new.description) or (
        persists_columns and old.columns != new.columns
    )


def _relations_differ(old: Comparable, new: Comparable, *, more_unrendered: bool) -> bool:
    if more_unrendered and new.kind == "source":
        return old.unrendered_relation != new.unrendered_relation
    return old.relation != new.relation


def _contracts_differ(old: Comparable, new: Comparable) -> bool:
    if old.contract is None or new.contract is None:
        return old.contract is not new.contract
    return old.contract.checksum != new.contract.checksum


def touched_macros(graph: Graph, baseline: Baseline) -> frozenset[str]:
    """Return macros that changed, appeared or vanished, and all that reach one of them."""
    is_same_maker = baseline.origin.upriver_version is not None
    published = baseline.macros
    changed = {
        unique_id
        for unique_id, macro in graph.macros.items()
        if (is_same_maker or not is_built_in(macro, graph))
        and published.get(unique_id) != digest_text(macro.published_sql)
    }
    callers: dict[str, list[str]] = {}
    for unique_id, macro in graph.macros.items():
        for called in macro.depends_on:
            callers.setdefault(called, []).append(unique_id)
    waiting = list(changed)
    while waiting:
        for caller in callers.get(waiting.pop(), ()):
            if caller not in changed:
                changed.add(caller)
                waiting.append(caller)
    return frozenset(changed)


def is_built_in(macro: Macro, graph: Graph) -> bool:
    """Whether a macro comes with the tool: of `dbt`, or of the adapter's own packages."""
    package = macro.package
    return package == "dbt" or (
        package.startswith("dbt_")
        and package not in graph.facts.packages
        and package != graph.facts.project_name
    )


def _is_past(date: str | None, now: datetime.datetime) -> bool:
    if date is None:
        return False
    try:
        moment = datetime.datetime.fromisoformat(date)
    except ValueError:
        return False
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.UTC)
    return moment < now


def _contract_problem(
    unique_id: str, message: str, *, is_versioned: bool, span: Span | None
) -> Problem:
    return Problem(
        code="contract-broken",
        message=message,
        severity="error" if is_versioned else "warning",
        span=span,
        hint="Add to the contract instead of taking from it, or publish a new version of the"
        " model",
        event=None if is_versioned else "UnversionedBreakingChange",
        unique_id=unique_id,
    )
