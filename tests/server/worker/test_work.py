"""A worker with a real repository, a real warehouse file and a real database: runs from end to end."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pytest
from sqlalchemy import select
from tests.server.sample_project import commit, git, new_repository

from upriver.server.app import make_installation
from upriver.server.artifacts import names_of_run
from upriver.server.audit import server_actor
from upriver.server.db.job_tables import step_lines
from upriver.server.db.migrate import upgrade
from upriver.server.db.tables import (
    accounts,
    builds,
    environments,
    jobs,
    projects,
    run_steps,
    runs,
)
from upriver.server.environments import create_project
from upriver.server.installation import Installation
from upriver.server.jobs import queue
from upriver.server.jobs.definitions import Execution, JobBody, create_job
from upriver.server.jobs.pull_requests import close
from upriver.server.jobs.queue import Trigger
from upriver.server.jobs.setup import (
    ConnectionBody,
    RepositoryBody,
    set_connection,
    set_repository,
    set_variable,
)
from upriver.server.moments import now
from upriver.server.runs import Status
from upriver.server.sealing import Sealer
from upriver.server.settings import Given, settings_of
from upriver.server.worker.carry import Means
from upriver.server.worker.clockwork import Clockwork
from upriver.server.worker.work import Worker


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """A server's database with one project, and a worker at it."""

    installation: Installation
    sealer: Sealer
    repository: Path
    warehouse: Path
    worker: Worker

    def job(self, *commands: str, **values: Any) -> Any:
        body = JobBody(name="nightly", environment_id=2, execute_steps=commands, **values)
        with self.installation.database.writing() as connection:
            project = connection.execute(select(projects)).one()
            job_id = create_job(connection, server_actor(1), project, body)
            return connection.execute(select(jobs).where(jobs.c.id == job_id)).one()

    def put(self, job: Any, **trigger: Any) -> int:
        with self.installation.database.writing() as connection:
            return queue.put(connection, job, Trigger(cause="a test", **trigger), now())

    def run(self, job: Any, **trigger: Any) -> Any:
        return self.ended(self.put(job, **trigger))

    def ended(self, run_id: int) -> Any:
        return self.until(run_id, lambda run: run.finished_at is not None)

    def until(self, run_id: int, is_so: Callable[[Any], bool]) -> Any:
        end = time.monotonic() + 90
        while True:
            with self.installation.database.reading() as connection:
                run = connection.execute(select(runs).where(runs.c.id == run_id)).one()
            if is_so(run):
                return run
            assert time.monotonic() < end, self.logs(run_id)
            time.sleep(0.05)

    def steps(self, run_id: int) -> list[Any]:
        with self.installation.database.reading() as connection:
            query = select(run_steps).where(run_steps.c.run_id == run_id)
            return list(connection.execute(query.order_by(run_steps.c.index)))

    def logs(self, run_id: int) -> str:
        with self.installation.database.reading() as connection:
            live = connection.scalars(select(step_lines.c.text)).all()
        return "\n".join([*(step.logs or "" for step in self.steps(run_id)), *live])

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.warehouse), read_only=True) as warehouse:
            return warehouse.execute(query).fetchall()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    repository = new_repository(tmp_path / "origin")
    warehouse = tmp_path / "warehouse.duckdb"
    given = Given(data=str(tmp_path / "data"))
    installation = make_installation(settings_of(given, {}, str(tmp_path)))
    upgrade(installation.database)
    sealer = installation.sealer
    actor = server_actor(1)
    with installation.database.writing() as connection:
        connection.execute(accounts.insert().values(name="a", created_at=now()))
        create_project(connection, actor, "shop")
        project = connection.execute(select(projects)).one()
        production = connection.execute(
            select(environments).where(environments.c.deployment_type == "production")
        ).one()
        set_repository(connection, actor, sealer, project, RepositoryBody(url=repository.as_uri()))
        output = {"type": "duckdb", "path": str(warehouse), "schema": "prod"}
        set_connection(
            connection, actor, sealer, production, ConnectionBody(profile="shop", output=output)
        )
    means = Means(
        installation=installation,
        env=dict(os.environ),
        tick=0.1,
        stopping=threading.Event(),
    )
    worker = Worker(means, Clockwork(installation.database, sealer), poll=0.05)
    worker.start()
    yield Site(
        installation=installation, sealer=sealer, repository=repository, warehouse=warehouse,
        worker=worker,
    )  # fmt: skip
    worker.stop(5)
    installation.database.close()


def test_a_run_becomes_the_state(site: Site) -> None:
    job = site.job("dbt build")
    run = site.run(job)
    assert (run.status, run.status_message) == (Status.SUCCESS, None), site.logs(run.id)
    assert site.rows("select * from prod.top") == [(1, "none")]
    assert run.git_sha == git(site.repository, "rev-parse", "HEAD")
    assert run.is_usable
    steps = site.steps(run.id)
    assert [step.name for step in steps][1:] == [
        "Create profile from connection Warehouse",
        "Invoke dbt with `dbt deps`",
        "Invoke dbt with `dbt build`",
    ]
    assert {step.status for step in steps} == {Status.SUCCESS}
    assert "Completed successfully" in steps[3].logs
    assert steps[3].debug_logs
    with site.installation.database.reading() as connection:
        pointer = connection.scalar(
            select(environments.c.current_state_run_id).where(environments.c.id == 2)
        )
        assert names_of_run(connection, run.id)[:1] == ["manifest.json"]
        built = connection.execute(select(builds)).all()
        assert connection.scalars(select(step_lines.c.part)).all() == []
    assert pointer == run.id
    assert sorted(row.unique_id for row in built) == ["model.shop.base", "model.shop.top"]
    assert all(row.fingerprint and row.git_sha == run.git_sha for row in built)
    # The run has ended a moment before its files are gone.
    until = time.monotonic() + 10
    while list(site.installation.settings.scratch.iterdir()):
        assert time.monotonic() < until
        time.sleep(0.05)


