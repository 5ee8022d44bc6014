"""The lineage of every resource of a project, each read when it is first asked for.

It is remembered under what it depends on: what the resource says (its identity among fingerprints)
and the columns its inputs are known to have. So it lasts as long as neither changes, whatever else
does, and a second look loads no parser.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from upriver.digest import digest_value
from upriver.graph.graph import Graph
from upriver.problems import Problem, ProblemsError, UpriverError
from upriver.project.fingerprints import LocalPrints
from upriver.project.lineage.schemas import Columns, Schemas
from upriver.project.loading import Loaded
from upriver.project.opened import OpenedProject
from upriver.resources.nodes import Node
from upriver.state.fingerprint.meaning import Meaning
from upriver.state.lineage.columns import ALL, Lineage, OutputColumn, everything

if TYPE_CHECKING:
    # Rendering and the parser are loaded for what is not remembered.
    from upriver.project.lineage.rendering import Rendering, Running
    from upriver.state.lineage.read import Input

READ = frozenset({"model", "snapshot"})
"""Kinds whose columns come from others'."""
_FORMAT = 3
_KEY = f"lineage-{_FORMAT}"
_QUERIES = frozenset(
    {"view", "table", "ephemeral", "materialized_view", "incremental", "external"}
)
_SNAPSHOT = ("dbt_scd_id", "dbt_updated_at", "dbt_valid_from", "dbt_valid_to", "dbt_is_deleted")
_ASKING = frozenset(
    {"run_query", "statement", "load_result", "graph", "context", "selected_resources", "env_var"}
)
_HARMLESS = ("grant", "analyze", "vacuum", "create index", "comment on", "{{ log", "{{log")
"""How hooks begin that leave rows and columns alone."""
_encode = msgspec.msgpack.Encoder().encode
_KEPT = msgspec.msgpack.Decoder(dict[str, msgspec.Raw])
_LINEAGE = msgspec.msgpack.Decoder(Lineage)


