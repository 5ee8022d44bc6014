"""Carrying out one run: its steps one after another, and one transaction at the end.

What a step leaves is stored at once, and named by rows only in the transaction that ends the run,
so that status, artifacts, ledger and state pointer agree at every moment (R-04). A worker that is
killed leaves a run that others give up, and objects that no row names.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, TypeVar

import msgspec
from sqlalchemy import Connection, select, update
from sqlalchemy.exc import InterfaceError, OperationalError

from upriver.problems import Problem
from upriver.server.db.job_tables import step_lines
from upriver.server.db.tables import run_steps, runs
from upriver.server.installation import Installation, scratch_folder
from upriver.server.jobs import queue, webhooks
from upriver.server.jobs.endings import after_end
from upriver.server.jobs.queue import Lease
from upriver.server.jobs.steps import Step, status_of
from upriver.server.moments import now
from upriver.server.room import told
from upriver.server.runs import Ending, Status, finish
from upriver.server.telling import statuses
from upriver.server.worker.artifacts import bring_back, keep
from upriver.server.worker.checkout import Checkout, check_out
from upriver.server.worker.environment import Places, environment_of, secrets_of
from upriver.server.worker.invocation import Ended, Limits, run_invocation
from upriver.server.worker.keeper import TICK_SECONDS, Keeper
from upriver.server.worker.left import Left
from upriver.server.worker.masking import Masker
from upriver.server.worker.order import CannotBegin, Order, read_order
from upriver.server.worker.profile import write_profile

_T = TypeVar("_T")
_LONGEST_AWAY: Final = 600.0
"""Seconds that a run waits for its database."""
_DEBUG_LINES: Final = 1_000
_ASKPASS: Final = """#!/bin/sh
case "$1" in
  Username*) printf '%s' "$UPRIVER_GIT_USERNAME" ;;
  *) printf '%s' "$UPRIVER_GIT_PASSWORD" ;;
esac
"""


class Means(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker works with."""

    installation: Installation
    env: Mapping[str, str]
    """The worker's own; little of it is passed on."""
    memory_bytes: int = 0
    tick: float = TICK_SECONDS
    stopping: threading.Event
    """Set when the worker has to end: what it carries out ends in error, and says so."""


