"""Build a microbatch model: one run of its materialization per window of time (PROJ-235).

The first batch comes first, since it may make the table, and the last one last, for its hooks.
When the first fails there is nothing the others could add to, so they are left out; a later
failure leaves a hole that `retry` fills. Those between run side by side where the warehouse and
the model allow it, in this thread and in such as are idle (`run/slots.py`).
"""

from __future__ import annotations

import datetime
import re
import threading
import time
from collections.abc import Mapping
from typing import Any, cast

import msgspec

from upriver.jinja.errors import CompilationError
from upriver.jinja.subject import Overrides
from upriver.resources.nodes import Model, Node
from upriver.resources.relation import RelationName
from upriver.run.actions.building import is_added_to
from upriver.run.batches import BATCH_SIZES, Batch, BatchSize, Window, batch_of, batches
from upriver.run.compile import Compiler, node_of
from upriver.run.graph_view import batch_config
from upriver.run.materialize import materialize
from upriver.run.messages import describe_failure
from upriver.run.narrowing import in_batch, narrowing_of, read_moment
from upriver.run.subjects import RunParts
from upriver.run.task import Done, Task

_STRATEGY_MACRO = "get_incremental_microbatch_sql"
_CUSTOM_FLAG = "REQUIRE_BATCHED_EXECUTION_FOR_CUSTOM_MICROBATCH_STRATEGY"
_CONCURRENCY = "MicrobatchConcurrency"
"""The capability that lets batches run side by side (ADPT-15)."""
_READS_ITSELF = re.compile(r"\{[{%][^{}]*\bthis\b")
_LINE_WIDTH = 86
_LATER = Overrides(macros={"is_incremental": True, "should_full_refresh": False})
"""After the first batch the table exists and was made by this run, whatever the flags say."""


class _Build(msgspec.Struct, frozen=True, kw_only=True):
    """One batch and its place among the others."""

    batch: Batch
    number: int
    total: int


def is_batched(task: Task) -> bool:
    """Whether a model is built in batches; a project with its own strategy must ask for it."""
    node = task.resource
    if not isinstance(node, Model):
        return False
    config = node.config
    if config.get("materialized") != "incremental":
        return False
    if config.get("incremental_strategy") != "microbatch":
        return False
    macro = task.setting.macros.find(_STRATEGY_MACRO, node.package)
    is_own = macro is not None and not macro.package.startswith("dbt")
    return not is_own or bool(task.setting.settings.flags.get(_CUSTOM_FLAG))


def run_batches(task: Task) -> Done:
    """Build every batch and say how many succeeded."""
    node = node_of(task.step, task.world)
    with task.timed("compile"):
        todo = _batches(task, node)
        is_kept = is_added_to(task, node, "incremental")
    builds = [
        _Build(batch=batch, number=number, total=len(todo))
        for number, batch in enumerate(todo, start=1)
    ]
    errors: dict[int, str | None] = {}
    """By number of the batch; None where it succeeded."""
    with task.timed("execute"):
        _carry_out(task, node, builds, errors)
    succeeded = [b.batch for b in builds if b.number in errors and errors[b.number] is None]
    failed = [b.batch for b in builds if b.batch not in succeeded]
    told = [errors[number] for number in sorted(errors) if errors[number] is not None]
    done = _summary(succeeded, failed, told[0] if told else None)
    # What succeeded before counts, so that the next retry knows of it (as observed).
    past = task.setting.batches.get(node.unique_id)
    before = () if past is None else past.succeeded
    return msgspec.structs.replace(
        done,
        succeeded_batches=(*done.succeeded_batches, *before),
        relation_type="table",
        is_added_to=is_kept or past is not None,
    )


def _carry_out(
    task: Task, node: Node, builds: list[_Build], errors: dict[int, str | None]
) -> None:
    if not builds:
        return
    errors[1] = _attempt(task, node, builds[0])
    if errors[1] is not None:
        return
    between, last = builds[1:-1], builds[-1:] if len(builds) > 1 else []
    if len(between) > 1 and _is_concurrent(task, node):
        _Crew(task, node, between, errors).work()
    else:
        errors.update((build.number, _attempt(task, node, build)) for build in between)
    errors.update((build.number, _attempt(task, node, build)) for build in last)


def _is_concurrent(task: Task, node: Node) -> bool:
    """Whether batches may run side by side: by config, else unless the model reads itself."""
    if _CONCURRENCY not in task.setting.adapter.capabilities.supports:
        return False
    wanted = node.config.get("concurrent_batches")
    return _READS_ITSELF.search(node.raw_code) is None if wanted is None else bool(wanted)


class _Crew:
    """This thread and its helpers, which build batches until none is left."""

    def __init__(
        self, task: Task, node: Node, builds: list[_Build], errors: dict[int, str | None]
    ) -> None:
        self._task = task
        self._node = node
        self._waiting = list(reversed(builds))
        self._errors = errors
        self._helpers: list[threading.Thread] = []
        self._lock = threading.Lock()

    def work(self) -> None:
        """Build everything, calling in helpers whenever threads are idle."""
        while (build := self._next()) is not None:
            self._call_helpers()
            self._errors[build.number] = _attempt(self._task, self._node, build)
        for helper in self._helpers:
            helper.join()

    def _next(self) -> _Build | None:
        with self._lock:
            return self._waiting.pop() if self._waiting else None

    def _call_helpers(self) -> None:
        for _ in range(len(self._waiting)):
            if not self._task.world.slots.take():
                return
            # Daemon threads, since a driver that ignores cancellation must not keep the process.
            helper = threading.Thread(target=self._help, daemon=True)
            self._helpers.append(helper)
            helper.start()

    def _help(self) -> None:
        task = self._task
        slots = task.world.slots
        try:
            with task.session.sibling() as session:
                own = Task(
                    task.step, task.resource, task.world.for_worker(session), session, task.names
                )
                while not slots.is_short() and (build := self._next()) is not None:
                    self._errors[build.number] = _attempt(own, self._node, build)
        finally:
            slots.give_back()


