"""The open warehouse of one invocation, and what planning needs listed from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import closing

from upriver.adapters.cache import RelationCache
from upriver.adapters.contract import Adapter, OpenWarehouse
from upriver.adapters.registry import load_adapter
from upriver.adapters.session import OnQuery, Session, list_schemas_concurrently
from upriver.plan.catalog import Catalog, catalog_of
from upriver.problems import Problem, ProblemsError, WarehouseError
from upriver.resources.answers import ListedRelation
from upriver.resources.relation import RelationName
from upriver.workspace.profile import Profile

SchemaName = tuple[str | None, str]
_NONE: Mapping[SchemaName, bool] = {}


class Door:
    """Opens the warehouse on first use and keeps one relation cache for planning and running."""

    def __init__(self, profile: Profile, on_query: OnQuery | None = None) -> None:
        found = load_adapter(profile.adapter_type)
        if isinstance(found, Problem):
            raise ProblemsError((found,))
        self.adapter: Adapter = found
        self.cache = RelationCache(drops_dependent_views=found.capabilities.drops_dependent_views)
        self._profile = profile
        self._on_query = on_query
        self._open: OpenWarehouse | None = None

    @property
    def warehouse(self) -> OpenWarehouse:
        """The warehouse, opened; raises ProblemsError where it cannot be."""
        if self._open is None:
            try:
                self._open = self.adapter.open(self._profile.credentials)
            except WarehouseError as error:
                raise ProblemsError((connection_problem(self._profile, error),)) from error
        return self._open

    def session(self, name: str) -> Session:
        """Return a session that connects when first used."""
        return Session(self.warehouse, self.cache, name=name, on_query=self._on_query)

    def catalog(
        self,
        schemas: Mapping[SchemaName, bool],
        threads: int,
        functions: Mapping[SchemaName, bool] = _NONE,
    ) -> tuple[Catalog, tuple[Problem, ...]]:
        """List schemas; `schemas` tells which are only the baseline's, and so does `functions` for
        those whose functions are listed.

        A schema of the target that cannot be listed stops the verb; one of the baseline's is only
        left unknown, since nothing may depend on it.
        """
        own = [name for name, is_baseline in schemas.items() if not is_baseline]
        others = [name for name, is_baseline in schemas.items() if is_baseline]
        try:
            listed = self._list(own, threads)
            listed_functions = self._list_functions(functions)
        except WarehouseError as error:
            raise ProblemsError((connection_problem(self._profile, error),)) from error
        problems: list[Problem] = []
        for name in others:
            try:
                found = self._list([name], 1)
                if found[name] or self._has_database(name[0]):
                    listed.update(found)
                else:
                    problems.append(_unlisted(name, "the target has no such database"))
            except WarehouseError as error:
                problems.append(_unlisted(name, str(error)))
        return catalog_of(listed, listed_functions), tuple(problems)

    def _list_functions(
        self, schemas: Mapping[SchemaName, bool]
    ) -> dict[SchemaName, tuple[str, ...]]:
        if not schemas:
            return {}
        session = self.session("list-functions")
        found: dict[SchemaName, tuple[str, ...]] = {}
        try:
            for (database, schema), is_baseline in schemas.items():
                try:
                    found[database, schema] = session.list_functions(database, schema)
                except WarehouseError:
                    # What cannot be seen of the baseline is left unknown.
                    if not is_baseline:
                        raise
        finally:
            session.close()
        return found

    def _has_database(self, database: str | None) -> bool:
        """Whether a database is there at all: one that is not attached looks like an empty one."""
        with closing(self.session("list-0")) as session:
            return bool(session.schemas(database))

    def _list(
        self, schemas: Iterable[SchemaName], threads: int
    ) -> dict[SchemaName, tuple[ListedRelation, ...]]:
        names = [
            RelationName(database=database, schema=schema, identifier=None)
            for database, schema in schemas
        ]
        if not names:
            return {}
        sessions = [self.session(f"list-{at}") for at in range(min(threads, len(names)))]
        try:
            found = list_schemas_concurrently(sessions, names)
        finally:
            for session in sessions:
                session.close()
        return {(name.database, name.schema or ""): found[name] for name in names}

    def close(self) -> None:
        """Close what was opened."""
        if self._open is not None:
            self._open.close()
            self._open = None


def connection_problem(profile: Profile, error: WarehouseError) -> Problem:
    """Return the problem for a warehouse that cannot be reached."""
    return Problem(
        code="connection-failed",
        message=f"Could not connect to {profile.adapter_type} for target"
        f" `{profile.target_name}` of profile `{profile.name}`: {error}",
        hint="`upriver debug` checks the profile and the connection step by step",
    )


def _unlisted(name: SchemaName, reason: str) -> Problem:
    shown = ".".join(part for part in name if part)
    return Problem(
        code="deferral-schema-unlisted",
        severity="warning",
        message=f"The baseline's schema `{shown}` could not be listed, so whether its relations"
        f" exist is not known: {reason}",
        hint="The connection of this target must be able to read the baseline's database",
    )
