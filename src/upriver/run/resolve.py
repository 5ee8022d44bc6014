"""Answering `ref` and `source` while running: a look-up in the step's inputs (PROJ-265, D1).

Which relation a reference reads was decided while planning. What is left is to find, among the
inputs, the one a call means: the spelling of a call names a resource by name, package and version,
an input by its unique_id. A call that means a resource which is not an input was hidden from
parsing (PROJ-268).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Protocol

from upriver.graph.graph import Entry
from upriver.jinja.errors import CompilationError
from upriver.plan.plan import Decision
from upriver.resources.calls import RefCall, SourceCall
from upriver.resources.nearest import nearest_hint
from upriver.run.messages import undeclared_ref

_REFABLE = frozenset({"model", "seed", "snapshot"})
_FUNCTIONS = frozenset({"function"})


class MakeRelation(Protocol):
    """Turns a decision into what `ref` gives back."""

    def __call__(self, decision: Decision) -> Any:
        """Return the relation object."""
        ...


class LocalDecisions(Mapping[str, Decision]):
    """Decisions for references that no plan could see: what it decided, else the local relation.

    `run-operation` may read anything, and a unit test reads the columns of what its fixtures
    replace; neither is a reference of a planned step.
    """

    def __init__(
        self,
        entries: Mapping[str, Entry],
        targets: Collection[str],
        decided: Iterable[Decision],
    ) -> None:
        self._entries = entries
        self._targets = targets
        self._decided = {decision.target: decision for decision in decided}

    def __getitem__(self, target: str) -> Decision:
        found = self._decided.get(target)
        if found is not None:
            return found
        entry = self._entries[target]
        is_inlined = entry.materialized == "ephemeral"
        return Decision(
            target=target,
            place="inlined" if is_inlined else "here",
            reason="ephemeral" if is_inlined else "not-planned",
            relation=None if is_inlined else entry.relation,
            relation_name=None if is_inlined else entry.relation_name,
        )

    def __iter__(self) -> Iterator[str]:
        return (target for target in self._targets if target in self._entries)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class InputResolver:
    """Answers the calls of one template from its step's decisions."""

    def __init__(
        self,
        package: str,
        name: str,
        decisions: Mapping[str, Decision],
        entries: Mapping[str, Entry],
        make: MakeRelation,
        *,
        root: str,
    ) -> None:
        """`package` and `name` are the reader's; `decisions` those it may use, by target."""
        self._package = package
        self._name = name
        self._decisions = decisions
        self._entries = entries
        self._make = make
        self._root = root
        self._made: dict[str, Any] = {}

    def ref(self, call: RefCall) -> Any:
        """Answer `ref(...)`."""
        return self._relation(self.find_ref(call))

    def source(self, call: SourceCall) -> Any:
        """Answer `source(...)`."""
        return self._relation(self.find_source(call))

    def metric(self, call: RefCall) -> Any:
        """Answer `metric(...)` with a reference that renders as the metric's name."""
        return call.name if call.package is None else f"{call.package}.{call.name}"

    def function(self, call: RefCall) -> Any:
        """Answer `function(...)`."""
        return self._relation(self.find_function(call))

    def find_source(self, call: SourceCall) -> str:
        """Return the input that a `source` call means; raises CompilationError."""
        for target in self._decisions:
            entry = self._entries[target]
            if entry.kind == "source" and _is_source(entry, call):
                return target
        for entry in self._entries.values():
            # As dbt: a source that only a macro names while running is read all the same.
            if entry.kind == "source" and _is_source(entry, call):
                return entry.unique_id
        raise self._unknown_source(call)

    def _relation(self, target: str) -> Any:
        made = self._made.get(target)
        if made is None:
            decision = self._decisions.get(target)
            if decision is None:
                decision = LocalDecisions(self._entries, (target,), ())[target]
            made = self._made[target] = self._make(decision)
        return made

    def find_function(self, call: RefCall) -> str:
        """Return the input that a `function` call means; raises CompilationError."""
        return self._find(call, _FUNCTIONS)

    def find_ref(self, call: RefCall) -> str:
        """Return the input that a `ref` call means; raises CompilationError."""
        return self._find(call, _REFABLE)

    def _find(self, call: RefCall, kinds: frozenset[str]) -> str:
        inputs = (self._entries[target] for target in self._decisions)
        target = self._nearest(call, inputs, kinds)
        if target is not None:
            return target
        if self._nearest(call, self._entries.values(), kinds) is not None:
            raise undeclared_ref(call, self._name, is_function=kinds is _FUNCTIONS)
        names = {entry.name for entry in self._entries.values() if entry.kind in kinds}
        if kinds is _FUNCTIONS:
            raise CompilationError(
                f"`{self._name}` calls `{call.name}`, and there is no such function",
                code="function-not-found",
                hint=nearest_hint(call.name, names),
            )
        raise CompilationError(
            f"`{self._name}` reads `{call.name}`, and there is no such model, seed or snapshot",
            code="ref-not-found",
            hint=nearest_hint(call.name, names),
        )

    def _nearest(
        self, call: RefCall, entries: Iterable[Entry], kinds: frozenset[str]
    ) -> str | None:
        """Of the resources a call may mean: the node's own package first, then the root."""
        found = [entry for entry in entries if entry.kind in kinds and _is_meant(entry, call)]
        if len(found) > 1:
            ranks = {self._package: 0, self._root: 1}
            found.sort(key=lambda entry: ranks.get(entry.package, 2))
        return found[0].unique_id if found else None

    def _unknown_source(self, call: SourceCall) -> CompilationError:
        written = f"source('{call.source}', '{call.table}')"
        tables = [
            f"{entry.source_name}.{entry.name}"
            for entry in self._entries.values()
            if entry.kind == "source"
        ]
        return CompilationError(
            f"`{self._name}` reads `{written}`, and there is no such source",
            code="source-not-found",
            hint=nearest_hint(f"{call.source}.{call.table}", tables),
        )


def _is_meant(entry: Entry, call: RefCall) -> bool:
    if entry.name != call.name:
        return False
    if call.package is not None and entry.package != call.package:
        return False
    if call.version is None:
        return entry.version is None or str(entry.version) == str(entry.latest_version)
    return str(entry.version) == str(call.version)


def _is_source(entry: Entry, call: SourceCall) -> bool:
    return entry.name == call.table and entry.source_name == call.source