def _summary(succeeded: list[Batch], failed: list[Batch], error: str | None) -> Done:
    done = Done(
        message="SUCCESS",
        failures=0,
        succeeded_batches=tuple(map(_span, succeeded)),
        failed_batches=tuple(map(_span, failed)),
    )
    if not failed:
        return done
    if not succeeded:
        return msgspec.structs.replace(done, status="error", message=f"ERROR\n{error}")
    count = f"PARTIAL SUCCESS ({len(succeeded)}/{len(succeeded) + len(failed)})"
    message = f"{count}\n{error}"
    return msgspec.structs.replace(done, status="partial success", message=message)


def _batches(task: Task, node: Node) -> tuple[Batch, ...]:
    size = _size(node)
    retried = task.setting.batches.get(node.unique_id)
    if retried is not None:
        return tuple(
            batch_of(read_moment(start), read_moment(end), size) for start, end in retried.failed
        )
    settings = task.setting.settings
    lookback = node.config.get("lookback")
    return batches(
        Window(
            size=size,
            lookback=1 if lookback is None else int(lookback),
            begin=read_moment(_required(node, "begin")),
            now=settings.invocation.started_at,
            start=_flag_moment(settings.flags, "EVENT_TIME_START"),
            end=_flag_moment(settings.flags, "EVENT_TIME_END"),
            is_incremental=_is_incremental(task, node),
        )
    )


def _attempt(task: Task, node: Node, build: _Build) -> str | None:
    """Build one batch; return the error text of one that failed."""
    shown = f"batch {build.batch.name} of {node.schema}.{node.alias}"
    _say(task, build, f"START {shown}", "RUN")
    started = time.perf_counter()
    try:
        _build(task, node, build)
    except Exception as error:  # noqa: BLE001 (the other batches must still run)
        task.session.rollback()
        message = describe_failure(error, task.resource, task.setting.adapter)[0]
        seconds = time.perf_counter() - started
        _say(task, build, f"ERROR creating {shown}", f"ERROR in {seconds:.2f}s")
        return message
    seconds = time.perf_counter() - started
    _say(task, build, f"OK created {shown}", f"OK in {seconds:.2f}s")
    return None


def _say(task: Task, build: _Build, text: str, status: str) -> None:
    line = f"Batch {build.number} of {build.total} {text} ".ljust(_LINE_WIDTH, ".")
    task.world.say(f"{line} [{status}]", "info", task.step.unique_id)


def _build(task: Task, node: Node, build: _Build) -> None:
    batch = build.batch
    # Batches that are built again are added to the table of the run that failed.
    is_retried = node.unique_id in task.setting.batches
    overrides = _LATER if build.number > 1 or is_retried else Overrides()
    narrowing = in_batch(narrowing_of(task.setting.settings), batch)
    compiler = Compiler(task.step, task.world, task.names, narrowing, overrides, batch)
    compiled = compiler.compile(node)
    path = _path(node, batch)
    if task.setting.writer is not None:
        # The model as a whole has no code: every batch has its own.
        task.setting.writer.write("compiled", node.package, path, compiled.code)
    parts = RunParts(
        resolver=compiler.resolver(node),
        code=compiled.code,
        path=path,
        names=task.names,
        config=_config(node, build),
        overrides=overrides,
        batch=batch,
    )
    materialize(task, node, "incremental", parts)


def _config(node: Node, build: _Build) -> dict[str, Any]:
    """The config of one batch: hooks run once, before the first and after the last."""
    config = {**node.config, **batch_config(build.batch)}
    if build.number > 1:
        config["pre-hook"] = []
    if build.number < build.total:
        config["post-hook"] = []
    return config


def _is_incremental(task: Task, node: Node) -> bool:
    asked = node.config.get("full_refresh")
    if asked is None:
        asked = task.setting.settings.flags.get("FULL_REFRESH")
    if asked:
        return False
    name = RelationName(database=node.database, schema=node.schema, identifier=node.alias)
    found = task.session.relation(name)
    return found is not None and found.type == "table"


def _size(node: Node) -> BatchSize:
    size = str(_required(node, "batch_size")).lower()
    if size not in BATCH_SIZES:
        raise CompilationError(
            f"`{size}` is not a batch size",
            node,
            code="microbatch-config",
            hint=f"The sizes are {', '.join(BATCH_SIZES)}",
        )
    return cast("BatchSize", size)


def _required(node: Node, key: str) -> Any:
    value = node.config.get(key)
    if value is None:
        raise CompilationError(
            f"The microbatch model `{node.name}` needs the config `{key}`",
            node,
            code="microbatch-config",
            hint="Microbatch models need `event_time`, `begin` and `batch_size`",
        )
    return value


def _flag_moment(flags: Mapping[str, Any], name: str) -> datetime.datetime | None:
    value = flags.get(name)
    return None if not value else read_moment(value)


def _path(node: Node, batch: Batch) -> str:
    """Return where a batch's files are written: one folder per model (CLI-133)."""
    stem, _, suffix = node.original_file_path.rpartition(".")
    name = stem.rpartition("/")[2]
    return f"{stem}/{name}_{batch.name}.{suffix}"


def _span(batch: Batch) -> tuple[str, str]:
    return batch.start.isoformat(), batch.end.isoformat()
