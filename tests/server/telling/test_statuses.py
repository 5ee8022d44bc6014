"""Statuses of commits: in order, again until somebody hears them, and only of checks."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from tests.server.listening import Listener, listening

from upriver.server.audit import server_actor
from upriver.server.db.migrate import upgrade
from upriver.server.db.outgoing_tables import messages
from upriver.server.db.session import Database
from upriver.server.db.tables import accounts, environments, jobs, projects
from upriver.server.environments import create_project
from upriver.server.jobs import queue
from upriver.server.jobs.definitions import JobBody, create_job
from upriver.server.jobs.endings import after_end
from upriver.server.jobs.pull_requests import close
from upriver.server.jobs.queue import Trigger
from upriver.server.moments import now
from upriver.server.providers.setup import ProviderBody, set_provider
from upriver.server.runs import Ending, Status, finish
from upriver.server.sealing import Sealer
from upriver.server.telling import statuses
from upriver.server.worker.clockwork import Clockwork

SEALER = Sealer([b"k" * 32])
COMMIT, OTHER = "c0ffee" + "0" * 34, "bead" + "0" * 36
WORD = "tok-en"


class Site:
    """A database with a project at a provider, and what the provider heard."""

    def __init__(self, database: Database, provider: Listener) -> None:
        self.database, self.provider = database, provider
        self.clockwork = Clockwork(database, SEALER, allowed=["127.0.0.0/8"])
        self.lease: Any = None

    def put(self, commit: str | None = COMMIT, number: str | None = "7", **fields: Any) -> int:
        with self.database.writing() as connection:
            job = connection.execute(select(jobs)).one()
            trigger = Trigger(cause="x", git_sha=commit, pull_request_id=number, **fields)
            return queue.put(connection, job, trigger, now())

    def begin(self) -> None:
        with self.database.writing() as connection:
            self.lease = queue.take(connection, "w", 5, now())
            assert queue.begin(connection, self.lease, now())
            statuses.announce(connection, self.lease.run_id, now())

    def end(self, status: Status, message: str | None = None) -> None:
        with self.database.writing() as connection:
            ending = Ending(status=status, message=message)
            assert finish(connection, self.lease.run_id, ending)
            after_end(connection, self.lease.run_id, now())

    def look(self) -> list[str]:
        self.clockwork.look()
        return [heard.json["state"] for heard in self.provider.heard]

    def make_due(self) -> None:
        past = now() - datetime.timedelta(seconds=1)
        is_due = messages.c.due_at.is_not(None)
        with self.database.writing() as connection:
            connection.execute(messages.update().where(is_due).values(due_at=past))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    database = Database(f"sqlite:///{tmp_path / 'server.db'}")
    upgrade(database)
    with listening() as provider, database.writing() as connection:
        connection.execute(accounts.insert().values(name="a", created_at=now()))
        create_project(connection, server_actor(1), "shop")
        project = connection.execute(select(projects)).one()
        environment = connection.scalar(
            select(environments.c.id).where(environments.c.type == "deployment")
        )
        body = JobBody(name="check", environment_id=environment, job_type="ci")
        create_job(connection, server_actor(1), project, body)
        given = ProviderBody(
            kind="gitlab", repository="team/shop", api_url=provider.url, token=WORD
        )
        set_provider(connection, server_actor(1), SEALER, project, given, "https://up.example.com")
        connection.commit()
        yield Site(database, provider)
    database.close()


def test_waiting_running_done(site: Site) -> None:
    run_id = site.put()
    assert site.look() == ["pending"]
    site.begin()
    assert site.look() == ["pending", "running"]
    site.end(Status.ERROR, "Step 4 failed: Invoke dbt with `dbt build`")
    assert site.look() == ["pending", "running", "failed"]
    told = site.provider.heard[-1]
    assert told.path == f"/projects/team%2Fshop/statuses/{COMMIT}"
    assert told.headers["private-token"] == WORD
    assert told.json["description"] == "Step 4 failed: Invoke dbt with `dbt build`"
    assert told.json["target_url"] == f"https://up.example.com/runs/{run_id}"
    assert len(site.look()) == 3


def test_one_that_is_late_does_not_take_anything_back(site: Site) -> None:
    site.provider.answers += [500]
    site.put()
    assert site.look() == ["pending"]
    site.begin()
    site.end(Status.SUCCESS)
    # What nobody heard of is not said any more, and what was tried goes first or is given up.
    site.make_due()
    assert site.look()[-1] == "success"
    site.make_due()
    assert site.look()[-1] == "success"


def test_it_is_tried_five_times(site: Site) -> None:
    site.provider.answers += [503] * 20
    site.put()
    for count in range(1, 8):
        assert len(site.look()) == min(count, 5)
        site.make_due()
    with site.database.reading() as connection:
        row = connection.execute(select(messages)).one()
    assert (row.due_at, row.problem) == (None, "Answered with 503")


def test_an_older_commit_that_waits_is_cancelled_for_the_provider_too(site: Site) -> None:
    site.put(COMMIT)
    assert site.look() == ["pending"]
    site.put(OTHER)
    site.look()
    told = {heard.path[-40:]: heard.json["state"] for heard in site.provider.heard}
    assert told == {COMMIT: "canceled", OTHER: "pending"}


def test_only_checks_have_a_status(site: Site) -> None:
    site.put(None)
    with site.database.writing() as connection:
        connection.execute(jobs.update().values(job_type="other"))
    site.put(number=None)
    assert site.look() == []


def test_cleaning_up_says_nothing(site: Site) -> None:
    site.put()
    site.begin()
    site.end(Status.SUCCESS)
    site.look()
    count = len(site.provider.heard)
    with site.database.writing() as connection:
        assert close(connection, 1, 7, "x", now())
    site.begin()
    site.end(Status.SUCCESS)
    assert len(site.look()) == count
