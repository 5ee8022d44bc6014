"""Drop relations, each for itself: a warehouse that refuses one must not keep the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from upriver.adapters.session import Session
from upriver.jinja.context import call_macro
from upriver.jinja.relation import relation_of
from upriver.problems import UpriverError, WarehouseError
from upriver.resources.answers import ListedRelation
from upriver.resources.relation import Quoting
from upriver.run.compile import any_reference
from upriver.run.setting import RunSetting
from upriver.run.subjects import operation_subject
from upriver.run.world import RunWorld

_AS_LISTED = Quoting(database=True, schema=True, identifier=True)


def drop_relations(
    relations: Sequence[ListedRelation], setting: RunSetting, session: Session
) -> Iterator[tuple[ListedRelation, str | None]]:
    """Drop views, then tables, by the macro `drop_relation`; tell why one was not."""
    world = RunWorld(setting, say=lambda *_: None).for_worker(session)
    for listed in sorted(relations, key=lambda one: one.type == "table"):
        subject = operation_subject(world.project_name, None, any_reference(world))
        relation = relation_of(world.dialect, listed.name, _AS_LISTED, type=listed.type)
        try:
            call_macro("drop_relation", world, subject, (relation,))
            session.commit()
        except UpriverError as error:
            _recover(session)
            yield listed, str(error)
        else:
            session.cache_dropped(listed.name)
            yield listed, None


def _recover(session: Session) -> None:
    try:
        session.rollback()
    except WarehouseError:
        session.close()