class _Stop(Exception):  # noqa: N818 - an end, not an error
    """The run ends here."""

    def __init__(self, status: Status, message: str | None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def carry_out(means: Means, lease: Lease) -> None:
    """Carry out a run that was taken, to its end."""
    database = means.installation.database
    try:
        with database.reading() as connection:
            order = read_order(connection, means.installation.sealer, lease.run_id)
    except CannotBegin as problem:
        with database.writing() as connection:
            _end(connection, lease, Left().ending(Status.ERROR, f"{problem}."))
        return
    try:
        with scratch_folder(means.installation, "run") as folder:
            _Run(means, lease, order, folder).carry_out()
    except OSError as error:
        with database.writing() as connection:
            _end(connection, lease, Left().ending(Status.ERROR, told(error)))


class _Run:
    """One run while it is carried out."""

    def __init__(self, means: Means, lease: Lease, order: Order, folder: Path) -> None:
        self._means = means
        self._lease = lease
        self._order = order
        self._folder = folder
        self._places = Places(
            home=str(folder / "home"),
            kept=str(means.installation.settings.data / "kept" / str(order.environment_id)),
            profiles=str(folder / "profiles"),
        )
        secrets = secrets_of(order.variables, order.profile.output)
        self._masker = Masker((*secrets, order.git_password or ""))
        self._keeper = Keeper(means.installation.database, lease, now, means.tick)
        self._begun = time.monotonic()
        self._ids: dict[int, int] = {}
        self._checkout: Checkout | None = None
        self._left = Left()

    def carry_out(self) -> None:
        database = self._means.installation.database
        for place in (self._places.home, self._places.kept):
            Path(place).mkdir(parents=True, exist_ok=True)
        with database.writing() as connection:
            if not queue.begin(connection, self._lease, now()):
                return
            self._ids = _add_steps(connection, self._order)
            statuses.announce(connection, self._order.run_id, now())
            webhooks.announce(connection, self._order.run_id, webhooks.STARTED, now())
        status, message = self._outcome()
        ending = self._left.ending(status, message)

        def end(connection: Connection) -> bool:
            return _end(connection, self._lease, ending)

        if self._keeper.state == "lost" or not self._write(end):
            self._left.forget(database, self._means.installation.store)

    def _write(self, change: Callable[[Connection], _T]) -> _T:
        """Change the database in one transaction."""

        def act() -> _T:
            with self._means.installation.database.writing() as connection:
                return change(connection)

        return self._patiently(act)

    def _patiently(self, act: Callable[[], _T]) -> _T:
        """Wait for a database that is away, perhaps restarting (R-12)."""
        until = time.monotonic() + _LONGEST_AWAY
        while True:
            try:
                return act()
            except (OperationalError, InterfaceError):
                if time.monotonic() > until or self._keeper.state == "lost":
                    raise
                time.sleep(self._means.tick)

    def _outcome(self) -> tuple[Status, str | None]:
        ends: list[tuple[Step, bool]] = []
        with self._keeper:
            for step in self._order.steps:
                try:
                    is_good = self._do(step)
                except _Stop as stop:
                    return stop.status, stop.message
                ends.append((step, is_good))
                if not is_good and step.is_vital:
                    break
        if status_of(ends):
            return Status.SUCCESS, None
        failed = next(step for step, is_good in ends if step.is_vital and not is_good)
        return Status.ERROR, f"Step {failed.index} failed: {failed.name}"

    def _do(self, step: Step) -> bool:
        step_id = self._ids[step.index]
        self._mark(step_id, Status.RUNNING, started_at=now())
        is_good, stop = False, None
        try:
            if step.kind == "checkout":
                is_good = self._check_out(step_id)
            elif step.kind == "profile":
                is_good = self._prepare(step_id)
            else:
                is_good = self._invoke(step, step_id)
        except _Stop as reason:
            stop = reason
        except OSError as error:
            # A full disk, an object store that is away: the run ends now, and says why.
            self._print(step_id, told(error))
            stop = _Stop(Status.ERROR, told(error))
        self._patiently(self._keeper.flush)
        ended = Status.SUCCESS if is_good else stop.status if stop else Status.ERROR
        self._close(step, step_id, ended)
        if stop is not None:
            raise stop
        return is_good

    def _check_out(self, step_id: int) -> bool:
        helper = self._folder / "askpass"
        helper.write_text(_ASKPASS)
        helper.chmod(0o700)
        env = {
            "HOME": self._places.home,
            **{name: self._means.env[name] for name in ("PATH", "SSL_CERT_FILE")
               if name in self._means.env},
            "GIT_ASKPASS": str(helper),
            "UPRIVER_GIT_USERNAME": self._order.git_username or "git",
            "UPRIVER_GIT_PASSWORD": self._order.git_password or "",
        }  # fmt: skip
        found = check_out(self._order.source, self._folder / "code", env)
        if isinstance(found, Problem):
            self._print(step_id, " ".join(filter(None, (found.message, found.hint))))
            return False
        self._checkout = found
        self._print(step_id, f"Checked out {found.commit} of {self._order.source.url}")
        facts = {"git_sha": found.commit, "git_branch": found.branch}
        self._write(lambda connection: queue.note(connection, self._lease, **facts))
        return True

    def _prepare(self, step_id: int) -> bool:
        order = self._order
        write_profile(
            order.profile, Path(self._places.profiles), schema=order.schema, threads=order.threads
        )
        where = f", schema {order.schema}" if order.schema else ""
        self._print(step_id, f"Profile {order.profile.profile}, {order.profile.target}{where}")
        if order.defers_to is not None:
            has_it = bring_back(self._means.installation, order.defers_to, self._folder / "state")
            self._print(
                step_id,
                f"Defers to run {order.defers_to}" if has_it
                else f"The artifacts of run {order.defers_to}, to defer to, are gone",
            )  # fmt: skip
            if not has_it:
                return False
        if order.retries is not None:
            run_id, index = order.retries
            bring_back(self._means.installation, run_id, self._folder / "previous", index)
        return True

    def _invoke(self, step: Step, step_id: int) -> bool:
        assert self._checkout is not None  # noqa: S101 - the first step gave it
        assert step.command is not None  # noqa: S101 - commands have one
        words = list(step.command.words)
        if step.command.verb == "retry" and self._order.retries is not None:
            words += ["--state", str(self._folder / "previous")]
        since = time.time() - 1
        ended = run_invocation(
            [sys.executable, "-m", "upriver", *words],
            folder=self._checkout.root,
            env=self._environment(is_retry=step.command.verb == "retry"),
            limits=Limits(seconds=self._seconds_left(), memory_bytes=self._means.memory_bytes),
            on_line=lambda line: self._print(step_id, line),
            is_stopped=lambda: self._keeper.state != "go" or self._means.stopping.is_set(),
        )
        if self._keeper.state == "lost":
            raise _Stop(Status.ERROR, None)
        self._keep_artifacts(step, step_id, since)
        self._raise_unless_ended(ended)
        if step.command.verb != "deps":
            self._left.commanded(step.command.verb, is_good=ended.exit_code == 0)
        return ended.exit_code == 0

    def _environment(self, *, is_retry: bool) -> Mapping[str, str]:
        env = environment_of(self._means.env, self._places, self._order.variables)
        if self._order.defers_to is not None and not is_retry:
            # As variables: what a job's own command says about state wins over them.
            env |= {"DBT_DEFER": "true", "DBT_STATE": str(self._folder / "state")}
        elif self._order.defers_to is not None:
            env |= {"DBT_DEFER": "true", "DBT_DEFER_STATE": str(self._folder / "state")}
        return env

    def _seconds_left(self) -> float:
        if not self._order.seconds:
            return 0
        return max(1.0, self._order.seconds - (time.monotonic() - self._begun))

    def _keep_artifacts(self, step: Step, step_id: int, since: float) -> None:
        assert self._checkout is not None  # noqa: S101 - the first step gave it
        target = Path(self._checkout.root, "target")
        kept = keep(self._means.installation, target, since, self._folder, step.index)
        if kept is None:
            return
        if kept[0].refused is not None:
            self._print(step_id, f"Artifacts were not kept: {kept[0].refused}")
            return
        self._left.artifacts(*kept, commit=self._checkout.commit)

    def _raise_unless_ended(self, ended: Ended) -> None:
        if ended.how == "cancelled" and self._keeper.state == "go":
            raise _Stop(Status.ERROR, "The worker was stopped while it carried out the run")
        if ended.how == "cancelled":
            raise _Stop(Status.CANCELLED, None)
        if ended.how == "timed-out":
            raise _Stop(
                Status.CANCELLED, f"The run took longer than its {self._order.seconds} seconds"
            )
        if ended.how == "out-of-memory":
            limit = self._means.memory_bytes >> 20
            raise _Stop(Status.ERROR, f"The run used more memory than its {limit} MiB")

    def _print(self, step_id: int, line: str) -> None:
        self._keeper.print(step_id, self._masker.masked(line))

    def _mark(self, step_id: int, status: Status, **values: object) -> None:
        statement = (
            update(run_steps)
            .where(run_steps.c.id == step_id)
            .values(status=status, updated_at=now(), **values)
        )
        self._write(lambda connection: connection.execute(statement))

    def _close(self, step: Step, step_id: int, status: Status) -> None:
        """Join what a step printed to one text, and add the end of its debug log."""
        values: dict[str, object] = {
            "status": status, "finished_at": now(), "updated_at": now(),
        }  # fmt: skip
        if step.kind == "command" and self._checkout is not None:
            debug = _tail(Path(self._checkout.root, "logs", "dbt.log"))
            values["debug_logs"] = self._masker.masked(debug).replace("\0", "\ufffd")

        def close(connection: Connection) -> None:
            lines = step_lines.c.step_id == step_id
            parts = connection.scalars(
                select(step_lines.c.text).where(lines).order_by(step_lines.c.part)
            ).all()
            connection.execute(step_lines.delete().where(lines))
            connection.execute(
                update(run_steps)
                .where(run_steps.c.id == step_id)
                .values(logs="\n".join(parts), **values)
            )

        self._write(close)


def _tail(file: Path) -> str:
    """Return the last lines of a log; the project may have put anything in its place."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return ""
    with os.fdopen(descriptor, "rb") as opened:
        size = os.fstat(opened.fileno()).st_size
        opened.seek(max(0, size - 1_000_000))
        lines = opened.read(1_000_000).decode("utf-8", "replace").splitlines()
    return "\n".join(lines[-_DEBUG_LINES:])


def _add_steps(connection: Connection, order: Order) -> dict[int, int]:
    moment = now()
    ids = {}
    for step in order.steps:
        made = connection.execute(
            run_steps.insert().values(
                account_id=order.account_id, run_id=order.run_id, index=step.index,
                name=step.name, command=None if step.command is None else step.command.text,
                status=Status.QUEUED, created_at=moment, updated_at=moment,
            )
        ).inserted_primary_key  # fmt: skip
        assert made is not None  # noqa: S101 - single inserts have one
        ids[step.index] = int(made[0])
    return ids


def _end(connection: Connection, lease: Lease, ending: Ending) -> bool:
    """End a run and everything that follows from it; False if it is not ours any more."""
    if not queue.is_held(connection, lease):
        return False
    if ending.status is Status.CANCELLED and ending.message is None:
        # Who asked for it wrote down why.
        why = connection.scalar(select(runs.c.status_message).where(runs.c.id == lease.run_id))
        ending = msgspec.structs.replace(ending, message=why)
    if not finish(connection, lease.run_id, ending):
        return False
    after_end(connection, lease.run_id, now())
    return True
