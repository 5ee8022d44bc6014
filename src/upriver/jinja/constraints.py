"""Constraints of contracts as SQL (PROJ-230, JINJA-110), and entries of the config `indexes`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from upriver.jinja.errors import CompilationError
from upriver.jinja.members import local_md5
from upriver.resources.dialect import Dialect
from upriver.resources.nearest import nearest_hint

Quote = Callable[[str], str]
Warn = Callable[[str], None]

_INDEX_KEYS = ("columns", "unique", "type")
_KINDS = ("check", "not_null", "unique", "primary_key", "foreign_key", "custom")


def render_column_constraints(
    columns: Mapping[str, Any], dialect: Dialect, quote: Quote, warn: Warn
) -> list[str]:
    """Return `name type constraint ...` for each column."""
    rendered: list[str] = []
    for column in columns.values():
        name = quote(column["name"]) if column.get("quote") else column["name"]
        parts = [name, str(column.get("data_type"))]
        for constraint in column.get("constraints") or ():
            if _is_supported(constraint, dialect, warn):
                text = _column_constraint(constraint)
                if text:
                    parts.append(text)
        rendered.append(" ".join(parts))
    return rendered


def render_model_constraints(constraints: Any, dialect: Dialect, warn: Warn) -> list[str]:
    """Return table constraints."""
    rendered: list[str] = []
    for constraint in constraints or ():
        if _is_supported(constraint, dialect, warn):
            text = _model_constraint(constraint)
            if text:
                rendered.append(text)
    return rendered


def _is_supported(constraint: Mapping[str, Any], dialect: Dialect, warn: Warn) -> bool:
    kind = str(constraint.get("type"))
    if kind not in _KINDS:
        raise CompilationError(
            f"`{kind}` is no type of constraint",
            code="constraint-type",
            hint=nearest_hint(kind, _KINDS),
        )
    support = dialect.constraint_support.get(kind, "enforced")
    if support == "not_supported":
        if constraint.get("warn_unsupported", True):
            warn(f"{dialect.type} has no `{kind}` constraints; one was left out")
        return False
    if support == "not_enforced" and constraint.get("warn_unenforced", True):
        warn(f"{dialect.type} keeps `{kind}` constraints without enforcing them")
    return True


def _column_constraint(constraint: Mapping[str, Any]) -> str:
    expression = constraint.get("expression") or ""
    match str(constraint["type"]):
        case "check" if expression:
            return f"check ({expression})"
        case "not_null":
            return f"not null {expression}".rstrip()
        case "unique":
            return f"unique {expression}".rstrip()
        case "primary_key":
            return f"primary key {expression}".rstrip()
        case "foreign_key":
            return _references(constraint)
        case "custom":
            return str(expression)
        case _:
            return ""


def _references(constraint: Mapping[str, Any]) -> str:
    if constraint.get("to") and constraint.get("to_columns"):
        return f"references {constraint['to']} ({', '.join(constraint['to_columns'])})"
    expression = constraint.get("expression")
    return f"references {expression}" if expression else ""


def _model_constraint(constraint: Mapping[str, Any]) -> str:
    name = constraint.get("name")
    prefix = f"constraint {name} " if name else ""
    columns = ", ".join(constraint.get("columns") or ())
    expression = str(constraint.get("expression") or "")
    words = f"{expression} " if expression else ""
    match str(constraint["type"]):
        case "check" if expression:
            return f"{prefix}check ({expression})"
        case "unique":
            return f"{prefix}unique {words}({columns})"
        case "primary_key":
            return f"{prefix}primary key {words}({columns})"
        case "foreign_key":
            references = _references(constraint)
            return f"{prefix}foreign key ({columns}) {references}" if references else ""
        case "custom" if expression:
            return f"{prefix}{expression}"
        case _:
            return ""


class Index(msgspec.Struct, frozen=True, kw_only=True):
    """One index of a relation."""

    columns: list[str]
    unique: bool = False
    type: str | None = None

    def render(self, relation: Any) -> str:
        """Return a name for it; the same index of the same relation gets the same one."""
        kind = [] if self.type is None else [self.type]
        return local_md5("_".join([*self.columns, relation.render(), str(self.unique), *kind]))


def read_index(raw: Any) -> Index:
    """Check an entry; raises CompilationError."""
    if not isinstance(raw, Mapping):
        raise _wrong_index(raw, "it must be a mapping")
    for key in raw:
        if key not in _INDEX_KEYS:
            raise _wrong_index(
                raw, f"`{key}` is no key of an index", nearest_hint(str(key), _INDEX_KEYS)
            )
    columns = raw.get("columns")
    if not isinstance(columns, list | tuple) or not columns:
        raise _wrong_index(raw, "`columns` must list at least one column")
    return Index(
        columns=[str(column) for column in columns],
        unique=bool(raw.get("unique", False)),
        type=raw.get("type"),
    )


def _wrong_index(raw: Any, reason: str, hint: str | None = None) -> CompilationError:
    return CompilationError(
        f"The config `indexes` has the entry `{raw}`: {reason}",
        code="index-config",
        hint=hint or "Write it like `indexes: [{columns: [id], unique: true}]`",
    )
