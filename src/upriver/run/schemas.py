"""Schemas that must exist before the first step (CLI-64, CLI-65)."""

from __future__ import annotations

from collections.abc import Sequence

from upriver.adapters.session import Session
from upriver.jinja.context import call_macro
from upriver.resources.relation import RelationName
from upriver.run.compile import any_reference
from upriver.run.relations import schema_relation
from upriver.run.subjects import operation_subject
from upriver.run.world import RunWorld


def create_schemas(schemas: Sequence[RelationName], world: RunWorld, session: Session) -> None:
    """Create the schemas that are missing, each through the `create_schema` macro.

    Existing ones are listed once per database and compared without case, as the relation cache
    does. Every schema is committed for itself: a warehouse that may not create one of them must
    not lose the others.
    """
    for database in dict.fromkeys(name.database for name in schemas):
        wanted = [name for name in schemas if name.database == database]
        existing = {name.lower() for name in session.schemas(database)}
        for name in wanted:
            if (name.schema or "").lower() not in existing:
                _create(name, world, session)


def _create(name: RelationName, world: RunWorld, session: Session) -> None:
    subject = operation_subject(world.project_name, None, any_reference(world))
    call_macro("create_schema", world, subject, (schema_relation(world, name),))
    session.commit()
