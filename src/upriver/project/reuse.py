"""Which steps of a plan need not be taken, since their relation holds already what they would give.

A relation is reused if its record says that it was built from the present code and ancestry, in the
present form, and if the rows it read are still the rows that are there. A view shows the rows of its
inputs whenever it is read, so for a view only code and inputs count. Where the state has the same
thing, and the policy is `fresh`, the state's relation stands for it; under other policies, which look
at what is there, its table is copied.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping

import msgspec

from upriver.graph.graph import Graph
from upriver.plan.catalog import Catalog
from upriver.plan.decide import (
    BUILDABLE,
    Deferral,
    Standing,
    clone_source,
    counterpart,
    exists,
    published_name,
)
from upriver.plan.plan import Decision, Plan, Step
from upriver.project.build_store import record_name
from upriver.project.evidence import Evidence
from upriver.project.ledger import PLACES
from upriver.project.warehouse import SchemaName
from upriver.state.builds import CLONED, Built, BuiltInput, data_of_input, held_by
from upriver.state.rules.denial import Denials

STATE = "the state has the same, and is read instead"
COPIED = "the state has the same"
_ADDED_TO = frozenset({"incremental", "snapshot"})
_NEVER = frozenset({"FULL_REFRESH", "EMPTY", "SAMPLE", "EVENT_TIME_START", "EVENT_TIME_END"})


class Reused(msgspec.Struct, frozen=True, kw_only=True):
    """What a plan may leave out, and why the rest has to be built."""

    reused: Mapping[str, str]
    """Why a resource is not built, by unique_id."""
    built: Mapping[str, str]
    """Why a resource is built nevertheless."""
    copied: Mapping[str, str] = {}
    """Why a copy of the state's table takes the place of a build."""


