"""What every adapter must do, as checks that any test runner can run.

A `Check` is a name, the abilities it needs, and a function that raises AssertionError. The tests
of an adapter make a `Subject` (how to open its warehouse, which abilities it lacks) and run every
check of `checks_for`::

    @pytest.mark.parametrize("check", checks_for(LACKS), ids=lambda check: check.name)
    def test_contract(check, subject):
        check.run(subject)

The statements are written in the SQL that every supported warehouse understands.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from upriver.adapters import _suite_connection as statements
from upriver.adapters import _suite_session as sessions
from upriver.adapters._suite_subject import Ability, Subject

__all__ = ["CHECKS", "Ability", "Check", "Subject", "checks_for"]


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that must hold."""

    name: str
    run: Callable[[Subject], None]
    needs: frozenset[Ability] = frozenset()


def checks_for(unsupported: frozenset[Ability] = frozenset()) -> tuple[Check, ...]:
    """Return the checks an adapter without these abilities must pass."""
    return tuple(check for check in CHECKS if not check.needs & unsupported)


def _check(name: str, run: Callable[[Subject], None], *needs: Ability) -> Check:
    return Check(name=name, run=run, needs=frozenset(needs))


CHECKS: tuple[Check, ...] = (
    _check("fetches rows", statements.fetches_rows),
    _check("limits rows", statements.limits_rows),
    _check("takes percent signs as they are", statements.takes_percent_signs),
    _check(
        "runs several statements at once",
        statements.runs_several_statements,
        "multiple-statements",
    ),
    _check("reports the warehouse's words", statements.reports_the_warehouse_words),
    _check("lists relations", statements.lists_relations),
    _check("lists functions", statements.lists_functions),
    _check("lists views", statements.lists_views, "views"),
    _check("lists schemas", statements.lists_schemas),
    _check("describes queries", statements.describes_queries),
    _check("rolls back", statements.rolls_back, "transactions"),
    _check(
        "follows transaction statements",
        statements.follows_transaction_statements,
        "transactions",
    ),
    _check("binds rows", statements.binds_rows),
    _check("binds either style", statements.binds_either_style),
    _check("loads every seed type", statements.loads_every_seed_type),
    _check("shows no secret", statements.shows_no_secret),
    _check("closes twice", statements.closes_twice),
    _check(
        "recovers from an error in a transaction",
        sessions.recovers_from_an_error_in_a_transaction,
        "transactions",
        "ddl-in-transactions",
    ),
    _check(
        "forgets what was rolled back",
        sessions.forgets_what_was_rolled_back,
        "transactions",
    ),
    _check("interrupts", sessions.interrupts, "cancel"),
    _check("runs in parallel", sessions.runs_in_parallel, "parallel"),
    _check("lists schemas concurrently", sessions.lists_concurrently),
    _check(
        "forgets dependent views",
        sessions.forgets_dependent_views,
        "cascade",
        "views",
    ),
    _check("notices a lost connection", sessions.notices_a_lost_connection, "kill"),
)
