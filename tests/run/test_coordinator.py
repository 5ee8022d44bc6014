"""The loop: parallelism, skips, fail-fast, stop requests. Workers here do no SQL."""

import threading
import time

import pytest

from upriver.plan.plan import Step
from upriver.run.coordinator import FAIL_FAST_MESSAGE, Mailbox, Orders, Outcome, coordinate
from upriver.run.events import Printed, StepFinished, StepResult, StepStarted
from upriver.run.stop import Stop

BLOCKING = frozenset({"error", "skipped"})


def step(name, *waits_for):
    return Step(unique_id=name, action="run", waits_for=waits_for)


def leave(skipped_step, message, skipped_by):
    return StepResult(
        unique_id=skipped_step.unique_id,
        action=skipped_step.action,
        status="skipped",
        message=message,
        skipped_by=skipped_by,
    )


class Hand:
    """A worker whose steps are callables by name."""

    def __init__(self, name, work, closed):
        self.name, self.work, self.closed = name, work, closed
        self.cancelled = threading.Event()

    def perform(self, step):
        status = self.work.get(step.unique_id, lambda _: "success")(self)
        return StepResult(
            unique_id=step.unique_id, action="run", status=status, thread_id=self.name
        )

    def cancel(self):
        self.cancelled.set()

    def close(self):
        self.closed.append(self.name)


class Run:
    def __init__(self, steps, work=None, *, threads=2, fail_fast=False, stop=None):
        self.closed = []
        self.mailbox = Mailbox()
        if stop is not None:
            stop.deliver_to(self.mailbox.queue)
        self.outcome = Outcome()
        self.events = coordinate(
            steps,
            Orders(threads=threads, blocking=BLOCKING, is_fail_fast=fail_fast, leave=leave),
            lambda name: Hand(name, work or {}, self.closed),
            self.mailbox,
            self.outcome,
        )

    def statuses(self):
        list(self.events)
        return {result.unique_id: result.status for result in self.outcome.results}


def test_independent_steps_run_at_the_same_time():
    barrier = threading.Barrier(3, timeout=5)

    def meet(_hand):
        barrier.wait()
        return "success"

    run = Run(tuple(map(step, "abc")), dict.fromkeys("abc", meet), threads=3)
    assert run.statuses() == dict.fromkeys("abc", "success")
    assert len(run.closed) == 3


def test_no_more_steps_run_at_once_than_there_are_threads():
    running, most, lock = [0], [0], threading.Lock()

    def count(_hand):
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        time.sleep(0.01)
        with lock:
            running[0] -= 1
        return "success"

    names = [str(n) for n in range(8)]
    run = Run(tuple(map(step, names)), dict.fromkeys(names, count), threads=2)
    assert set(run.statuses().values()) == {"success"}
    assert most[0] == 2


def test_events_say_start_then_end_with_the_same_index():
    events = list(Run((step("a"), step("b", "a")), threads=1).events)
    assert [(type(e), e.index, e.total) for e in events] == [
        (StepStarted, 1, 2), (StepFinished, 1, 2), (StepStarted, 2, 2), (StepFinished, 2, 2),
    ]  # fmt: skip


def test_what_waits_for_a_failure_is_skipped_with_the_cause():
    run = Run((step("a"), step("b", "a"), step("c", "b")), {"a": lambda _: "error"})
    assert run.statuses() == {"a": "error", "b": "skipped", "c": "skipped"}
    assert [r.skipped_by for r in run.outcome.results] == [None, "a", "a"]


def test_fail_fast_lets_running_steps_end_and_starts_no_others():
    failed = threading.Event()

    def fail(_hand):
        failed.set()
        return "error"

    def slow(_hand):
        failed.wait(5)
        time.sleep(0.02)
        return "success"

    steps = (step("a"), step("b"), step("c"), step("d"))
    run = Run(steps, {"a": fail, "b": slow}, fail_fast=True)
    assert run.statuses() == {"a": "error", "b": "success", "c": "skipped", "d": "skipped"}
    assert {r.message for r in run.outcome.results if r.status == "skipped"} == {FAIL_FAST_MESSAGE}


def test_a_stop_cancels_what_runs_and_skips_the_rest():
    stop = Stop()

    def wait(hand):
        stop.request()
        return "error" if hand.cancelled.wait(5) else "success"

    run = Run((step("a"), step("b", "a")), {"a": wait}, stop=stop)
    assert run.statuses() == {"a": "error", "b": "skipped"}
    assert run.outcome.is_interrupted


def test_a_second_stop_waits_for_nothing():
    stop, release = Stop(), threading.Event()

    def ignore(_hand):
        stop.request()
        stop.request()
        release.wait(5)
        return "success"

    run = Run((step("a"), step("b")), {"a": ignore}, threads=1, stop=stop)
    begun = time.monotonic()
    events = run.events
    seen = {}
    for event in events:
        if isinstance(event, StepFinished):
            seen[event.result.unique_id] = event.result.status
            release.set()
    assert seen == {"a": "error", "b": "skipped"}
    assert time.monotonic() - begun < 2


def test_a_stop_before_the_start_runs_nothing():
    stop = Stop()
    stop.request()
    run = Run(
        (step("a"),), {"a": lambda hand: "error" if hand.cancelled.wait(1) else "x"}, stop=stop
    )
    assert run.statuses()["a"] in {"skipped", "error"}
    assert run.outcome.is_interrupted


def test_closing_the_iterator_cancels_and_closes_workers():
    def wait(hand):
        return "error" if hand.cancelled.wait(5) else "success"

    run = Run((step("a"), step("b")), {"a": wait, "b": wait}, threads=2)
    # A step is said to start before it does.
    assert isinstance(next(run.events), StepStarted)
    assert isinstance(next(run.events), StepStarted)
    run.events.close()
    assert run.closed == ["Thread-1 (worker)"]


def test_what_workers_print_comes_between_the_events():
    mailbox = []

    def talk(_hand):
        mailbox[0].say("hello", "info", "a")
        return "success"

    run = Run((step("a"),), {"a": talk})
    mailbox.append(run.mailbox)
    kinds = [type(event) for event in run.events]
    assert kinds == [StepStarted, Printed, StepFinished]


def test_a_broken_worker_is_not_silent():
    def crash(_hand):
        raise RuntimeError("bug")

    with pytest.raises(RuntimeError, match="bug"):
        Run((step("a"),), {"a": crash}).statuses()


def test_a_keyboard_interrupt_is_a_stop():
    run = Run((step("a"), step("b", "a")), {"a": lambda hand: str(hand.cancelled.wait(5))})
    real, calls = run.mailbox.queue, []

    class Interrupting:
        def get(self, timeout=None):
            calls.append(timeout)
            if len(calls) == 1:
                raise KeyboardInterrupt
            return real.get(timeout=timeout)

        def put(self, item):
            real.put(item)

    run.mailbox.queue = Interrupting()
    assert run.statuses() == {"a": "True", "b": "skipped"}
    assert run.outcome.is_interrupted


def test_what_nobody_waited_for_can_be_taken_later():
    mailbox = Mailbox()
    mailbox.say("late", "info", None)
    assert [event.text for event in mailbox.left()] == ["late"]
    assert list(mailbox.left()) == []