class Lineages:
    """Lineages of one project."""

    def __init__(
        self,
        opened: OpenedProject,
        loaded: Loaded,
        graph: Graph,
        running: Running,
        prints: LocalPrints | None = None,
        *,
        may_ask: bool = False,
        asks_columns: bool = False,
    ) -> None:
        """`running` is called for what is not remembered.

        `may_ask` says whether templates may ask the warehouse; else what asks is in doubt;
        `asks_columns`, whether it is asked for the columns of sources.
        """
        self._opened = opened
        self._graph = graph
        self._running = running
        self._own_prints = prints is None
        self._prints = prints or LocalPrints(loaded, opened.store, opened.workspace.root)
        self._may_ask = may_ask
        self._schemas = Schemas(opened, graph, self._asked_columns if asks_columns else None)
        self._rendering: Rendering | None = None
        self._found: dict[str, Lineage] = {}
        data = opened.store.get("text", _KEY)
        self._remembered = {} if data is None else _KEPT.decode(data)
        self._made: dict[str, msgspec.Raw] = {}

    def of(self, unique_id: str) -> Lineage:
        """Return the lineage of a resource; of one that reads nothing, an empty one."""
        stack = [unique_id]
        while stack:
            current = stack[-1]
            if current in self._found:
                stack.pop()
                continue
            waiting = [one for one in self.parents(current) if one not in self._found]
            if waiting:
                # A cycle was refused when the graph was linked.
                stack.extend(waiting)
                continue
            stack.pop()
            self._found[current] = self._make(current)
        return self._found[unique_id]

    def parents(self, unique_id: str) -> tuple[str, ...]:
        """Return the inputs of a resource."""
        entries = self._graph.entries
        parents = self._graph.parents.get(unique_id, ())
        return tuple(one for one in parents if entries[one].kind != "function")

    def columns(self, unique_id: str) -> Columns:
        """Return the columns a resource is known to have."""
        if self._graph.entries[unique_id].kind not in READ:
            return self._schemas.of(unique_id)
        lineage = self.of(unique_id)
        if lineage.is_complete:
            return Columns(lineage.names, is_complete=True)
        declared = self._schemas.of(unique_id)
        if declared.is_complete:
            return declared
        names = {name.lower(): name for name in (*declared.names, *lineage.names)}
        return Columns(tuple(names.values()), is_complete=False)

    def _make(self, unique_id: str) -> Lineage:
        node = self._graph.resources[unique_id]
        if self._graph.entries[unique_id].kind not in READ or not isinstance(node, Node):
            return Lineage()
        parents = self.parents(unique_id)
        doubt = self._doubt(node)
        if doubt is not None:
            return everything(parents, doubt)
        meaning = self._prints.meanings.get(unique_id)
        identity = None if asked_of(meaning) else self._prints.identity(unique_id)
        if identity is None:
            return self.read(node, parents)
        return self.kept(identity, parents, lambda: self.read(node, parents))

    def kept(self, what: str, inputs: Sequence[str], make: Callable[[], Lineage]) -> Lineage:
        """Return what is remembered of a text over inputs with these columns, or make it."""
        shapes = [(one, *self._shape(one)) for one in inputs]
        key = digest_value([what, self._opened.dialect.type, shapes])[:24]
        known = self._made.get(key) or self._remembered.get(key)
        if known is not None:
            return _LINEAGE.decode(known)
        lineage = make()
        self._made[key] = msgspec.Raw(_encode(lineage))
        return lineage

    def _doubt(self, node: Node) -> str | None:
        """Return why a resource's text does not say what is in it."""
        if node.language != "sql":
            return "it is not written in SQL"
        config = node.config
        materialized = config.get("materialized")
        if node.unique_id.startswith("model.") and materialized not in _QUERIES:
            return f"its materialization is `{materialized}`"
        if config.get("incremental_predicates") or config.get("sql_header"):
            return "it is configured with SQL of its own"
        if any(not sql.strip().lower().startswith(_HARMLESS) for sql in _hooks(config)):
            return "it has hooks"
        meaning = self._prints.meanings.get(node.unique_id)
        asked = asked_of(meaning)
        if asked and not self._may_ask:
            return f"its code asks for what may change: {asked[0]}"
        return None

    def _shape(self, unique_id: str) -> tuple[tuple[str, ...], bool]:
        columns = self.columns(unique_id)
        return columns.names, columns.is_complete

    def read(self, node: Node, parents: Sequence[str]) -> Lineage:
        """Read the lineage of a node's code, which need not be the one in the graph."""
        reading, rendering = _reader(), self._renders()
        try:
            texts = rendering.texts(node, parents)
        except UpriverError as error:
            return everything(parents, f"it cannot be rendered: {str(error).splitlines()[0]}")
        names = {one: rendering.name_of(one) for one in parents}
        names[node.unique_id] = rendering.name_of(node.unique_id)
        found = [self._read(node, rendering.with_names(text, parents), names) for text in texts]
        made = functools.reduce(reading.both, found)
        return made if made.doubt else _finished(made, node, self._graph)

    def read_text(
        self, node: Node, text: str, names: Mapping[str, tuple[str, ...]]
    ) -> Lineage | None:
        """Read a text of a node that reads inputs by other names; None if it has several texts."""
        if len(self._renders().texts(node, self.parents(node.unique_id))) > 1:
            return None
        made = self._read(node, text, names)
        return made if made.doubt else _finished(made, node, self._graph)

    def _read(self, node: Node, text: str, names: Mapping[str, tuple[str, ...]]) -> Lineage:
        dialect = self._opened.dialect
        reading = _reader()
        inputs = [self._input(one, name, node.unique_id) for one, name in names.items() if name]
        made: Lineage = reading.read_lineage(
            text, reading.dialect_of((dialect.type, *dialect.parents)), inputs, own=node.unique_id
        )
        return made

    def _input(self, unique_id: str, name: tuple[str, ...], own: str) -> Input:
        columns = Columns((), is_complete=False) if unique_id == own else self.columns(unique_id)
        made: Input = _reader().Input(
            unique_id=unique_id,
            name=name,
            columns=columns.names,
            is_complete=columns.is_complete,
        )
        return made

    def _asked_columns(self, relation_name: str) -> tuple[str, ...]:
        return self._renders().columns(relation_name)

    def _renders(self) -> Rendering:
        if self._rendering is None:
            # Rendering is loaded for what is not remembered.
            from upriver.project.lineage.rendering import Rendering

            self._rendering = Rendering(self._graph, self._running)
        return self._rendering

    def close(self) -> None:
        """Remember what was read, and close what was opened."""
        if self._rendering is not None:
            self._rendering.close()
        if self._own_prints:
            self._prints.save()
        if self._made:
            # What is not used any more is kept as long as it is not too much.
            limit = 4 * len(self._graph.entries) + 1000
            kept = self._remembered if len(self._remembered) < limit else {}
            self._opened.store.put([("text", _KEY, _encode({**kept, **self._made}))])
            self._made = {}


