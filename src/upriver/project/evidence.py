"""What is known of what relations hold, on both sides; each part is looked at when asked for."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

import msgspec

from upriver.graph.graph import Graph
from upriver.plan.catalog import Catalog
from upriver.plan.decide import Standing, exists, is_there, published_name
from upriver.plan.plan import Plan
from upriver.project.build_store import BuildStore, open_builds, record_name
from upriver.project.fingerprints import LocalPrints
from upriver.project.ledger import Ledger, LedgerSetting, holdings_of
from upriver.project.loading import Loaded
from upriver.project.opened import OpenedProject
from upriver.project.published import manifest_path, manifest_stamp
from upriver.project.published_state import State
from upriver.project.requests import Clone
from upriver.project.source_files import files_version
from upriver.project.told_answers import Told, told_answers
from upriver.state.baseline import Published, is_deferrable
from upriver.state.builds import Holdings, held_by
from upriver.state.fingerprint.meaning import Parts
from upriver.state.published import (
    PublishedMeanings,
    PublishedPrints,
    read_meanings,
    read_parts,
    with_ledger,
)
from upriver.state.run_results import PastFreshness, load_sources

_PARTIAL = ("EMPTY", "SAMPLE", "EVENT_TIME_START", "EVENT_TIME_END")
_encode = msgspec.msgpack.Encoder().encode


class Evidence:
    """Fingerprints here, fingerprints there, and the records of the target's warehouse."""

    def __init__(self, opened: OpenedProject, loaded: Loaded, graph: Graph, state: State) -> None:
        """`graph` may hold an inline query that `loaded` does not know."""
        self._opened = opened
        self._loaded = loaded
        self.graph = graph
        self._state = state
        self._local: LocalPrints | None = None
        self._published: dict[str, PublishedPrints] = {}
        self._versions: dict[str, str | None] = {}
        self._sources: Mapping[str, PastFreshness] | None = None
        self._holdings: Holdings | None = None
        self.builds: BuildStore = open_builds(opened)

    def local(self) -> LocalPrints:
        """Return the fingerprints of the open project."""
        if self._local is None:
            root = self._opened.workspace.root
            self._local = LocalPrints(self._loaded, self._opened.store, root)
        return self._local

    def published(self) -> PublishedPrints | None:
        """Return the fingerprints of the baseline, the last of several; None without one."""
        baseline = self._state.baseline
        return None if baseline is None else self._prints(baseline.origin.location)

    def published_of(self, unique_id: str, relation_name: str | None) -> PublishedPrints | None:
        """Return the fingerprints of the baseline that a relation belongs to.

        Without a relation's name it is the baseline that was chosen for the resource.
        """
        layers = self._state.layers
        if not layers:
            return self.published()
        for layer in layers:
            found = layer.baseline.published.get(unique_id)
            if found is not None and relation_name == found.relation_name:
                return self._prints(layer.baseline.origin.location)
        chosen = self._counterpart(unique_id)
        if relation_name is not None or chosen is None:
            return None
        return self.published_of(unique_id, chosen.relation_name)

    def _prints(self, location: str) -> PublishedPrints:
        if location not in self._published:
            local = self.local()
            meanings = self._meanings(local, location)
            ledger = self._state.ledgers.get(os.path.dirname(location))
            if ledger is not None:
                with open(ledger[0], "rb") as file:
                    meanings = with_ledger(meanings, file.read(), ledger[1])
            told = self._told(local, location)
            self._published[location] = PublishedPrints(
                meanings,
                told.assumed,
                are_unknown_same=self._opened.workspace.flags.unknown_answers == "same",
                told=told.known,
            )
        return self._published[location]

    def _told(self, local: LocalPrints, location: str) -> Told:
        for _, baseline in self._state.baselines():
            if baseline.origin.location == location and baseline.origin.upriver_version is None:
                return told_answers(baseline.origin, self._loaded.settings, local.answer)
        # upriver's own manifests tell every answer themselves.
        return Told(known={}, assumed=local.answer)

    def _meanings(self, local: LocalPrints, location: str) -> PublishedMeanings:
        """Read the manifest, or what is remembered of it under the file's stamp."""
        store = self._opened.store
        key = f"meanings:{manifest_stamp(location)}"
        data = store.get("baseline", key)
        if data is not None:
            return msgspec.msgpack.decode(data, type=PublishedMeanings)
        with open(manifest_path(location), "rb") as file:
            content = file.read()
        side = local.side
        found = read_meanings(content, location, side.side_of, side.texts.read)
        side.texts.save()
        store.put([("baseline", key, _encode(found))])
        return found

    def published_parts(self) -> tuple[Callable[[str], Parts | None], Callable[[str], str]]:
        """Return what gives a published resource's parts, and a published macro's digest."""
        baseline = self._state.baseline
        location = "" if baseline is None else baseline.origin.location
        with open(manifest_path(location), "rb") as file:
            content = file.read()
        side = self.local().side
        return read_parts(content, location, side.side_of, side.texts.read)

    def holdings(self) -> Holdings:
        """Return where records and published fingerprints are looked up, while planning."""
        if self._holdings is None:
            self._holdings = holdings_of(
                self.builds, self.published_of, source_data=self.source_data
            )
        return self._holdings

    def published_name(self, unique_id: str) -> str | None:
        """Return the rendered name of a published relation."""
        found = self._counterpart(unique_id)
        return None if found is None else found.relation_name

    def source_data(self, unique_id: str) -> str | None:
        """Return what is known of a source's rows: its files, or the newest row that was seen."""
        version = self._files(unique_id)
        if version is not None:
            return version
        found = self._freshness().get(unique_id)
        if found is None or found.max_loaded_at is None:
            is_assumed = self._opened.workspace.flags.reuse_sources == "unchanged"
            return "assumed" if is_assumed else None
        return found.max_loaded_at

    def was_looked_at(self, unique_id: str, since: float) -> bool:
        """Whether `source freshness` looked at a source after a moment, or need not have."""
        if self._files(unique_id) is not None:
            return True
        found = self._freshness().get(unique_id)
        if found is None or found.max_loaded_at is None:
            return self._opened.workspace.flags.reuse_sources == "unchanged"
        return os.stat(os.path.join(self._opened.target_path, "sources.json")).st_mtime > since

    def _files(self, unique_id: str) -> str | None:
        """Return the version of a source's files as it was when they were looked at first."""
        if unique_id not in self._versions:
            entry = self.graph.entries.get(unique_id)
            rendered = None if entry is None else entry.relation_name
            self._versions[unique_id] = files_version(rendered, self._opened.caller.cwd)
        return self._versions[unique_id]

    def _freshness(self) -> Mapping[str, PastFreshness]:
        if self._sources is None:
            found, _ = load_sources(self._opened.target_path)
            self._sources = found or {}
        return self._sources

    def close(self) -> None:
        """Remember what was worked out, and close the records."""
        if self._local is not None:
            self._local.save()
        self.builds.close()

    def standing(self, unique_id: str, catalog: Catalog) -> Standing:
        """Return how a resource stands between here and the baseline."""
        entry = self.graph.entries[unique_id]
        wanted = self.local().fingerprint(unique_id)
        copy = "none"
        record = None
        if exists(catalog, entry.kind, entry.relation):
            copy = "other"
            record = self.builds.record(record_name(entry) or "", unique_id)
            holdings = self.holdings()
            if record is not None and wanted is not None and held_by(record, holdings) == wanted:
                copy = "current"
        same = self._same(unique_id, wanted, catalog)
        return Standing(
            is_same=same is not None,
            layer=same if self._state.layers else None,
            is_copy_current=copy == "current",
            has_copy=copy != "none",
            is_recorded=record is not None,
            doubt=None if record is None else record.doubt,
        )

    def _same(self, unique_id: str, wanted: str | None, catalog: Catalog) -> int | None:
        """Return the first baseline whose relation is there and holds what is wanted."""
        if wanted is None or self._state.baseline is None:
            return None
        layers = [layer.baseline for layer in self._state.layers] or [self._state.baseline]
        for at, baseline in enumerate(layers):
            found = baseline.published.get(unique_id)
            if found is None or not is_deferrable(found) or is_there(catalog, found) is False:
                continue
            if self._prints(baseline.origin.location).fingerprint(unique_id) == wanted:
                return at
        return None

    def is_built_in_state(self, unique_id: str, catalog: Catalog) -> bool:
        """Whether the state's table of a resource is there, and holds what building it gives."""
        found = self._counterpart(unique_id)
        wanted = self.local().fingerprint(unique_id)
        if found is None or wanted is None or catalog.type_of(published_name(found)) != "table":
            return False
        prints = self.published_of(unique_id, found.relation_name)
        return prints is not None and prints.fingerprint(unique_id) == wanted

    def _counterpart(self, unique_id: str) -> Published | None:
        baseline = self._state.baseline
        found = None if baseline is None else baseline.published.get(unique_id)
        return found if found is not None and is_deferrable(found) else None

    def ledger(self, plan: Plan) -> Ledger:
        """Return what records the builds of a plan."""
        for decision in (one for step in plan.steps for one in step.inputs):
            if decision.place == "source":
                # What changes while it is read must not count as read.
                self._files(decision.target)
        entries = self.graph.entries
        flags = self._loaded.settings.flags
        invocation, request = self._opened.invocation, self._opened.request

        def relation_name(unique_id: str) -> str | None:
            return record_name(entries[unique_id])

        def materialized(unique_id: str) -> str:
            entry = entries[unique_id]
            return entry.materialized or entry.kind

        return Ledger(
            LedgerSetting(
                plan=plan,
                relation_names=relation_name,
                materialized=materialized,
                store=self.builds,
                prints=self.local,
                published=self.published_of,
                source_data=self.source_data,
                is_partial=any(flags.get(name) for name in _PARTIAL),
                is_clone_partial=isinstance(request, Clone) and request.is_partial,
                invocation_id=invocation.invocation_id,
                git_commit=invocation.git_commit,
            )
        )