def test_a_pull_request_builds_what_it_changed_in_a_schema_of_its_own(site: Site) -> None:
    site.run(site.job("dbt build"))
    git(site.repository, "checkout", "-qb", "change")
    sha = commit(site.repository, {"models/top.sql": "select id + 1 as id from {{ ref('base') }}"})
    job = site.job("dbt build --select state:modified+", job_type="ci", deferring_environment_id=2)
    run = site.run(job, pull_request_id="7", git_branch="change", git_sha=sha)
    assert run.status == Status.SUCCESS, site.logs(run.id)
    schema = f"dbt_cloud_pr_{job.id}_7"
    assert site.rows(f"select * from {schema}.top") == [(2,)]
    query = f"select view_name from duckdb_views() where schema_name = '{schema}'"
    assert site.rows(query) == [("top",)], "the unchanged model is read from production"
    assert not run.is_usable
    with site.installation.database.reading() as connection:
        pointer = connection.scalar(
            select(environments.c.current_state_run_id).where(environments.c.id == 2)
        )
    assert pointer != run.id
    with site.installation.database.writing() as connection:
        started = close(connection, 1, 7, "ann", now())
        assert close(connection, 1, 7, "ann", now()) == started
    cleaned = site.ended(started[0])
    assert cleaned.status == Status.SUCCESS, site.logs(cleaned.id)
    assert site.rows(query) == []
    assert site.rows("select id from prod.top") == [(1,)], "production is left alone"


def test_a_failure_stops_the_rest_and_is_retried_from_where_it_failed(site: Site) -> None:
    broken = "{{ config(materialized='table') }} select error('no') from {{ ref('base') }}"
    commit(site.repository, {"models/top.sql": broken})
    job = site.job("dbt parse", "dbt run", "dbt test", generate_docs=True)
    run = site.run(job)
    assert run.status == Status.ERROR
    assert run.status_message == "Step 5 failed: Invoke dbt with `dbt run`"
    statuses = [step.status for step in site.steps(run.id)]
    assert statuses == [10, 10, 10, 10, 20, 30, 30]
    commit(site.repository, {"models/top.sql": "select 5 as id"})
    again = site.run(job, retrying_run_id=run.id)
    assert again.status == Status.SUCCESS, site.logs(again.id)
    names = [step.name for step in site.steps(again.id)]
    assert names[3:] == [
        "Invoke dbt with `dbt retry`",
        "Invoke dbt with `dbt test`",
        "Invoke dbt with `dbt docs generate`",
    ]
    assert "1 of 1" in site.steps(again.id)[3].logs
    assert site.rows("select * from prod.top") == [(5,)]


def test_variables_reach_the_run_and_secrets_stay_in_it(site: Site) -> None:
    word = "hush-hush-word"
    job = site.job("dbt build", "dbt run-operation say")
    with site.installation.database.writing() as connection:
        for scope, name, value in (
            (("project", 1), "DBT_WORD", "low"),
            (("environment", 2), "DBT_WORD", "high"),
            (("environment", 2), "DBT_ENV_SECRET_WORD", word),
            (("job", job.id), "DBT_COPY", f"a copy of {word}"),
        ):
            set_variable(connection, server_actor(1), site.sealer, (1, 1, *scope), name, value)
    run = site.run(job)
    assert site.rows("select word from prod.base") == [("high",)]
    text = site.logs(run.id) + "".join(step.debug_logs or "" for step in site.steps(run.id))
    assert "said a copy of *****" in text
    assert word not in text
    assert "server knows nothing" in text
    database = (site.installation.settings.data / "server.db").read_bytes()
    assert word.encode() not in database


def test_cancelled_and_too_long(site: Site) -> None:
    slow = """
        {{ config(materialized='table') }}
        select count(*) as n from range(10000000) a, range(10000000) b
        where (a.range * b.range) % 7 = 3
    """
    commit(site.repository, {"models/slow.sql": slow})
    run_id = site.put(site.job("dbt run"))
    site.until(run_id, lambda run: run.status == Status.RUNNING)
    deadline = time.monotonic() + 60
    while "slow" not in site.logs(run_id) and time.monotonic() < deadline:
        time.sleep(0.1)
    with site.installation.database.writing() as connection:
        queue.cancel(connection, run_id, "ann", now())
    run = site.ended(run_id)
    assert (run.status, run.status_message) == (Status.CANCELLED, "Cancelled by ann")
    job = site.job("dbt run", execution=Execution(timeout_seconds=3))
    run = site.run(job)
    assert run.status == Status.CANCELLED
    assert run.status_message == "The run took longer than its 3 seconds"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"url": None}, "has no repository"),
        ({"url": "file:///nowhere"}, "Step 1 failed"),
        ({"subdirectory": "../.."}, "Step 1 failed"),
    ],
)
def test_what_cannot_begin_says_why(site: Site, change: dict[str, Any], said: str) -> None:
    values = {{"url": "repository_url"}.get(key, key): value for key, value in change.items()}
    with site.installation.database.writing() as connection:
        connection.execute(projects.update().values(**values))
    run = site.run(site.job("dbt build"))
    assert run.status == Status.ERROR
    assert said in run.status_message


def test_artifacts_are_the_run_s_own(site: Site) -> None:
    """What lies in the repository's own target directory is not taken for what was built."""
    (site.repository / ".gitignore").write_text("")
    commit(site.repository, {"target/manifest.json": json.dumps({"metadata": {}, "nodes": {}})})
    run = site.run(site.job("dbt run-operation say"))
    assert run.status == Status.SUCCESS
    assert not run.is_usable
