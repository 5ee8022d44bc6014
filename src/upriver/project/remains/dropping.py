"""Drop relations, each for itself, and nothing along with them.

The macros of materializations drop with `cascade`, which would take along what others made on top.
Here a warehouse that keeps track of that refuses, and says so. Among the relations themselves the
order may not be known, so what was refused is tried again for as long as others could be dropped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from upriver.adapters.session import Session
from upriver.problems import WarehouseError
from upriver.resources.answers import ListedRelation
from upriver.resources.dialect import Dialect, render_name
from upriver.resources.relation import Quoting

_AS_LISTED = Quoting(database=True, schema=True, identifier=True)
_WORDS = {"materialized_view": "materialized view", "external": "table"}


def drop_relations(
    relations: Sequence[ListedRelation], dialect: Dialect, session: Session
) -> Iterator[tuple[ListedRelation, str | None]]:
    """Drop relations in this order; tell of each that it is gone, or why it is not."""
    waiting = list(relations)
    while waiting:
        refused: list[tuple[ListedRelation, str]] = []
        for listed in waiting:
            failure = _drop(listed, dialect, session)
            if failure is None:
                yield listed, None
            else:
                refused.append((listed, failure))
        if len(refused) == len(waiting):
            yield from refused
            return
        waiting = [listed for listed, _ in refused]


def _drop(listed: ListedRelation, dialect: Dialect, session: Session) -> str | None:
    word = _WORDS.get(listed.type, listed.type)
    name = render_name(dialect, listed.name, _AS_LISTED)
    try:
        session.execute(f"drop {word} if exists {name}", auto_begin=True)
        session.commit()
    except WarehouseError as error:
        # The session has rolled back what it had begun.
        return str(error)
    session.cache_dropped(listed.name)
    return None
