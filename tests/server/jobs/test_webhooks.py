"""Events of runs: written with what they tell of, signed, sent again until somebody hears them."""

from __future__ import annotations

import datetime
import hashlib
import hmac
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from upriver.server.audit import server_actor
from upriver.server.db.job_tables import deliveries, variables, webhooks
from upriver.server.db.migrate import upgrade
from upriver.server.db.session import Database
from upriver.server.db.tables import accounts, environments, jobs, projects
from upriver.server.environments import create_project
from upriver.server.jobs import queue
from upriver.server.jobs.definitions import JobBody, create_job
from upriver.server.jobs.endings import after_end
from upriver.server.jobs.queue import Trigger
from upriver.server.jobs.resealing import seal_anew
from upriver.server.jobs.setup import set_variable
from upriver.server.moments import now
from upriver.server.runs import Ending, Status, finish
from upriver.server.sealing import SealBroken, Sealer
from upriver.server.worker.clockwork import Clockwork

SEALER = Sealer([b"k" * 32])
SHARED = "shared-word"


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[tuple[str, bytes]], list[int]]]:
    heard: list[tuple[str, bytes]] = []
    answers: list[int] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard.append((self.headers["Authorization"], body))
            self.send_response(answers.pop(0) if answers else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/hook", heard, answers
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'server.db'}")
    upgrade(database)
    with database.writing() as connection:
        connection.execute(accounts.insert().values(name="a", created_at=now()))
        create_project(connection, server_actor(1), "shop")
    yield database
    database.close()


def subscribe(database: Database, url: str, *events: str, job_ids: tuple[int, ...] = ()) -> None:
    with database.writing() as connection:
        connection.execute(
            webhooks.insert().values(
                id="wsu_1", account_id=1, name="hook", client_url=url, event_types=list(events),
                job_ids=list(job_ids), is_active=True, sealed=SEALER.seal(SHARED),
                created_at=now(), updated_at=now(),
            )
        )  # fmt: skip


def run_a_job(database: Database, status: Status) -> int:
    with database.writing() as connection:
        project = connection.execute(select(projects)).one()
        environment = connection.scalar(
            select(environments.c.id).where(environments.c.type == "deployment")
        )
        body = JobBody(name="nightly", environment_id=environment)
        job_id = create_job(connection, server_actor(1), project, body)
        job = connection.execute(select(jobs).where(jobs.c.id == job_id)).one()
        run_id = queue.put(connection, job, Trigger(cause="a test"), now())
        lease = queue.take(connection, "w", 5, now())
        assert lease is not None
        assert queue.begin(connection, lease, now())
        assert finish(connection, run_id, Ending(status=status))
        after_end(connection, run_id, now())
    return run_id


def delivery(database: Database) -> Any:
    with database.reading() as connection:
        return connection.execute(select(deliveries)).one()


def make_due(database: Database) -> None:
    past = now() - datetime.timedelta(seconds=1)
    with database.writing() as connection:
        connection.execute(
            deliveries.update().where(deliveries.c.due_at.is_not(None)).values(due_at=past)
        )


def test_the_receiver_can_tell_who_sent_it(
    database: Database, receiver: tuple[str, list[tuple[str, bytes]], list[int]]
) -> None:
    url, heard, _ = receiver
    subscribe(database, url, "job.run.completed", "job.run.errored")
    run_id = run_a_job(database, Status.ERROR)
    Clockwork(database, SEALER, allowed=["127.0.0.0/8"]).look()
    told = {json.loads(body)["eventType"]: json.loads(body)["data"] for _, body in heard}
    assert set(told) == {"job.run.completed", "job.run.errored"}
    assert told["job.run.errored"]["runStatus"] == "Errored"
    assert told["job.run.completed"]["runId"] == str(run_id)
    for signature, body in heard:
        assert signature == hmac.new(SHARED.encode(), body, hashlib.sha256).hexdigest()
    Clockwork(database, SEALER, allowed=["127.0.0.0/8"]).look()
    assert len(heard) == 2


@pytest.mark.parametrize("events", [["job.run.started"], ["job.run.errored"]])
def test_only_what_was_asked_for(database: Database, events: list[str]) -> None:
    subscribe(database, "http://127.0.0.1:1/", *events)
    run_a_job(database, Status.SUCCESS)
    with database.reading() as connection:
        assert connection.execute(select(deliveries)).all() == []


def test_one_that_does_not_answer_is_tried_five_times(
    database: Database, receiver: tuple[str, list[tuple[str, bytes]], list[int]]
) -> None:
    url, heard, answers = receiver
    answers += [500] * 10
    subscribe(database, url, "job.run.completed")
    run_a_job(database, Status.SUCCESS)
    clockwork = Clockwork(database, SEALER, allowed=["127.0.0.0/8"])
    for count in range(1, 8):
        clockwork.look()
        assert len(heard) == min(count, 5)
        make_due(database)
    assert (delivery(database).due_at, delivery(database).http_status) == (None, 500)


def test_nothing_inside_is_called(
    database: Database, receiver: tuple[str, list[tuple[str, bytes]], list[int]]
) -> None:
    url, heard, _ = receiver
    subscribe(database, url, "job.run.completed")
    run_a_job(database, Status.SUCCESS)
    Clockwork(database, SEALER).look()
    assert heard == []
    assert "not a public address" in delivery(database).problem


def test_secrets_are_sealed_anew(database: Database) -> None:
    with database.writing() as connection:
        set_variable(
            connection, server_actor(1), SEALER, (1, 1, "project", 1), "DBT_ENV_SECRET_A", "word"
        )
    subscribe(database, "https://example.com", "job.run.completed")
    new = b"n" * 32
    assert seal_anew(database, Sealer([new, b"k" * 32])) == 2
    with database.reading() as connection:
        sealed = connection.scalar(select(variables.c.sealed))
    assert Sealer([new]).open(sealed) == "word"
    with pytest.raises(SealBroken):
        SEALER.open(sealed)
