"""The one loop that hands steps to workers and says what happened.

Everything that happens arrives in one mailbox: a step that ended, a line a template printed, a
statement that was sent, a request to stop. The loop waits there and nowhere else, so nothing is
polled and the events have one order. Workers are threads that hold one `Worker` each, lazily
opened and kept for as long as the thread lives; they do what they are handed and decide nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from queue import Empty, SimpleQueue
from typing import Any, Protocol

import msgspec

from upriver.plan.plan import Step
from upriver.run.events import (
    Event,
    PhaseBegan,
    Printed,
    QueryRan,
    StepFinished,
    StepResult,
    StepStarted,
)
from upriver.run.schedule import Ready, Schedule
from upriver.run.stop import StopRequested

FAIL_FAST_MESSAGE = "Skipping due to fail_fast"
INTERRUPTED_MESSAGE = "Skipping because the run was interrupted"
ABANDONED_MESSAGE = "Interrupted while it was running; it may or may not have ended"

_FAILED = frozenset({"error", "fail", "runtime error", "partial success"})
_CANCEL_AGAIN_AFTER = 0.5
"""Seconds. A cancellation that arrives between two statements of a step meets nothing to cancel,
so it is repeated while a stopping run still waits."""

_PATIENCE = 2.0
"""Seconds that a run which is given up waits for a thread that does not react."""


class Worker(Protocol):
    """One thread's hands: executes one step at a time."""

    def perform(self, step: Step) -> StepResult:
        """Execute a step; failures are results, not exceptions."""
        ...

    def cancel(self) -> None:
        """Interrupt the running statement; called from the coordinator's thread."""
        ...

    def close(self) -> None:
        """Give back what the worker holds."""
        ...


class Mailbox:
    """Where everything arrives that the coordinator reacts to."""

    def __init__(self) -> None:
        self.queue: SimpleQueue[Any] = SimpleQueue()

    def say(self, text: str, level: Any, unique_id: str | None) -> None:
        """Pass on what a template printed; called from any thread."""
        self.queue.put(Printed(text=text, level=level, unique_id=unique_id))

    def pass_on(self, event: Event) -> None:
        """Pass on an event as it is; called from any thread."""
        self.queue.put(event)

    def left(self) -> Iterator[Event]:
        """Take the events nobody waited for, e.g. what closing a connection sent."""
        while not self.queue.empty():
            message = self.queue.get()
            if isinstance(message, Printed | QueryRan | PhaseBegan):
                yield message


class Orders(msgspec.Struct, frozen=True, kw_only=True):
    """How a batch of steps is to be carried out."""

    threads: int
    blocking: Collection[str]
    """Statuses that keep what waits for a step from running (CLI-67)."""
    is_fail_fast: bool = False
    durations: Mapping[str, float] = {}
    thread_names: Callable[[int], str] = "Thread-{} (worker)".format
    """Name of the n-th thread, from 1 (ART-79)."""
    leave: Callable[[Step, str | None, str | None], StepResult]
    """Makes the result of a step that does not run, from its message and the step that failed."""
    skipped_by: str | None = None
    """What failed before, if that keeps all of these from running."""


class Outcome:
    """What a batch left behind; filled while its events are read."""

    def __init__(self) -> None:
        self.results: list[StepResult] = []
        self.is_interrupted = False


class _Ended(msgspec.Struct, frozen=True):
    hand: int
    result: StepResult


class _Broken(msgspec.Struct, frozen=True):
    hand: int
    error: BaseException


def coordinate(
    steps: Sequence[Step],
    orders: Orders,
    open_worker: Callable[[str], Worker],
    mailbox: Mailbox,
    outcome: Outcome,
) -> Iterator[Event]:
    """Carry out the steps and yield what happens; `outcome` gathers the results."""
    crew = _Crew(min(orders.threads, len(steps)), orders, open_worker, mailbox)
    loop = _Loop(steps, orders, crew, mailbox, outcome)
    try:
        yield from loop.run()
    finally:
        crew.dismiss(is_busy=loop.in_flight > 0)


class _Hand:
    """One thread and its inbox."""

    def __init__(self, name: str, open_worker: Callable[[str], Worker], mailbox: Mailbox) -> None:
        self.name = name
        self.inbox: SimpleQueue[Step | None] = SimpleQueue()
        self._open_worker = open_worker
        self._mailbox = mailbox
        self._worker: Worker | None = None
        self._thread: threading.Thread | None = None

    def give(self, index: int, step: Step) -> None:
        if self._thread is None:
            # Daemon threads, since a driver that ignores cancellation must not keep the process.
            self._thread = threading.Thread(
                target=self._work, args=(index,), name=self.name, daemon=True
            )
            self._thread.start()
        self.inbox.put(step)

    def cancel(self) -> None:
        worker = self._worker
        if worker is not None:
            worker.cancel()

    def let_go(self) -> None:
        """Tell the thread to end after what it is doing."""
        self.inbox.put(None)

    def wait(self) -> None:
        """Wait for the thread, which has nothing left to do."""
        if self._thread is not None:
            self._thread.join()

    def cancel_until_ended(self, patience: float) -> None:
        """Cancel what runs, again and again, until the thread ends or patience does."""
        pause = patience / 20
        while self._thread is not None and self._thread.is_alive() and patience > 0:
            self.cancel()
            self._thread.join(pause)
            patience -= pause

    def _work(self, index: int) -> None:
        try:
            while (step := self.inbox.get()) is not None:
                if self._worker is None:
                    self._worker = self._open_worker(self.name)
                self._mailbox.queue.put(_Ended(index, self._worker.perform(step)))
        except BaseException as error:  # noqa: BLE001 (a broken thread must not be silent)
            self._mailbox.queue.put(_Broken(index, error))
        finally:
            if self._worker is not None:
                self._worker.close()


