"""One thread's hands: a session, and the actions it can carry out."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from upriver.adapters.cache import RelationCache
from upriver.adapters.session import OnQuery, Session
from upriver.jinja.errors import MacroReturn
from upriver.plan.plan import Action, Step
from upriver.problems import WarehouseError
from upriver.resources.macro import Macro
from upriver.resources.nodes import Resource
from upriver.run.actions.clone import run_clone
from upriver.run.actions.compiling import run_compile, run_show
from upriver.run.actions.data_test import run_data_test
from upriver.run.actions.freshness import run_freshness
from upriver.run.actions.function import run_function
from upriver.run.actions.hook import run_hook
from upriver.run.actions.model import run_model, run_snapshot
from upriver.run.actions.nothing import run_nothing
from upriver.run.actions.operation import run_operation
from upriver.run.actions.seed import run_seed
from upriver.run.actions.unit_test import run_unit_test
from upriver.run.compile import compile_apart
from upriver.run.events import Inlined, PhaseBegan, QueryRan, StepResult
from upriver.run.messages import describe_failure, unbuilt_hint
from upriver.run.query_comment import step_comment
from upriver.run.setting import RunSetting
from upriver.run.task import Done, Phase, Task
from upriver.run.world import RunWorld
from upriver.state.rules.statements import written_guard

ACTIONS: Mapping[Action, Callable[[Task], Done]] = {
    "run": run_model,
    "seed": run_seed,
    "test": run_data_test,
    "snapshot": run_snapshot,
    "unit-test": run_unit_test,
    "compile": run_compile,
    "show": run_show,
    "clone": run_clone,
    "hook": run_hook,
    "no-op": run_nothing,
    "operation": run_operation,
    "function": run_function,
    "freshness": run_freshness,
}

Tell = Callable[[QueryRan | PhaseBegan], None]


class StepWorker:
    """Carries out steps with one session; used by one thread at a time."""

    def __init__(self, world: RunWorld, cache: RelationCache, name: str, tell: Tell) -> None:
        """`tell` receives statements, where the setting wants them reported."""
        setting = world.setting
        self._name = name
        self._tell = tell
        self._session = Session(
            setting.warehouse,
            cache,
            name=name,
            on_query=None if setting.on_query is None else _reporter(tell),
        )
        self._world = world.for_worker(self._session)

    @property
    def session(self) -> Session:
        """The worker's door to the warehouse."""
        return self._session

    @property
    def world(self) -> RunWorld:
        """The run's world, through this worker's session."""
        return self._world

    def perform(self, step: Step, names: Mapping[str, Any] | None = None) -> StepResult:
        """Carry out one step; whatever goes wrong is its result."""
        started = time.perf_counter()
        resource = find_resource(step, self._world.setting)
        task = Task(
            step, resource, self._world, self._session, self._names(names), self._phases(step)
        )
        self._session.name = step.unique_id
        try:
            self._session.comment = step_comment(self._world, resource)
            self._session.guard = written_guard(self._world.setting.denials, resource)
            with self._world.slots.step():
                done = ACTIONS[step.action](task)
        except (Exception, MacroReturn) as error:  # noqa: BLE001 (a step must not end the run)
            return self._failed(task, error, time.perf_counter() - started)
        finally:
            self._tidy()
        return task.result(done, self._name, time.perf_counter() - started)

    def compile_apart(self, step: Step) -> tuple[Inlined, ...]:
        """Compile an ephemeral model that no step inlined."""
        self._session.name = step.unique_id
        try:
            self._session.comment = step_comment(
                self._world, find_resource(step, self._world.setting)
            )
            return compile_apart(step, self._world, self._names(None))
        finally:
            self._tidy()

    def cancel(self) -> None:
        """Interrupt the running statement; called from the coordinator's thread."""
        self._session.cancel()

    def close(self) -> None:
        """Disconnect."""
        try:
            self._session.close()
        except WarehouseError:
            # Nobody is left to be told, and nothing was promised about an open transaction.
            return

    def _phases(self, step: Step) -> Callable[[Phase], None] | None:
        if self._world.setting.on_query is None:
            return None

        def began(phase: Phase) -> None:
            self._tell(PhaseBegan(unique_id=step.unique_id, phase=phase, thread_id=self._name))

        return began

    def _names(self, names: Mapping[str, Any] | None) -> dict[str, Any]:
        return {"thread_id": self._name, **(names or {})}

    def _failed(self, task: Task, error: BaseException, seconds: float) -> StepResult:
        message, problem = describe_failure(error, self._about(task), self._world.setting.adapter)
        if isinstance(error, WarehouseError) and problem.hint is None:
            # Asked only now that the aborted transaction is out of the way.
            self._tidy()
            hint = unbuilt_hint(task.step, str(error), self._session)
            problem = msgspec.structs.replace(problem, hint=hint)
        return task.failure(message, problem, self._name, seconds)

    def _about(self, task: Task) -> Resource | Macro | None:
        """Return what a failure names: for an operation, the macro."""
        call = self._world.setting.operation
        if task.step.action != "operation" or call is None:
            return task.resource
        return self._world.setting.macros.find_operation(call.macro)

    def _tidy(self) -> None:
        """Leave nothing open: what a step did not commit was not meant to stay (CLI-77)."""
        try:
            if self._session.in_transaction:
                self._session.rollback()
        except WarehouseError:
            self.close()


def find_resource(step: Step, setting: RunSetting) -> Resource | None:
    """Return what a step is about; None for operations, which are macros."""
    if step.action == "operation":
        return None
    return setting.graph.resources[step.unique_id]


def _reporter(tell: Tell) -> OnQuery:
    def report(sql: str, name: str, seconds: float | None, status: str) -> None:
        tell(QueryRan(sql=sql, connection=name, seconds=seconds, status=status))

    return report
