"""Stopping a run, and losing a connection, on a real warehouse."""

import threading
import time

import pytest
from tests.run.running import Ran, SmallProject

from upriver.adapters.contract import ConnectionLost
from upriver.run.events import RunFinished, StepStarted
from upriver.run.execute import execute
from upriver.run.stop import Stop

SLOW = "select sum(a.range * b.range) as n from range(2000000) a, range(200000) b"


@pytest.fixture
def project(tmp_path):
    return SmallProject(tmp_path)


def test_a_stop_cancels_queries_and_reports_truthfully(project):
    done = project.model("done", "select 1 as id", materialized="table")
    slow = project.model("slow", SLOW + " -- {{ ref('done') }}", done, materialized="table")
    project.model("later", "select * from {{ ref('slow') }}", slow)
    stop = Stop()
    setting = project.setting(stop=stop)
    events = []
    for event in execute(project.plan("run"), setting):
        events.append(event)
        if isinstance(event, StepStarted) and event.unique_id == slow:
            threading.Timer(0.3, stop.request).start()
            begun = time.monotonic()
    setting.warehouse.close()
    assert time.monotonic() - begun < 10
    ran = Ran(events)
    assert ran.statuses == {"done": "success", "slow": "error", "later": "skipped"}
    assert events[-1] == RunFinished(elapsed=events[-1].elapsed, is_interrupted=True)
    assert project.rows("select * from dev.done") == [(1,)]


def test_a_stop_during_a_hook_reaches_it_too(project):
    project.model("a", "select 1 as id")
    hook = project.hook("start", 0, SLOW)
    project.hook("end", 0, "select 1")
    stop = Stop()
    setting = project.setting(stop=stop)
    events = []
    for event in execute(project.plan("run"), setting):
        events.append(event)
        if isinstance(event, StepStarted) and event.unique_id == hook:
            threading.Timer(0.3, stop.request).start()
    setting.warehouse.close()
    assert Ran(events).statuses == {"p-on-run-start-0": "error", "a": "skipped"}
    assert events[-1].is_interrupted


def test_closing_the_events_early_ends_the_run(project):
    project.model("slow", SLOW, materialized="table")
    setting = project.setting()
    events = execute(project.plan("run"), setting)
    while not isinstance(next(events), StepStarted):
        pass
    begun = time.monotonic()
    events.close()
    setting.warehouse.close()
    assert time.monotonic() - begun < 10


class LosesOne:
    """A warehouse whose first connection is lost at its first `create`."""

    def __init__(self, real):
        self.real, self.connected = real, []

    def connect(self, name):
        connection = self.real.connect(name)
        self.connected.append(name)
        if name == "model.p.a":
            return Losing(connection)
        return connection

    def close(self):
        self.real.close()


class Losing:
    def __init__(self, real):
        self._real = real

    def __getattr__(self, name):
        return getattr(self._real, name)

    def execute(self, sql, **options):
        if "create view" in sql:
            raise ConnectionLost("the server closed the connection")
        return self._real.execute(sql, **options)


def test_a_lost_connection_costs_one_step(project):
    a = project.model("a", "select 1 as id")
    b = project.model("b", "select 2 as id")
    setting = project.setting()
    lossy = LosesOne(setting.warehouse)
    ran = project.run("run", a, b, warehouse=lossy, threads=1)
    setting.warehouse.close()
    assert ran.statuses == {"a": "error", "b": "success"}
    assert "the server closed the connection" in ran["a"].message
    assert lossy.connected[-1] == "model.p.b"
