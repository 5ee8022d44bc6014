"""Carry out a plan and report what happens.

Order: missing schemas, on-run-start, the steps, on-run-end (CLI-63). Hooks and steps go through
the same coordinator, hooks one after the other on the session `main`, so that a request to stop
reaches both alike.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from upriver.adapters.cache import RelationCache
from upriver.adapters.contract import ConnectionRefused
from upriver.jinja.errors import MacroReturn
from upriver.plan.plan import Plan, Step
from upriver.problems import Problem, ProblemsError, UpriverError
from upriver.resources.nodes import Operation
from upriver.run.actions.hook import hook_name
from upriver.run.coordinator import Mailbox, Orders, Outcome, coordinate
from upriver.run.events import (
    Event,
    Inlined,
    Printed,
    QueryRan,
    RunFinished,
    RunStarted,
    StepResult,
)
from upriver.run.result_view import end_names
from upriver.run.schemas import create_schemas
from upriver.run.setting import RunSetting
from upriver.run.task import has_code, shown_relation
from upriver.run.worker import StepWorker, find_resource
from upriver.run.world import RunWorld

_MAIN = "main"
_BLOCKING = frozenset({"error", "runtime error", "skipped", "partial success"})
_BLOCKING_BUILD = _BLOCKING | {"fail"}


def execute(plan: Plan, setting: RunSetting) -> Generator[Event]:
    """Carry out the plan.

    The events are the only output; `report_of` gathers their results. Closing the iterator early
    cancels what is running. Raises ProblemsError when a schema cannot be created, before anything
    ran.
    """
    started = time.perf_counter()
    run = _Run(plan, setting)
    yield RunStarted(total=run.total, threads=setting.threads, target=setting.target_name)
    try:
        for event in run.carry_out():
            if not isinstance(event, QueryRan):
                yield event
            elif setting.on_query is not None:
                setting.on_query(event)
    finally:
        run.close()
    elapsed = time.perf_counter() - started
    yield RunFinished(
        elapsed=elapsed, is_interrupted=run.is_interrupted, inlined=tuple(run.inlined)
    )


def with_unit_tests(steps: Sequence[Step]) -> tuple[Step, ...]:
    """Give each unit test of a model's step a step of its own, which the model waits for.

    They run in the model's place and before it, and a failed one blocks the model (CLI-67,
    CLI-68); the coordinator needs to know nothing about that.
    """
    if not any(step.unit_tests for step in steps):
        return tuple(steps)
    expanded: list[Step] = []
    for step in steps:
        for test in step.unit_tests:
            expanded.append(
                Step(
                    unique_id=test,
                    action="unit-test",
                    waits_for=step.waits_for,
                    inputs=step.inputs,
                )
            )
        expanded.append(
            msgspec.structs.replace(
                step, waits_for=(*step.waits_for, *step.unit_tests), unit_tests=()
            )
        )
    return tuple(expanded)


class _Run:
    """One plan being carried out."""

    def __init__(self, plan: Plan, setting: RunSetting) -> None:
        self._plan = plan
        self._setting = setting
        self._steps = with_unit_tests(plan.steps)
        self._mailbox = Mailbox()
        if setting.stop is not None:
            setting.stop.deliver_to(self._mailbox.queue)
        self._world = RunWorld(setting, selected=plan.selected, say=self._mailbox.say)
        self._cache = setting.cache or RelationCache(
            drops_dependent_views=setting.adapter.capabilities.drops_dependent_views
        )
        self._main = self._worker(_MAIN)
        self._outcomes: list[Outcome] = []
        self.inlined: list[Inlined] = []

    @property
    def total(self) -> int:
        """How many steps and hooks there are."""
        return len(self._plan.before) + len(self._steps) + len(self._plan.after)

    @property
    def is_interrupted(self) -> bool:
        """Whether somebody asked to stop."""
        return any(outcome.is_interrupted for outcome in self._outcomes)

    def carry_out(self) -> Iterator[Event]:
        """Do everything, in order."""
        self._create_schemas()
        before = Outcome()
        yield from self._hooks(self._plan.before, {}, before)
        steps = Outcome()
        yield from self._batch(self._steps, self._step_orders(before), self._worker, steps)
        if not self.is_interrupted:
            yield from self._compile_rest(steps.results)
            names = end_names(steps.results, self._setting.graph.resources)
            yield from self._hooks(self._plan.after, names, Outcome())
        yield from self._mailbox.left()

    def _compile_rest(self, results: Sequence[StepResult]) -> Iterator[Event]:
        """Compile selected ephemeral models that no step did; a failure fails nothing, as in dbt."""
        done = {one.unique_id for result in results for one in result.inlined}
        for step in self._plan.inlined:
            if step.unique_id in done:
                continue
            try:
                made = self._main.compile_apart(step)
            except (UpriverError, MacroReturn) as error:
                text = f"`{step.unique_id}` could not be compiled: {error}"
                yield Printed(text=text, level="warn", unique_id=step.unique_id)
                continue
            done.update(one.unique_id for one in made)
            self.inlined += made

    def close(self) -> None:
        """Disconnect what the run itself holds."""
        self._main.close()

    def _worker(self, name: str) -> StepWorker:
        tell = self._setting.at_once or self._mailbox.pass_on
        return StepWorker(self._world, self._cache, name, tell)

    def _create_schemas(self) -> None:
        try:
            if self._plan.command == "test":
                # Every test would say for itself that there is no connection.
                self._main.session.connect()
            if self._plan.schemas:
                create_schemas(self._plan.schemas, self._main.world, self._main.session)
        except ConnectionRefused as error:
            raise ProblemsError((self._unreachable(error),)) from error
        except UpriverError as error:
            names = ", ".join(str(name.schema) for name in self._plan.schemas)
            problem = Problem(
                code="schema-not-created",
                message=f"Could not create the schemas the run writes to ({names}): {error}",
            )
            raise ProblemsError((problem,)) from error

    def _unreachable(self, error: ConnectionRefused) -> Problem:
        setting = self._setting
        return Problem(
            code="connection-failed",
            message=f"Could not connect to {setting.adapter.dialect.type} for target"
            f" `{setting.target_name}`: {error}",
            hint="Is the warehouse running, and does the profile name its place and user? `upriver"
            " debug` checks the connection step by step",
        )

    def _hooks(
        self, hooks: Sequence[Step], names: Mapping[str, Any], outcome: Outcome
    ) -> Iterator[Event]:
        """Run hooks one after the other; a failed one skips those behind it (PROJ-242)."""
        chained = tuple(
            msgspec.structs.replace(hook, waits_for=(hooks[at - 1].unique_id,) if at else ())
            for at, hook in enumerate(hooks)
        )
        orders = Orders(
            threads=1,
            blocking=_BLOCKING,
            thread_names=_main_name,
            leave=self._leave_hook,
        )
        yield from self._batch(chained, orders, lambda _: _HookHand(self._main, names), outcome)

    def _batch(
        self, steps: Sequence[Step], orders: Orders, open_worker: Any, outcome: Outcome
    ) -> Iterator[Event]:
        outcome.is_interrupted = self.is_interrupted
        self._outcomes.append(outcome)
        if steps:
            yield from coordinate(steps, orders, open_worker, self._mailbox, outcome)

    def _step_orders(self, before: Outcome) -> Orders:
        setting = self._setting
        failed = next((r.unique_id for r in before.results if r.status == "error"), None)
        is_strict = setting.settings.flags.get("SKIP_NODES_IF_ON_RUN_START_FAILS")
        return Orders(
            threads=max(1, setting.threads),
            blocking=_BLOCKING_BUILD if self._plan.command == "build" else _BLOCKING,
            is_fail_fast=setting.is_fail_fast,
            durations=setting.durations,
            leave=self._leave,
            skipped_by=failed if is_strict else None,
        )

    def _leave(self, step: Step, message: str | None, skipped_by: str | None) -> StepResult:
        resource = find_resource(step, self._setting)
        return StepResult(
            unique_id=step.unique_id,
            action=step.action,
            status="skipped",
            message=message,
            compiled=False if has_code(resource) else None,
            relation_name=shown_relation(resource),
            decisions=step.inputs,
            skipped_by=skipped_by,
        )

    def _leave_hook(self, step: Step, message: str | None, skipped_by: str | None) -> StepResult:
        hook = self._setting.graph.resources[step.unique_id]
        name = hook_name(hook) if isinstance(hook, Operation) else hook.name
        return StepResult(
            unique_id=step.unique_id,
            action="hook",
            status="skipped",
            message=message or f"{name} skipped",
            failures=1,
            thread_id=_MAIN,
            compiled=False,
            skipped_by=skipped_by,
        )


class _HookHand:
    """The main worker as the coordinator sees it while hooks run; it outlives them."""

    def __init__(self, main: StepWorker, names: Mapping[str, Any]) -> None:
        self._main = main
        self._names = names

    def perform(self, step: Step) -> StepResult:
        """Run one hook."""
        return self._main.perform(step, self._names)

    def cancel(self) -> None:
        """Interrupt the running statement."""
        self._main.cancel()

    def close(self) -> None:
        """Keep the session: on-run-end uses it too."""


def _main_name(_number: int) -> str:
    return _MAIN
