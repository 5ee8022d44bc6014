"""`api.Relation`: makes relations with the project's quoting (JINJA-117)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from upriver.jinja.errors import CompilationError
from upriver.jinja.relation import (
    EventTimeFilter,
    Policy,
    Relation,
    RelationType,
    ephemeral_relation,
    merged,
    policy_of,
    relation_type,
)
from upriver.resources.dialect import Dialect
from upriver.resources.relation import Quoting


class RelationFactory:
    """What templates know as `api.Relation`; called or asked for `create` it makes relations."""

    Table = RelationType.Table
    View = RelationType.View
    CTE = RelationType.CTE
    External = RelationType.External
    MaterializedView = RelationType.MaterializedView
    PointerTable = RelationType.PointerTable
    Function = RelationType.Function
    get_relation_type = RelationType
    add_ephemeral_prefix = staticmethod(Relation.add_ephemeral_prefix)

    def __init__(self, dialect: Dialect, quoting: Quoting) -> None:
        self.quote_policy = policy_of(quoting)
        self.include_policy = policy_of(dialect.include)
        self._dialect = dialect

    def create(
        self,
        database: str | None = None,
        schema: str | None = None,
        identifier: str | None = None,
        type: str | None = None,  # noqa: A002 - the name templates use
        *,
        quote_policy: Mapping[str, Any] | Policy | None = None,
        include_policy: Mapping[str, Any] | Policy | None = None,
        **options: Any,
    ) -> Relation:
        """Make a relation; unknown options are ignored, as dbt does."""
        if type is not None:
            self._check_length(identifier)
        return Relation(
            dialect=self._dialect,
            database=database,
            schema=schema,
            identifier=identifier,
            type=relation_type(type),
            quote_policy=merged(self.quote_policy, quote_policy),
            include_policy=merged(self.include_policy, include_policy),
            limit=options.get("limit"),
            event_time_filter=_window(options.get("event_time_filter")),
            require_alias=options.get("require_alias", self._dialect.has_subquery_alias),
            dbt_created=bool(options.get("dbt_created", False)),
            catalog=options.get("catalog"),
            external=options.get("external"),
        )

    __call__ = create

    def create_from(self, quoting: Any, node: Any, **options: Any) -> Relation:
        """Make the relation of a node or source given as the `graph` shows it."""
        del quoting
        own = _value(node, "quoting") or _value(_value(node, "config"), "quoting") or {}
        identifier = _value(node, "identifier") or _value(node, "alias") or _value(node, "name")
        return self.create(
            _value(node, "database"), _value(node, "schema"), identifier, quote_policy=own,
            **options,
        )  # fmt: skip

    def create_ephemeral_from(
        self, node: Any, limit: int | None = None, event_time_filter: Any = None
    ) -> Relation:
        """Make the CTE of an ephemeral node given as the `graph` shows it."""
        name = _value(node, "identifier") or _value(node, "alias") or _value(node, "name")
        return ephemeral_relation(
            self._dialect, name, limit=limit, event_time_filter=_window(event_time_filter)
        )

    def get_default_quote_policy(self) -> Policy:
        """Return the warehouse's own quoting, without the project's."""
        return policy_of(self._dialect.quoting)

    def get_default_include_policy(self) -> Policy:
        """Return which parts the warehouse's names show."""
        return self.include_policy

    def _check_length(self, identifier: str | None) -> None:
        longest = self._dialect.max_identifier_length
        if longest is not None and identifier is not None and len(identifier) > longest:
            raise CompilationError(
                f"The relation name `{identifier}` has {len(identifier)} characters,"
                f" {self._dialect.type} allows {longest}",
                code="relation-name-too-long",
                hint="Shorten the model's name or give it a shorter `alias`",
            )


def _value(source: Any, key: str) -> Any:
    if source is None:
        return None
    if isinstance(source, Mapping):
        return source.get(key)
    return getattr(source, key, None)


def _window(value: Any) -> EventTimeFilter | None:
    if value is None or isinstance(value, EventTimeFilter):
        return value
    return EventTimeFilter(
        field_name=_value(value, "field_name"), start=_value(value, "start"),
        end=_value(value, "end"),
    )  # fmt: skip
