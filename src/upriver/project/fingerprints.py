"""Fingerprints of the open project, with what is remembered of them between invocations.

Two things are kept in the store: the meaning of each resource, for as long as the graph it was
worked out from stands, and the normalised form of each text under the text's digest, so that
linking again from the start does not mean normalising again. Answers to questions are asked anew
every time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from upriver.digest import digest_bytes, digest_text
from upriver.graph.graph import Graph
from upriver.parse.world import Settings, find_var
from upriver.project.loading import Loaded, internal_packages
from upriver.project.memory import MEANINGS, STALE_MEANINGS
from upriver.project.recorder import found_digest, plain_digest
from upriver.project.store import Store
from upriver.resources.macro import Macro
from upriver.resources.nodes import Seed
from upriver.state.fingerprint.described import Described, describe
from upriver.state.fingerprint.macros import BuiltIn, Macros, MacroSource, built_in
from upriver.state.fingerprint.meaning import Meaning, Parts, meaning_of, parts_of
from upriver.state.fingerprint.prints import Answer, Prints, secret_free
from upriver.state.fingerprint.words import ALL_VARIABLES, FORMAT, Text

_TEXTS = f"texts-{FORMAT}"
_encode = msgspec.msgpack.Encoder().encode
_TEXTS_DECODER = msgspec.msgpack.Decoder(dict[bytes, Text])
_MEANINGS_DECODER = msgspec.msgpack.Decoder(dict[str, Meaning])


class Texts:
    """Normalised texts by the digest of what was written."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[bytes, Text] | None = None
        self._is_changed = False

    def read(self, text: str) -> Text:
        """Return what a text says."""
        if self._known is None:
            data = self._store.get("text", _TEXTS)
            self._known = {} if data is None else _TEXTS_DECODER.decode(data)
        key = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).digest()
        found = self._known.get(key)
        if found is None:
            # Reading texts is loaded for those that were not read before.
            from upriver.state.fingerprint.questions import read_text

            found = self._known[key] = read_text(text)
            self._is_changed = True
        return found

    def save(self) -> None:
        """Keep what was read."""
        if self._is_changed and self._known is not None:
            self._store.put([("text", _TEXTS, _encode(self._known))])
            self._is_changed = False


class LocalMeanings(Mapping[str, Meaning]):
    """The meaning of every resource of the graph, remembered or worked out when looked up."""

    def __init__(self, graph: Graph, side: LocalSide, remembered: dict[str, Meaning]) -> None:
        self._graph = graph
        self._side = side
        self._known = remembered
        self.made: dict[str, Meaning] = {}

    def __getitem__(self, unique_id: str) -> Meaning:
        found = self._known.get(unique_id)
        if found is None:
            found = self._make(unique_id)
            self._known[unique_id] = found
        return found

    def get(self, unique_id: str, default: Any = None) -> Any:
        """Return a meaning, or the default."""
        try:
            return self[unique_id]
        except KeyError:
            return default

    def __iter__(self) -> Iterator[str]:
        return iter(self._graph.entries)

    def __len__(self) -> int:
        return len(self._graph.entries)

    def _make(self, unique_id: str) -> Meaning:
        described = self._side.described(unique_id)
        if described is None:
            raise KeyError(unique_id)
        meaning = meaning_of(described, self._side.macros, self._side.texts.read)
        if not self._side.is_large_seed(unique_id):
            self.made[unique_id] = meaning
        return meaning


