"""Checks of sessions: the cache they keep true, interruption, threads, lost connections."""
# ruff: noqa: S608 - the statements name relations that the subject owns

from __future__ import annotations

import threading
import time

from upriver.adapters._suite_subject import (
    Subject,
    expect,
    expect_error,
    expect_true,
    names_of,
    new_cache,
    open_sessions,
)
from upriver.adapters.contract import ConnectionLost
from upriver.adapters.session import Session, list_schemas_concurrently
from upriver.problems import WarehouseError
from upriver.resources.answers import ListedRelation
from upriver.resources.relation import RelationName

_WAIT_SECONDS = 20.0


def recovers_from_an_error_in_a_transaction(subject: Subject) -> None:
    with open_sessions(subject, 1, new_cache(subject)) as (session,):
        table = subject.text("half_done")
        with expect_error(WarehouseError, "a failing statement"):
            session.execute(f"create table {table} (n integer)", auto_begin=True)
            expect(session.in_transaction, True, "in a transaction after auto_begin")
            session.execute("select no_such_column")
        expect(session.in_transaction, False, "in a transaction after an error")
        expect(session.execute("select 1", fetch=True).rows, ((1,),), "rows after an error")
        expect(session.relations(subject.database, subject.schema), (), "what was rolled back")


def forgets_what_was_rolled_back(subject: Subject) -> None:
    with open_sessions(subject, 1, new_cache(subject)) as (session,):
        old, new = subject.name("old"), subject.name("new")
        session.execute(f"create table {subject.text('old')} (n integer)")
        session.cache_added(ListedRelation(name=old, type="table"))
        session.begin()
        session.cache_renamed(old, new)
        session.cache_added(ListedRelation(name=old, type="view"))
        session.cache_dropped(new)
        session.rollback()
        found = session.relations(subject.database, subject.schema)
        expect(names_of(found), [("old", "table")], "the cache after a rollback")


def interrupts(subject: Subject) -> None:
    with open_sessions(subject, 1, new_cache(subject)) as (session,):
        session.execute("select 1")
        timer = threading.Timer(0.3, session.cancel)
        timer.start()
        started = time.monotonic()
        with expect_error(WarehouseError, "an interrupted statement"):
            session.execute(subject.slow_sql, fetch=True)
        timer.join()
        expect_true(time.monotonic() - started < _WAIT_SECONDS, "the statement was not stopped")
        with expect_error(WarehouseError, "a statement after the session was cancelled"):
            session.execute("select 1")


def runs_in_parallel(subject: Subject) -> None:
    with open_sessions(subject, 2, new_cache(subject)) as sessions:
        spans: list[tuple[float, float]] = []
        barrier = threading.Barrier(2)

        def work(session: Session) -> None:
            session.execute("select 1")
            barrier.wait(_WAIT_SECONDS)
            started = time.monotonic()
            session.execute(subject.steady_sql, fetch=True)
            spans.append((started, time.monotonic()))

        threads = [threading.Thread(target=work, args=(session,)) for session in sessions]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        overlap = min(end for _, end in spans) - max(start for start, _ in spans)
        longest = max(end - start for start, end in spans)
        expect_true(overlap > longest / 2, f"the statements did not overlap: {spans}")


def lists_concurrently(subject: Subject) -> None:
    cache = new_cache(subject)
    with open_sessions(subject, 3, cache) as sessions:
        sessions[0].execute(f"create table {subject.text('here')} (n integer)")
        missing = RelationName(database=subject.database, schema="none_such", identifier=None)
        wanted = [subject.name("here"), missing, subject.name(None)]
        found = list_schemas_concurrently(sessions, wanted)
        expect(list(found), [subject.name(None), missing], "schemas, each once")
        expect(names_of(found[subject.name(None)]), [("here", "table")], "listing")
        expect(cache.is_listed(subject.database, "none_such"), True, "a missing schema is known")


def forgets_dependent_views(subject: Subject) -> None:
    cache = new_cache(subject)
    with open_sessions(subject, 1, cache) as (session,):
        base, first, second = (subject.text(name) for name in ("base", "first", "second"))
        session.execute(f"create table {base} as select 1 as n")
        session.execute(f"create view {first} as select n from {base}")
        session.execute(f"create view {second} as select n from {first}")
        session.relations(subject.database, subject.schema)
        session.execute(f"create view {subject.text('late')} as select n from {first}")
        session.cache_added(ListedRelation(name=subject.name("late"), type="view"))
        session.execute(f"drop table {base} cascade")
        session.cache_dropped(subject.name("base"))
        for gone in ("base", "first", "second", "late"):
            expect(session.relation(subject.name(gone)), None, f"`{gone}` after the drop")


def notices_a_lost_connection(subject: Subject) -> None:
    with open_sessions(subject, 1, new_cache(subject)) as (session,):
        session.execute("select 1")
        if subject.kill is None:
            raise AssertionError("the subject cannot kill a connection")
        subject.kill(session)
        with expect_error(ConnectionLost, "a statement on a killed connection"):
            session.execute("select 1")
        expect(session.execute("select 1", fetch=True).rows, ((1,),), "rows after reconnecting")
