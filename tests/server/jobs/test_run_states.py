"""The states of runs under any order of events (R-01, R-02, R-06), as a machine that is played."""

from __future__ import annotations

import datetime
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sqlalchemy import select

from upriver.server.artifacts import StoredArtifact
from upriver.server.audit import server_actor
from upriver.server.db.migrate import upgrade
from upriver.server.db.session import Database
from upriver.server.db.tables import accounts, environments, jobs, projects, runs
from upriver.server.environments import create_project
from upriver.server.jobs import queue
from upriver.server.jobs.definitions import JobBody, create_job
from upriver.server.jobs.endings import after_end
from upriver.server.jobs.lost import Observer
from upriver.server.jobs.queue import Lease, Trigger
from upriver.server.moments import now
from upriver.server.runs import TERMINAL, Ending, Status, finish
from upriver.server.unpacked import ManifestFacts

AFTER = {
    Status.QUEUED: {Status.QUEUED, Status.STARTING, Status.CANCELLED},
    Status.STARTING: {Status.STARTING, Status.RUNNING, Status.ERROR, Status.CANCELLED},
    Status.RUNNING: {Status.RUNNING, Status.SUCCESS, Status.ERROR, Status.CANCELLED},
    **{status: {status} for status in TERMINAL},
}
FACTS = ManifestFacts(
    schema_version=12, generated_at=None, invocation_id=None, dbt_version=None,
    project_name=None, adapter_type=None,
)  # fmt: skip


class Runs(RuleBasedStateMachine):
    """Jobs are triggered, runs are taken, carried out, cancelled, and their workers get lost."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self.database = Database(f"sqlite:///{Path(self._folder.name) / 'server.db'}")
        upgrade(self.database)
        self.jobs: list[Any] = []
        self.leases: list[Lease] = []
        self.seen: dict[int, Status] = {}
        self.pointers: list[Any] = []
        self.observer = Observer(patience=10)
        self.steady = 0.0
        with self.database.writing() as connection:
            connection.execute(accounts.insert().values(name="a", created_at=now()))
            create_project(connection, server_actor(1), "p")
            project = connection.execute(select(projects)).one()
            for kind in ("other", "other", "ci"):
                body = JobBody(name=kind, environment_id=2, job_type=kind)
                job_id = create_job(connection, server_actor(1), project, body)
                self.jobs.append(connection.execute(select(jobs).where(jobs.c.id == job_id)).one())

    def teardown(self) -> None:
        self.database.close()
        self._folder.cleanup()

    @rule(job=st.integers(0, 2), kind=st.sampled_from(["api", "scheduled"]))
    def trigger(self, job: int, kind: str) -> None:
        request = "7" if self.jobs[job].job_type == "ci" else None
        trigger = Trigger(cause="a test", category=kind, pull_request_id=request)
        with self.database.writing() as connection:
            queue.put(connection, self.jobs[job], trigger, now())

    @rule(slots=st.integers(1, 3))
    def take(self, slots: int) -> None:
        with self.database.writing() as connection:
            lease = queue.take(connection, "w", slots, now())
        if lease is not None:
            assert lease.run_id not in [each.run_id for each in self.leases]
            self.leases.append(lease)

    @precondition(lambda self: self.leases)
    @rule(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        lease = data.draw(st.sampled_from(self.leases))
        with self.database.writing() as connection:
            queue.begin(connection, lease, now())

    @precondition(lambda self: self.leases)
    @rule(data=st.data())
    def beat(self, data: st.DataObject) -> None:
        lease = data.draw(st.sampled_from(self.leases))
        with self.database.writing() as connection:
            heard = queue.beat(connection, lease, now() + datetime.timedelta(seconds=self.steady))
        is_over = self.seen.get(lease.run_id) in TERMINAL
        assert (heard == "lost") == is_over

    @precondition(lambda self: self.leases)
    @rule(data=st.data(), status=st.sampled_from(sorted(TERMINAL)))
    def end(self, data: st.DataObject, status: Status) -> None:
        lease = data.draw(st.sampled_from(self.leases))
        artifact = StoredArtifact(
            step=4, name="manifest.json", object_key=f"k{lease.secret}", sha256="0" * 64, size=1,
            stored_size=1,
        )  # fmt: skip
        ending = Ending(
            status=status, command="build", manifest=FACTS, manifest_artifact=artifact,
            index_key="i", artifacts=(artifact,),
        )  # fmt: skip
        with self.database.writing() as connection:
            if queue.is_held(connection, lease) and finish(connection, lease.run_id, ending):
                after_end(connection, lease.run_id, now())

    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        if not self.seen:
            return
        run_id = data.draw(st.sampled_from(sorted(self.seen)))
        with self.database.writing() as connection:
            queue.cancel(connection, run_id, "ann", now())

    @rule(seconds=st.sampled_from([1, 6, 11]))
    def look_for_the_lost(self, seconds: int) -> None:
        self.steady += seconds
        with self.database.writing() as connection:
            for run_id in self.observer.look(connection, now(), self.steady):
                after_end(connection, run_id, now())

    @invariant()
    def statuses_only_move_on(self) -> None:
        with self.database.reading() as connection:
            rows = connection.execute(select(runs)).all()
            pointer = connection.scalar(
                select(environments.c.current_state_run_id).where(environments.c.id == 2)
            )
        for row in rows:
            status = Status(row.status)
            assert status in AFTER[self.seen.get(row.id, Status.QUEUED)]
            assert (row.finished_at is not None) == (status in TERMINAL)
            self.seen[row.id] = status
        self._check_pointer(rows, pointer)
        taken = [row for row in rows if row.status in queue.TAKEN]
        places = {(row.job_id, row.pull_request_id) for row in taken}
        assert len(places) == len(taken), "a job, or a check of one request, runs once at a time"

    def _check_pointer(self, rows: Any, pointer: Any) -> None:
        usable = [row for row in rows if row.is_usable]
        newest = max(usable, key=lambda row: (row.finished_at, row.id), default=None)
        assert pointer == (None if newest is None else newest.id)
        assert all(row.status == Status.SUCCESS and not row.is_ci for row in usable)


Runs.TestCase.settings = settings(
    max_examples=25, stateful_step_count=30, deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip
TestRuns = Runs.TestCase
