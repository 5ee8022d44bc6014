"""Build a microbatch model: one run of its materialization per window of time (PROJ-235).

Batches run one after the other. When the first fails there is nothing the others could add to, so
they are left out; a later failure leaves a hole that `retry` fills.
"""

from __future__ import annotations

import datetime
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
    todo = _batches(task, node)
    is_kept = is_added_to(task, node, "incremental")
    succeeded: list[Batch] = []
    errors: list[str] = []
    with task.timed("execute"):
        for number, batch in enumerate(todo, start=1):
            if errors and not succeeded:
                break
            error = _attempt(task, node, _Build(batch=batch, number=number, total=len(todo)))
            if error is None:
                succeeded.append(batch)
            else:
                errors.append(error)
    done = _summary(todo, succeeded, errors)
    return msgspec.structs.replace(done, relation_type="table", is_added_to=is_kept)


def _summary(todo: tuple[Batch, ...], succeeded: list[Batch], errors: list[str]) -> Done:
    failed = [batch for batch in todo if batch not in succeeded]
    done = Done(
        message="SUCCESS",
        failures=0,
        succeeded_batches=tuple(map(_span, succeeded)),
        failed_batches=tuple(map(_span, failed)),
    )
    if not failed:
        return done
    if not succeeded:
        return msgspec.structs.replace(done, status="error", message=f"ERROR\n{errors[0]}")
    count = f"PARTIAL SUCCESS ({len(succeeded)}/{len(todo)})"
    message = f"{count}\n{errors[0]}"
    return msgspec.structs.replace(done, status="partial success", message=message)


def _batches(task: Task, node: Node) -> tuple[Batch, ...]:
    size = _size(node)
    retried = task.setting.batches.get(node.unique_id)
    if retried is not None:
        return tuple(
            batch_of(read_moment(start), read_moment(end), size) for start, end in retried
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
    place = f"Batch {build.number} of {build.total}"
    task.world.say(f"{place} START {shown} [RUN]", "info", node.unique_id)
    started = time.perf_counter()
    try:
        _build(task, node, build)
    except Exception as error:  # noqa: BLE001 (the other batches must still run)
        task.session.rollback()
        message = describe_failure(error, task.resource, task.setting.adapter)[0]
        seconds = time.perf_counter() - started
        task.world.say(
            f"{place} ERROR creating {shown} [ERROR in {seconds:.2f}s]", "info", node.unique_id
        )
        return message
    seconds = time.perf_counter() - started
    task.world.say(f"{place} OK created {shown} [OK in {seconds:.2f}s]", "info", node.unique_id)
    return None


def _build(task: Task, node: Node, build: _Build) -> None:
    batch = build.batch
    overrides = _LATER if build.number > 1 else Overrides()
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