class LocalSide:
    """What meanings of the local graph are made with; macros are looked at when needed."""

    def __init__(self, loaded: Loaded, store: Store, root: str) -> None:
        self._graph = loaded.graph
        self._settings = loaded.settings
        self._root = root
        self._macros: Macros | None = None
        self._tool: BuiltIn | None = None
        self.texts = Texts(store)

    @property
    def tool(self) -> BuiltIn:
        """The built-in macros of this tool."""
        if self._tool is None:
            macros = self._graph.macros.values()
            dialect = self._settings.dialect
            self._tool = built_in(
                (macro for macro in macros if self.is_built_in(macro.package)),
                (dialect.type, *dialect.parents),
            )
        return self._tool

    def is_built_in(self, package: str) -> bool:
        """Whether a package comes with the tool."""
        facts = self._graph.facts
        return package in internal_packages(self._settings) or (
            package.startswith("dbt_")
            and package != facts.project_name
            and package not in facts.packages
            and not any(entry.package == package for entry in self._graph.entries.values())
        )

    @property
    def macros(self) -> Macros:
        """The macros of the project."""
        if self._macros is None:
            self._macros = self.side_of(
                {unique_id: _source(macro) for unique_id, macro in self._graph.macros.items()}
            )
        return self._macros

    def side_of(self, sources: Mapping[str, MacroSource]) -> Macros:
        """Return macros of either side, looked at by this tool's rules."""
        known: dict[str, bool] = {}

        def is_built_in(package: str) -> bool:
            if package not in known:
                known[package] = self.is_built_in(package)
            return known[package]

        return Macros(
            sources,
            self.tool,
            is_built_in=is_built_in,
            root=self._graph.facts.project_name,
            read=self.texts.read,
        )

    def described(self, unique_id: str) -> Described | None:
        """Return a resource of the graph as fingerprints look at it."""
        entry = self._graph.entries.get(unique_id)
        if entry is None:
            return None
        resource = self._graph.resources[unique_id]
        if isinstance(resource, Seed) and resource.checksum_name != "sha256":
            return describe(resource, self._file_digest(resource))
        return describe(resource)

    def is_large_seed(self, unique_id: str) -> bool:
        """Whether a seed's checksum says nothing about its content."""
        if not unique_id.startswith("seed."):
            return False
        return getattr(self._graph.resources[unique_id], "checksum_name", "") != "sha256"

    def _file_digest(self, seed: Seed) -> str | None:
        path = Path(seed.root_path or self._root, seed.original_file_path)
        try:
            return digest_bytes(path.read_bytes())
        except OSError:
            return None


class LocalPrints(Prints):
    """The fingerprints of the open project."""

    def __init__(self, loaded: Loaded, store: Store, root: str) -> None:
        self.side = LocalSide(loaded, store, root)
        self._store = store
        self._seen = store.get("snapshot", "last")
        self._local = LocalMeanings(loaded.graph, self.side, _remembered(store))
        super().__init__(self._local, local_answers(loaded.settings))

    def parts(self, unique_id: str) -> Parts | None:
        """Return the named parts of a resource's meaning."""
        described = self.side.described(unique_id)
        if described is None:
            return None
        return parts_of(described, self.side.macros, self.side.texts.read)

    def form(self, unique_id: str) -> str | None:
        """Return the digest of the form in which a resource is kept."""
        meaning = self._local.get(unique_id)
        return None if meaning is None else meaning.form

    def answers(self, unique_id: str) -> dict[str, str]:
        """Return the answers a resource is given, as far as they may be kept."""
        meaning = self._local.get(unique_id)
        if meaning is None:
            return {}
        given = ((ask, self.answer(ask, meaning.package)) for ask in meaning.asks)
        return {ask: digest for ask, digest in given if digest is not None}

    def save(self) -> None:
        """Remember what was worked out."""
        self.side.texts.save()
        # Another process may have linked the project again meanwhile.
        if self._local.made and self._store.get("snapshot", "last") == self._seen:
            known = {**_remembered(self._store), **self._local.made}
            self._store.put([("graph", MEANINGS, _encode(known)), ("graph", STALE_MEANINGS, None)])
            self._local.made = {}


def _remembered(store: Store) -> dict[str, Meaning]:
    data = store.get("graph", MEANINGS)
    if data is None:
        return {}
    known = _MEANINGS_DECODER.decode(data)
    stale = store.get("graph", STALE_MEANINGS)
    for unique_id in msgspec.msgpack.decode(stale, type=tuple[str, ...]) if stale else ():
        known.pop(unique_id, None)
    return known


def local_answers(settings: Settings) -> Answer:
    """Return what answers questions with the values of this invocation."""
    known: dict[tuple[str, str], str | None] = {}

    def answer(question: str, package: str) -> str | None:
        key = (question, package if question.startswith("var") else "")
        if key not in known:
            known[key] = secret_free(question, _answer(settings, question, package))
        return known[key]

    return answer


def _answer(settings: Settings, question: str, package: str) -> str:
    kind, _, name = question.partition(":")
    if kind == "var":
        return found_digest(find_var(settings, name, package))
    if kind == "env":
        value = settings.env.get(name)
        return "absent" if value is None else digest_text(value)
    if kind == "target":
        target = dict(settings.target)
        return plain_digest(target.get(name, "absent") if name else target)
    if question == ALL_VARIABLES:
        return plain_digest((dict(settings.cli_vars), dict(settings.vars_by_package)))
    return "unknown"


def _source(macro: Macro) -> MacroSource:
    return MacroSource(sql=macro.macro_sql, depends_on=macro.depends_on)
