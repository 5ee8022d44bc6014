"""The queue of runs: who may begin, who carries what out, and what happens to the lost."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from tests.server.conftest import new_database

from upriver.server.db.migrate import upgrade
from upriver.server.db.session import Database
from upriver.server.db.tables import accounts, environments, jobs, projects, runs
from upriver.server.jobs import queue
from upriver.server.jobs.due import start_due
from upriver.server.jobs.lost import Observer
from upriver.server.jobs.queue import Trigger
from upriver.server.runs import Ending, Status, finish

NOW = datetime.datetime(2026, 11, 24, 12, 0, tzinfo=datetime.UTC)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    url = f"sqlite:///{tmp_path / 'server.db'}"
    if request.param == "postgres":
        url = new_database(request.getfixturevalue("postgres_server"))
    database = Database(url)
    upgrade(database)
    with database.writing() as connection:
        times = {"created_at": NOW, "updated_at": NOW}
        connection.execute(accounts.insert().values(name="a", created_at=NOW))
        connection.execute(projects.insert().values(account_id=1, name="p", **times))
        connection.execute(
            environments.insert().values(
                account_id=1, project_id=1, name="Production", type="deployment", **times
            )
        )
    yield database
    database.close()


def add_job(database: Database, kind: str = "other", **values: Any) -> Any:
    with database.writing() as connection:
        made = connection.execute(
            jobs.insert().values(
                account_id=1, project_id=1, environment_id=1, name="daily", job_type=kind,
                execute_steps=["dbt build"], settings={}, triggers={}, schedule={"cron": "0 * * * *"},
                created_at=NOW, updated_at=NOW, **values,
            )
        )  # fmt: skip
        return connection.execute(
            select(jobs).where(jobs.c.id == made.inserted_primary_key[0])
        ).one()


def put(database: Database, job: Any, **trigger: Any) -> int:
    with database.writing() as connection:
        return queue.put(connection, job, Trigger(**{"cause": "a test", **trigger}), NOW)


def take(database: Database, slots: int = 5) -> queue.Lease | None:
    with database.writing() as connection:
        return queue.take(connection, "w", slots, NOW)


def status(database: Database, run_id: int) -> int:
    with database.reading() as connection:
        return int(connection.scalar(select(runs.c.status).where(runs.c.id == run_id)))


def end(database: Database, lease: queue.Lease, how: Status = Status.SUCCESS) -> bool:
    with database.writing() as connection:
        return (
            queue.is_held(connection, lease)
            and queue.begin(connection, lease, NOW)
            and finish(connection, lease.run_id, Ending(status=how))
        )


def test_a_job_runs_once_at_a_time(database: Database) -> None:
    job, other = add_job(database), add_job(database)
    first, second, third = put(database, job), put(database, job), put(database, other)
    one = take(database)
    assert one is not None
    assert one.run_id == first
    two = take(database)
    assert two is not None
    assert two.run_id == third
    assert take(database) is None
    assert end(database, one)
    three = take(database)
    assert three is not None
    assert three.run_id == second


def test_slots_hold_for_all_but_ci(database: Database) -> None:
    for _ in range(2):
        put(database, add_job(database))
    checked = put(database, add_job(database, "ci"), pull_request_id="7")
    assert take(database, slots=1) is not None
    lease = take(database, slots=1)
    assert lease is not None
    assert lease.run_id == checked
    assert take(database, slots=1) is None


def test_a_newer_scheduled_run_overtakes_the_waiting_one(database: Database) -> None:
    job = add_job(database)
    asked, first = put(database, job), put(database, job, category="scheduled")
    second = put(database, job, category="scheduled")
    assert status(database, first) == Status.CANCELLED
    assert status(database, asked) == status(database, second) == Status.QUEUED


def test_a_newer_commit_cancels_the_check_of_the_older(database: Database) -> None:
    job = add_job(database, "ci")
    old = put(database, job, pull_request_id="7", git_sha="a" * 40)
    lease = take(database)
    assert lease is not None
    other = put(database, job, pull_request_id="8")
    put(database, job, pull_request_id="7", git_sha="b" * 40)
    with database.writing() as connection:
        assert queue.beat(connection, lease, NOW) == "cancel"
    assert status(database, old) == Status.STARTING
    assert status(database, other) == Status.QUEUED


def test_the_same_request_twice_is_one_run(database: Database) -> None:
    job = add_job(database)
    assert put(database, job, idempotency_key="k") == put(database, job, idempotency_key="k")


def test_what_has_ended_stays_so(database: Database) -> None:
    run_id = put(database, add_job(database))
    lease = take(database)
    assert lease is not None
    assert end(database, lease, Status.ERROR)
    assert not end(database, lease, Status.SUCCESS)
    with database.writing() as connection:
        queue.cancel(connection, run_id, "someone", NOW)
        assert not queue.begin(connection, lease, NOW)
        assert queue.beat(connection, lease, NOW) == "lost"
    assert status(database, run_id) == Status.ERROR


def test_cancelled_while_it_waits_and_while_it_runs(database: Database) -> None:
    job = add_job(database)
    running, waiting = put(database, job), put(database, job)
    lease = take(database)
    assert lease is not None
    with database.writing() as connection:
        queue.cancel(connection, running, "ann", NOW)
        queue.cancel(connection, waiting, "ann", NOW)
        assert queue.beat(connection, lease, NOW) == "cancel"
    assert status(database, waiting) == Status.CANCELLED
    assert status(database, running) == Status.STARTING


def test_many_takers_take_each_run_once(database: Database) -> None:
    wanted = {put(database, add_job(database)) for _ in range(12)}
    taken: list[int] = []

    def work() -> None:
        while (lease := take(database, slots=100)) is not None:
            taken.append(lease.run_id)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == sorted(wanted)


def test_the_lost_are_given_up_by_a_steady_clock_alone(database: Database) -> None:
    run_id = put(database, add_job(database))
    lease = take(database)
    assert lease is not None
    observer = Observer(patience=60)

    def look(steady: float, jump: int = 0) -> tuple[int, ...]:
        with database.writing() as connection:
            return observer.look(connection, NOW + datetime.timedelta(days=jump), steady)

    assert look(0) == ()
    assert look(50, jump=400) == (), "the wall clock jumped, nobody was silent"
    with database.writing() as connection:
        assert queue.beat(connection, lease, NOW + datetime.timedelta(seconds=1)) == "go"
    assert look(100) == ()
    assert look(150) == ()
    assert look(161) == (run_id,)
    assert status(database, run_id) == Status.ERROR
    with database.writing() as connection:
        assert queue.beat(connection, lease, NOW) == "lost"


def test_two_schedulers_start_a_due_job_once(database: Database) -> None:
    job = add_job(database, next_run_at=NOW)
    started: list[int] = []

    def look() -> None:
        with database.writing() as connection:
            started.extend(start_due(connection, NOW))

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(started) == 1
    with database.reading() as connection:
        due = connection.scalar(select(jobs.c.next_run_at).where(jobs.c.id == job.id))
    assert due == NOW + datetime.timedelta(hours=1)


@pytest.mark.parametrize("hours", [5, 5_000])
def test_days_of_silence_are_one_run(database: Database, hours: int) -> None:
    add_job(database, next_run_at=NOW)
    later = NOW + datetime.timedelta(hours=hours, minutes=3)
    with database.writing() as connection:
        assert len(start_due(connection, later)) == 1
        assert start_due(connection, later) == ()
        # And a clock that is set back starts nothing a second time.
        assert start_due(connection, NOW) == ()


@pytest.mark.parametrize("values", [{"state": 2}, {"is_deactivated": True}])
def test_jobs_that_are_off_are_not_started(database: Database, values: dict[str, Any]) -> None:
    add_job(database, next_run_at=NOW, **values)
    with database.writing() as connection:
        assert start_due(connection, NOW) == ()