class ReuseRules(msgspec.Struct, frozen=True, kw_only=True):
    """What the project says of reuse."""

    is_volatile_reused: bool = False
    flags: Mapping[str, object] = {}


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the warehouses and of the state."""

    catalog: Catalog
    standings: Mapping[str, Standing]
    deferral: Deferral | None = None
    denials: Denials | None = None


def find_reused(
    plan: Plan, graph: Graph, evidence: Evidence, seen: Seen, rules: ReuseRules
) -> Reused:
    """Look at the steps of a plan in order; a step whose input is built again is built again."""
    catalog, standings = seen.catalog, seen.standings
    reused: dict[str, str] = {}
    built: dict[str, str] = {}
    copied: dict[str, str] = {}
    if any(rules.flags.get(name) for name in _NEVER):
        return Reused(reused=reused, built=built)
    judge = _Judge(graph, evidence, catalog, rules, reused, built)
    for step in plan.steps:
        unique_id = step.unique_id
        if unique_id.partition(".")[0] not in BUILDABLE or step.action == "no-op":
            continue
        standing = standings.get(unique_id)
        if standing is not None and standing.is_same:
            reused[unique_id] = STATE
            continue
        reason = judge.why_not(step)
        if reason is None:
            record = evidence.builds.record(
                graph.entries[unique_id].relation_name or "", unique_id
            )
            reused[unique_id] = f"unchanged since {_moment(record)}"
        else:
            # Whatever reads a copy that is made now reads other rows than before.
            built[unique_id] = reason
            if judge.is_copied(unique_id, seen):
                copied[unique_id] = COPIED
    return Reused(reused=reused, built=built, copied=copied)


def own_schemas(
    plan: Plan, graph: Graph, catalog: Catalog, deferral: Deferral | None = None
) -> dict[SchemaName, bool]:
    """Return the schemas of the plan's own relations that were not listed yet.

    They are the target's, and those of the state's relations that might be copied.
    """
    wanted: dict[SchemaName, bool] = {}
    for step in plan.steps:
        entry = graph.entries[step.unique_id]
        is_built = entry.kind in BUILDABLE and entry.kind != "function"
        if is_built and entry.relation is not None and not catalog.knows(entry.relation):
            wanted[entry.relation.database, entry.relation.schema or ""] = False
        published = counterpart(deferral, step.unique_id) if is_built else None
        if published is not None and not catalog.knows(published_name(published)):
            wanted.setdefault((published.database, published.schema or ""), True)
    return wanted


class _Judge:
    """Says of one step after the other why it cannot be left out."""

    def __init__(
        self,
        graph: Graph,
        evidence: Evidence,
        catalog: Catalog,
        rules: ReuseRules,
        reused: Mapping[str, str],
        built: Mapping[str, str],
    ) -> None:
        self._graph = graph
        self._evidence = evidence
        self._catalog = catalog
        self._rules = rules
        self._reused = reused
        self._built = built
        self._holdings = evidence.holdings()

    def record(self, unique_id: str) -> Built | None:
        """Return the record of a resource's relation."""
        name = record_name(self._graph.entries[unique_id])
        return self._evidence.builds.record(name or "", unique_id)

    def why_not(self, step: Step) -> str | None:
        """Return why a step must be taken; None if it need not be."""
        unique_id = step.unique_id
        entry = self._graph.entries[unique_id]
        local = self._evidence.local()
        record = self.record(unique_id)
        if not exists(self._catalog, entry.kind, entry.relation):
            return "it is not there"
        if record is None:
            return "it is not known what it was built from"
        wanted = local.fingerprint(unique_id)
        if wanted is None or held_by(record, self._holdings) != wanted:
            return "its code or ancestry changed"
        if record.materialized == CLONED:
            return self._changed_source(record)
        if local.form(unique_id) != record.form:
            return "it is kept in another form now"
        volatile = local.meanings[unique_id].volatile
        if volatile and not self._rules.is_volatile_reused:
            return f"its result may differ every time (`{volatile[0]}`)"
        return self._changed_input(step, record)

    def _changed_source(self, record: Built) -> str | None:
        """Return why a copy of the state's relation is old; a view of it never is."""
        now = [data_of_input(item, self._holdings) for item in record.inputs]
        if not record.is_stored or now == [record.data]:
            return None
        return "it is a copy of what the state had before, or that is not known"

    def is_copied(self, unique_id: str, seen: Seen) -> bool:
        """Whether the state has a table of the same, and a copy of it loses nothing that is here.

        What runs add to is copied only where it is not there yet: else it may hold more.
        """
        deferral = seen.deferral
        if deferral is None or deferral.policy == "fresh":
            return False
        entry = self._graph.entries[unique_id]
        form = "snapshot" if entry.kind == "snapshot" else entry.materialized
        is_there = exists(self._catalog, entry.kind, entry.relation)
        if form != "table" and (form not in _ADDED_TO or is_there):
            return False
        volatile = self._evidence.local().meanings[unique_id].volatile
        if volatile and not self._rules.is_volatile_reused:
            return False
        source = clone_source(deferral, unique_id, seen.denials)
        if source is None or source.place != "baseline" or source.relation == entry.relation:
            return False
        return self._evidence.is_built_in_state(unique_id, self._catalog)

    def _changed_input(self, step: Step, record: Built) -> str | None:
        decided = {decision.target: decision for decision in step.inputs}
        for item in record.inputs:
            if item.place == "inlined":
                continue
            name = self._name(item.unique_id)
            decision = decided.get(item.unique_id)
            if decision is None or not self._is_read_as_before(decision, item):
                return f"`{name}` is read from another relation now"
            if not record.is_stored:
                continue
            if item.unique_id in self._built:
                return f"`{name}` is built again"
            now = data_of_input(item, self._holdings)
            if now is None or now != item.data:
                return f"`{name}` has other rows now, or it is not known"
            unseen = self._unseen_source(item, record.built_at)
            if unseen is not None:
                return f"whether source `{self._name(unseen)}` has new rows is not known"
        return None

    def _unseen_source(self, item: BuiltInput, since: float) -> str | None:
        """Return a source behind an input that nobody looked at since; views let rows through."""
        if item.place == "source":
            is_seen = self._evidence.was_looked_at(item.unique_id, since)
            return None if is_seen else item.unique_id
        above = self._holdings.record(item.relation_name or "", item.unique_id)
        if item.place != "here" or above is None or above.is_stored:
            return None
        found = (self._unseen_source(one, since) for one in above.inputs)
        return next((source for source in found if source is not None), None)

    def _is_read_as_before(self, decision: Decision, item: BuiltInput) -> bool:
        if self._reused.get(item.unique_id) == STATE:
            name = self._evidence.published_name(item.unique_id)
            return item.place == "baseline" and item.relation_name == name
        return PLACES[decision.place] == item.place and decision.relation_name in (
            item.relation_name, None,
        )  # fmt: skip

    def _name(self, unique_id: str) -> str:
        entry = self._graph.entries.get(unique_id)
        return unique_id if entry is None else entry.name


def _moment(record: Built | None) -> str:
    seconds = 0.0 if record is None else record.built_at
    moment = datetime.datetime.fromtimestamp(seconds, tz=datetime.UTC)
    return moment.strftime("%Y-%m-%d %H:%M UTC")
