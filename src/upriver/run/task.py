"""One step in the hands of a worker: what it may use, and what it has to show so far."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal

import msgspec

from upriver.adapters.session import Session
from upriver.plan.plan import Step
from upriver.problems import Problem
from upriver.resources.answers import Response
from upriver.resources.nodes import Node, Resource, Seed
from upriver.run.compile import CompiledStep
from upriver.run.events import Freshness, Status, StepResult, Timing
from upriver.run.setting import RunSetting
from upriver.run.world import RunWorld

Phase = Literal["compile", "execute"]


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """How a step ended that did not fail."""

    status: Status = "success"
    message: str | None = None
    failures: int | None = None
    response: Response | None = None
    column_names: tuple[str, ...] = ()
    rows: tuple[tuple[Any, ...], ...] | None = None
    succeeded_batches: tuple[tuple[str, str], ...] = ()
    failed_batches: tuple[tuple[str, str], ...] = ()
    freshness: Freshness | None = None
    relation_type: str | None = None
    is_added_to: bool = False


class Task:
    """One step while it is carried out; private to the worker's thread."""

    def __init__(
        self,
        step: Step,
        resource: Resource | None,
        world: RunWorld,
        session: Session,
        names: Mapping[str, Any],
        began: Callable[[Phase], None] | None = None,
    ) -> None:
        """`began` is told of each phase."""
        self.step = step
        self.resource = resource
        self.world = world
        self.session = session
        self.names = names
        """Names that only this step's templates have: `results` and so on for on-run-end."""
        self.compiled: CompiledStep | None = None
        self.compiled_path: str | None = None
        self.build_path: str | None = None
        self.timing: list[Timing] = []
        self._began = began

    @property
    def setting(self) -> RunSetting:
        """What the whole run was given."""
        return self.world.setting

    def write_compiled(self, package: str, path: str) -> None:
        """Leave the compiled code for people to read; nothing where it is blank (CLI-135)."""
        writer = self.setting.writer
        if writer is not None and self.compiled is not None and self.compiled.code:
            self.compiled_path = writer.write("compiled", package, path, self.compiled.code)

    def write_sent(self, package: str, path: str, text: str) -> None:
        """Leave the main statement for people to read (CLI-132)."""
        writer = self.setting.writer
        if writer is not None:
            self.build_path = writer.write("run", package, path, text)

    @contextmanager
    def timed(self, name: Phase) -> Iterator[None]:
        """Record how long a phase took, also when it fails."""
        if self._began is not None:
            self._began(name)
        started = time.time()
        try:
            yield
        finally:
            self.timing.append(Timing(name=name, started_at=started, completed_at=time.time()))

    def result(self, done: Done, thread_id: str, seconds: float) -> StepResult:
        """Return the result of the step."""
        return StepResult(
            unique_id=self.step.unique_id,
            action=self.step.action,
            status=done.status,
            message=done.message,
            failures=done.failures,
            response=done.response,
            timing=tuple(self.timing),
            thread_id=thread_id,
            execution_time=seconds,
            compiled=self._is_compiled(),
            compiled_code=None if self.compiled is None else self.compiled.code,
            compiled_path=self.compiled_path,
            build_path=self.build_path,
            extra_ctes=() if self.compiled is None else self.compiled.extra_ctes,
            inlined=() if self.compiled is None else self.compiled.inlined,
            relation_name=shown_relation(self.resource),
            decisions=self.step.inputs,
            column_names=done.column_names,
            rows=done.rows,
            succeeded_batches=done.succeeded_batches,
            failed_batches=done.failed_batches,
            freshness=done.freshness,
            relation_type=done.relation_type,
            is_added_to=done.is_added_to,
            is_reused=self.step.reused is not None,
            cloned_from=self.step.clone,
        )

    def failure(
        self, message: str, problem: Problem, thread_id: str, seconds: float
    ) -> StepResult:
        """Return the result of the step when it failed."""
        is_counted = self.step.action in {"hook", "operation"}
        # A stale source is an error too; one that could not be looked at has a word of its own.
        status: Status = "runtime error" if self.step.action == "freshness" else "error"
        failed = Done(status=status, message=message, failures=1 if is_counted else None)
        return msgspec.structs.replace(self.result(failed, thread_id, seconds), problem=problem)

    def _is_compiled(self) -> bool | None:
        if self.compiled is not None:
            return True
        return False if has_code(self.resource) else None


def has_code(resource: Resource | None) -> bool:
    """Whether results say of a resource that it is compiled or not (ART-58)."""
    return resource is None or (isinstance(resource, Node) and not isinstance(resource, Seed))


def shown_relation(resource: Resource | None) -> str | None:
    """Return the relation that results name; seeds have none there (ART-58)."""
    if isinstance(resource, Node) and not isinstance(resource, Seed):
        return resource.relation_name
    return None