class _Crew:
    """All hands. Each thread starts with its first step, so small runs start few."""

    def __init__(
        self,
        size: int,
        orders: Orders,
        open_worker: Callable[[str], Worker],
        mailbox: Mailbox,
    ) -> None:
        self.hands = [
            _Hand(orders.thread_names(number), open_worker, mailbox)
            for number in range(1, size + 1)
        ]

    def dismiss(self, *, is_busy: bool) -> None:
        for hand in self.hands:
            hand.let_go()
        for hand in self.hands:
            if is_busy:
                hand.cancel_until_ended(_PATIENCE)
            else:
                hand.wait()


class _Loop:
    """The state of one batch: who is idle, what runs, and why nothing more may start."""

    def __init__(
        self,
        steps: Sequence[Step],
        orders: Orders,
        crew: _Crew,
        mailbox: Mailbox,
        outcome: Outcome,
    ) -> None:
        self._schedule = Schedule(steps, orders.durations)
        self._orders = orders
        self._crew = crew
        self._mailbox = mailbox
        self._outcome = outcome
        self._total = len(steps)
        self._index = 0
        self._idle = list(range(len(crew.hands) - 1, -1, -1))
        self._running: dict[int, tuple[Step, int]] = {}
        self._halted_by = INTERRUPTED_MESSAGE if outcome.is_interrupted else None
        self._is_abandoned = False

    @property
    def in_flight(self) -> int:
        """How many steps are with a worker."""
        return len(self._running)

    def run(self) -> Iterator[Event]:
        """Go on until everything has ended or nothing more may start."""
        if self._orders.skipped_by is None:
            yield from self._start_ready()
        while self._running and not self._is_abandoned:
            yield from self._react(self._receive())
            yield from self._start_ready()
        yield from self._leave_rest()

    def _receive(self) -> Any:
        is_stopping = self._outcome.is_interrupted
        try:
            return self._mailbox.queue.get(timeout=_CANCEL_AGAIN_AFTER if is_stopping else None)
        except Empty:
            self._cancel_running()
            return None
        except KeyboardInterrupt:
            return StopRequested()

    def _react(self, message: Any) -> Iterator[Event]:
        match message:
            case _Ended(hand=hand, result=result):
                yield self._ended(hand, result)
            case _Broken(hand=hand, error=error):
                self._running.pop(hand, None)
                raise error
            case StopRequested():
                self._stop()
            case Printed() | QueryRan() | PhaseBegan():
                yield message
            case _:
                pass

    def _stop(self) -> None:
        if self._outcome.is_interrupted:
            self._is_abandoned = True
            return
        self._outcome.is_interrupted = True
        self._halted_by = INTERRUPTED_MESSAGE
        self._cancel_running()

    def _cancel_running(self) -> None:
        for hand in self._running:
            self._crew.hands[hand].cancel()

    def _start_ready(self) -> Iterator[Event]:
        while self._halted_by is None and self._idle:
            ready = self._schedule.pop()
            if ready is None:
                return
            if ready.skipped_by is not None:
                yield self._skip(ready)
            else:
                hand = self._idle.pop()
                # Said first, so that nothing the step does is heard of before.
                yield self._started(hand, ready.step)
                self._crew.hands[hand].give(hand, ready.step)

    def _started(self, hand: int, step: Step) -> Event:
        self._index += 1
        self._running[hand] = (step, self._index)
        return StepStarted(
            unique_id=step.unique_id,
            action=step.action,
            index=self._index,
            total=self._total,
            thread_id=self._crew.hands[hand].name,
            started_at=time.time(),
        )

    def _ended(self, hand: int, result: StepResult) -> Event:
        step, index = self._running.pop(hand)
        self._idle.append(hand)
        self._schedule.end(step.unique_id, is_blocking=result.status in self._orders.blocking)
        if self._halted_by is None and self._orders.is_fail_fast and result.status in _FAILED:
            self._halted_by = FAIL_FAST_MESSAGE
        return self._finish(result, index)

    def _skip(self, ready: Ready) -> Event:
        self._schedule.end(ready.step.unique_id, is_blocking=True)
        return self._leave(ready.step, None, ready.skipped_by)

    def _leave_rest(self) -> Iterator[Event]:
        for step, index in self._running.values():
            yield self._finish(
                StepResult(
                    unique_id=step.unique_id,
                    action=step.action,
                    status="error",
                    message=ABANDONED_MESSAGE,
                ),
                index,
            )
        for step in self._schedule.rest():
            yield self._leave(step, self._halted_by, self._orders.skipped_by)

    def _leave(self, step: Step, message: str | None, skipped_by: str | None) -> Event:
        self._index += 1
        return self._finish(self._orders.leave(step, message, skipped_by), self._index)

    def _finish(self, result: StepResult, index: int) -> Event:
        self._outcome.results.append(result)
        return StepFinished(result=result, index=index, total=self._total, finished_at=time.time())
