"""The name `exceptions` in templates: functions that stop, and two that warn (JINJA-84..90)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NoReturn

from upriver.jinja.errors import CompilationError
from upriver.problems import WarehouseError

Warn = Callable[[str], None]


_HEADS = ("column", "in the query", "in the contract", "what differs")
_STOPPING = frozenset({
    "raise_ambiguous_alias", "raise_ambiguous_catalog_match", "raise_cache_inconsistent",
    "raise_dataclass_not_dict", "raise_dep_not_found", "raise_dependency_error",
    "raise_duplicate_patch_name", "raise_duplicate_resource_name",
    "raise_invalid_property_yml_version", "raise_not_implemented",
})  # fmt: skip
"""Functions that do no more than stop with the message they are given."""


class Exceptions:
    """The functions, bound to what reports warnings."""

    __slots__ = ("_warn",)

    def __init__(self, warn: Warn) -> None:
        self._warn = warn

    def raise_compiler_error(self, msg: Any, node: Any = None) -> NoReturn:
        """Stop with a message."""
        raise CompilationError(str(msg), node)

    def raise_database_error(self, msg: Any, node: Any = None) -> NoReturn:
        """Stop as if the warehouse had refused something."""
        del node
        raise WarehouseError(str(msg))

    def raise_fail_fast_error(self, msg: Any, node: Any = None) -> NoReturn:
        """Fail the step, as any error does."""
        raise CompilationError(str(msg), node, code="fail-fast")

    def warn(self, msg: Any, node: Any = None) -> str:
        """Report a warning and go on."""
        del node
        self._warn(str(msg))
        return ""

    def missing_config(self, model: Any, name: str) -> NoReturn:
        """Stop: a config must be set."""
        raise CompilationError(
            f"`{_id(model)}` does not set the config `{name}`, which is required",
            model,
            code="config-required",
        )

    def missing_materialization(self, model: Any, adapter_type: str) -> NoReturn:
        """Stop: there is no such materialization."""
        name = _get(_get(model, "config"), "materialized")
        raise CompilationError(
            f"There is no materialization `{name}` for {adapter_type}",
            model,
            code="materialization-not-found",
        )

    def missing_relation(self, relation: Any, model: Any = None) -> NoReturn:
        """Stop: a relation is not there."""
        raise CompilationError(
            f"The relation `{relation}` does not exist", model, code="relation-missing"
        )

    def relation_wrong_type(
        self, relation: Any, expected_type: str, model: Any = None
    ) -> NoReturn:
        """Stop: another type of relation is in the way."""
        raise CompilationError(
            f"`{relation}` is to become a {expected_type}, and a {_get(relation, 'type')} of that"
            " name is in the way",
            model,
            code="relation-wrong-type",
            hint="Drop it, or run with `--full-refresh`, which drops it",
        )

    def column_type_missing(self, column_names: Iterable[str]) -> NoReturn:
        """Stop: a contract says nothing of the type of some columns."""
        names = ", ".join(f"`{name}`" for name in column_names)
        raise CompilationError(
            f"The contract gives no `data_type` for {names}",
            code="contract-type-missing",
            hint="Add `data_type:` to these columns in the model's property file",
        )

    def raise_contract_error(self, yaml_columns: Any, sql_columns: Any) -> NoReturn:
        """Stop: a query's columns are not those of the contract."""
        table = _draw_mismatches(yaml_columns, sql_columns)
        raise CompilationError(
            f"The query's columns are not those of the model's contract\n\n{table}",
            code="contract-mismatch",
            hint="Change the query, or the columns in the model's property file",
        )

    def warn_snapshot_timestamp_data_types(self, snapshot_time: str, updated_at: str) -> str:
        """Warn: a snapshot compares times of different types."""
        self._warn(
            f"The snapshot's own times are `{snapshot_time}`, its `updated_at` is `{updated_at}`;"
            " comparing them may go wrong"
        )
        return ""

    def __getattr__(self, name: str) -> Any:
        if name not in _STOPPING:
            raise AttributeError(name)

        def stop(msg: Any = "", *_args: Any, **_kwargs: Any) -> NoReturn:
            raise CompilationError(str(msg) or name)

        return stop


def _id(model: Any) -> Any:
    return _get(model, "unique_id") or _get(model, "name")


def _get(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, Mapping) else getattr(value, key, None)


def _draw_mismatches(
    contract_columns: Iterable[Mapping[str, Any]], query_columns: Iterable[Mapping[str, Any]]
) -> str:
    """Return a row for each column that is missing on one side or has another type."""
    agreed = {str(column["name"]).lower(): column for column in contract_columns}
    found = {str(column["name"]).lower(): column for column in query_columns}
    rows = [_row(agreed.get(key), found.get(key)) for key in sorted({*agreed, *found})]
    return _draw([_HEADS, *(row for row in rows if row is not None)])


def _row(
    agreed: Mapping[str, Any] | None, found: Mapping[str, Any] | None
) -> tuple[str, str, str, str] | None:
    agreed_type = "" if agreed is None else str(agreed["data_type"])
    found_type = "" if found is None else str(found["data_type"])
    name = str((agreed or found or {})["name"])
    if found is None:
        return name, "", agreed_type, "not in the query"
    if agreed is None:
        return name, found_type, "", "not in the contract"
    if agreed_type.lower() != found_type.lower():
        return name, found_type, agreed_type, "another type"
    return None


def _draw(table: list[tuple[str, str, str, str]]) -> str:
    widths = [max(len(row[at]) for row in table) for at in range(len(_HEADS))]
    lines = [
        "| "
        + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        + " |"
        for row in table
    ]
    lines.insert(1, "| " + " | ".join("-" * width for width in widths) + " |")
    return "\n".join(lines)