def asked_of(meaning: Meaning | None) -> list[str]:
    """Return what a text asks that rendering it again may answer otherwise."""
    volatile = () if meaning is None else meaning.volatile
    return [one for one in volatile if one in _ASKING or one.startswith("adapter.")]


def _reader() -> Any:
    """Return the module that has the parser, which may not be installed."""
    try:
        # The parser is loaded for what is not remembered, and is an extra.
        from upriver.state.lineage import read
    except ImportError as error:
        raise ProblemsError((_missing(),)) from error
    return read


def _missing() -> Problem:
    return Problem(
        code="lineage-parser-missing",
        message="Column lineage needs the SQL parser `sqlglot`, which is not installed",
        hint="pip install 'upriver[lineage]'",
    )


def _hooks(config: Mapping[str, Any]) -> Iterator[str]:
    for key in ("pre-hook", "post-hook"):
        hooks = config.get(key) or ()
        for hook in hooks if isinstance(hooks, list | tuple) else (hooks,):
            sql = hook.get("sql") if isinstance(hook, Mapping) else hook
            if isinstance(sql, str) and sql.strip():
                yield sql


def _finished(lineage: Lineage, node: Node, graph: Graph) -> Lineage:
    """Return the lineage of a relation: what its materialization makes of the query."""
    if node.unique_id.startswith("snapshot."):
        return _of_snapshot(lineage, node)
    if node.config.get("materialized") != "incremental":
        return lineage
    used = set(lineage.used)
    # Which rows are replaced is decided by the key.
    for name in _names(node.config.get("unique_key")):
        found = [column for column in lineage.columns if column.name.lower() == name.lower()]
        for column in found or lineage.columns:
            used.update(column.origins)
        if not found:
            used.update((passed.unique_id, ALL) for passed in lineage.passed)
    for parent in node.depends_on:
        config = getattr(graph.resources.get(parent), "config", None) or {}
        if node.config.get("incremental_strategy") == "microbatch" and config.get("event_time"):
            used.add((parent, str(config["event_time"]).lower()))
    return msgspec.structs.replace(lineage, used=tuple(sorted(used)))


def _of_snapshot(lineage: Lineage, node: Node) -> Lineage:
    """A changed value is a new row of a snapshot, so every column decides which rows there are."""
    used = set(lineage.used)
    for column in lineage.columns:
        used.update(column.origins)
    used.update((passed.unique_id, ALL) for passed in lineage.passed)
    names = node.config.get("snapshot_meta_column_names") or {}
    added = [
        OutputColumn(str(names.get(name) or name), "transform", tuple(sorted(used)), name)
        for name in _SNAPSHOT
        if name != "dbt_is_deleted" or node.config.get("hard_deletes") == "new_record"
    ]
    return msgspec.structs.replace(
        lineage, columns=(*lineage.columns, *added), used=tuple(sorted(used))
    )


def _names(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [str(name) for name in value] if isinstance(value, list | tuple) else []
