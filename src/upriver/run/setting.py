"""What a run needs besides its plan: the project, the open warehouse, and the outside values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from upriver.adapters.cache import RelationCache
from upriver.adapters.contract import Adapter, OpenWarehouse
from upriver.graph.graph import Graph
from upriver.jinja.macro_table import MacroTable
from upriver.parse.world import Settings
from upriver.plan.plan import Decision
from upriver.run.batches import PastBatches
from upriver.run.events import PhaseBegan, QueryRan
from upriver.run.stop import Stop
from upriver.run.writer import Writer
from upriver.state.baseline import Published
from upriver.state.rules.denial import Denials
from upriver.workspace.settings import QueryComment


class OperationCall(msgspec.Struct, frozen=True, kw_only=True):
    """What `run-operation` was asked to call."""

    macro: str
    """`name` or `package.name`."""
    arguments: Mapping[str, Any] = {}
    decisions: Mapping[str, Decision] = {}
    """Where what it may ask for is read, by unique_id; the target's own where it does not say."""
    on_read: Callable[[Decision], None] | None = None
    """Told of each reference before its relation is given away; may raise CompilationError."""


class ShowOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How many rows `show` returns."""

    limit: int | None = 5
    """None returns all rows."""


class CloneOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What copies of published relations are made of."""

    mode: str = "auto"
    """`auto`, `copy` or `view`: what becomes a table of its own."""
    limit: int | None = None
    """Rows to copy."""
    where: str | None = None
    """A condition that copied rows meet."""

    @property
    def is_partial(self) -> bool:
        """Whether copies hold some of the rows only."""
        return self.limit is not None or self.where is not None


class RunSetting(msgspec.Struct, frozen=True, kw_only=True):
    """Everything `execute` reads that is not in the plan. One per invocation."""

    graph: Graph
    settings: Settings
    """The outside values of this invocation; `flags` hold `FULL_REFRESH`, `EMPTY`, `WHICH`, ..."""
    macros: MacroTable
    adapter: Adapter
    warehouse: OpenWarehouse
    threads: int = 4
    target_name: str = "default"
    project_root: str = "."
    """Directory of the root project; seed files are looked up below it or `Seed.root_path`."""
    writer: Writer | None = None
    """Writes compiled and run files; None writes nothing."""
    is_fail_fast: bool = False
    published: Mapping[str, Published] = {}
    """Counterparts that references may be deferred to, for `defer_relation` (JINJA-73)."""
    denials: Denials | None = None
    """Rules about what may not be read; what no plan could see is asked about while running."""
    durations: Mapping[str, float] = {}
    """Seconds each step took before, by unique_id; long paths start first."""
    operation: OperationCall | None = None
    show: ShowOptions = ShowOptions()
    cloning: CloneOptions = CloneOptions()
    stop: Stop | None = None
    """How others (a signal handler, a server) ask the run to stop."""
    on_query: Callable[[QueryRan], None] | None = None
    """Told of every statement, in the thread that reads the events; None where no debug log is
    kept, which saves the reporting."""
    at_once: Callable[[QueryRan | PhaseBegan], None] | None = None
    """Told of statements and phases in the threads of the workers, instead of `on_query` and the
    events. Waking another thread for each of them takes longer than writing it down."""
    query_comment: QueryComment = QueryComment(comment=None)
    """`query-comment` of the root project (PROJ-246)."""
    memory: dict[str, Any] = {}
    """Process-wide store of compiled templates, shared with parsing."""
    cache: RelationCache | None = None
    """The relation cache filled while planning; None begins with an empty one."""
    batches: Mapping[str, PastBatches] = {}
    """Microbatch models of which only failed batches are to run (`retry`), by unique_id."""
    fixtures: Mapping[str, str] = {}
    """Text of unit-test fixture files by name with extension, e.g. `orders.csv`."""
