"""The values a template is read with: which are known, and what little is computed of them.

Everything else about a value is `UNKNOWN`: a relation, a macro's text, a query's result.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from upriver.jinja.static.tokens import Unreadable


class Unknown:
    """The type of UNKNOWN."""

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __deepcopy__(self, memo: object) -> Unknown:
        return self


UNKNOWN: Final = Unknown()

MAX_STEPS = 5_000
"""A loop that takes longer is left to Jinja, which is faster at it."""

OPAQUE = frozenset({
    "this", "model", "modules", "flags", "run_started_at", "invocation_id", "dbt_version",
    "schema", "database", "project_name", "thread_id", "invocation_args_dict", "graph", "api",
    "selected_resources", "dbt_metadata_envs", "env", "column",
})  # fmt: skip
"""Names whose value does not matter and whose use records nothing."""

OPAQUE_CALLS = frozenset({
    "namespace", "dict", "tojson", "fromjson", "toyaml", "fromyaml", "set", "zip", "local_md5",
    "load_result", "cycler", "joiner", "diff_of_two_dicts",
})  # fmt: skip

METHODS = frozenset({
    "upper", "lower", "strip", "lstrip", "rstrip", "replace", "split", "rsplit", "splitlines",
    "title", "capitalize", "join", "format", "startswith", "endswith", "find", "count", "index",
    "zfill", "isdigit", "items", "keys", "values", "get", "copy", "strftime", "isoformat",
    "date", "time", "now", "utcnow", "today", "weekday", "timestamp", "astimezone", "strptime",
    "timedelta", "datetime", "timezone", "include", "quote", "create", "render", "incorporate",
    "replace_path", "without_identifier", "match", "search", "sub", "findall", "compile",
    "escape", "group", "is_string", "is_number", "is_numeric", "is_integer", "is_float",
    "from_description", "translate_type", "literal", "next", "cycle", "changed", "localize",
    "total_seconds",
})  # fmt: skip
"""Methods of values that record nothing, whoever's they are."""

MUTATORS = frozenset({
    "append", "extend", "insert", "update", "pop", "remove", "clear", "setdefault", "sort",
    "reverse", "add", "discard", "popitem",
})  # fmt: skip

ADAPTER_CALLS: dict[str, Any] = {
    "quote": UNKNOWN, "type": UNKNOWN, "quote_as_configured": UNKNOWN,
    "quote_seed_column": UNKNOWN,
    "get_relation": None, "get_columns_in_relation": (), "get_missing_columns": (),
    "check_schema_exists": False, "already_exists": False, "get_column_schema_from_query": (),
}  # fmt: skip
"""What the adapter answers while parsing (JINJA-92..106)."""

FILTERS = frozenset({
    "abs", "attr", "batch", "capitalize", "center", "count", "d", "default", "dictsort", "e",
    "escape", "filesizeformat", "first", "float", "forceescape", "format", "groupby", "indent",
    "int", "items", "join", "last", "length", "list", "lower", "map", "max", "min", "pprint",
    "random", "reject", "rejectattr", "replace", "reverse", "round", "safe", "select",
    "selectattr", "slice", "sort", "string", "striptags", "sum", "title", "tojson", "trim",
    "truncate", "unique", "upper", "urlencode", "urlize", "wordcount", "wordwrap", "xmlattr",
    "is_list", "as_text", "as_bool", "as_native", "as_number",
})  # fmt: skip

TESTS = frozenset({
    "boolean", "callable", "defined", "divisibleby", "eq", "equalto", "escaped", "even", "false",
    "filter", "float", "ge", "greaterthan", "gt", "in", "integer", "iterable", "le", "lessthan",
    "lower", "lt", "mapping", "ne", "none", "number", "odd", "sameas", "sequence", "string",
    "test", "true", "undefined", "upper",
})  # fmt: skip

KNOWN_FILTERS: dict[str, Callable[[Any], Any]] = {
    "upper": lambda value: str(value).upper(),
    "lower": lambda value: str(value).lower(),
    "trim": lambda value: str(value).strip(),
    "string": str,
    "length": len,
    "count": len,
    "list": list,
    # They do nothing outside of YAML (JINJA-10).
    "as_bool": lambda value: value,
    "as_native": lambda value: value,
    "as_number": lambda value: value,
    "as_text": lambda value: value,
}

KNOWN_TESTS: dict[str, Callable[[Any], bool]] = {
    "none": lambda value: value is None,
    "string": lambda value: isinstance(value, str),
    "mapping": lambda value: isinstance(value, Mapping),
    "number": lambda value: isinstance(value, int | float),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "true": lambda value: value is True,
    "false": lambda value: value is False,
    "iterable": lambda value: isinstance(value, str | list | tuple | dict),
    "sequence": lambda value: isinstance(value, str | list | tuple | dict),
    "defined": lambda _value: True,
    "undefined": lambda _value: False,
}

COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    ">": lambda left, right: left > right,
    "<=": lambda left, right: left <= right,
    ">=": lambda left, right: left >= right,
    "in": lambda left, right: left in right,
    "not in": lambda left, right: left not in right,
}

BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "~": lambda left, right: str(left) + str(right),
    "/": lambda left, right: left / right,
    "//": lambda left, right: left // right,
}

_STRING_METHODS = frozenset({
    "upper", "lower", "strip", "lstrip", "rstrip", "replace", "split", "startswith", "endswith",
    "title", "capitalize", "join", "count", "find", "isdigit", "zfill",
})  # fmt: skip
KNOWN_METHODS: dict[type, frozenset[str]] = {
    str: _STRING_METHODS,
    dict: frozenset({"get", "items", "keys", "values"}),
    list: frozenset({"index", "count"}),
    tuple: frozenset({"index", "count"}),
}
"""Methods carried out on known values; others give an unknown value."""

VIEWS: Final[tuple[type[Any], ...]] = (type({}.keys()), type({}.values()), type({}.items()))


class Loop(dict[str, Any]):
    """The `loop` of a loop over known items."""


def make_loop(index: int, length: int) -> Loop:
    """Make the `loop` of one round."""
    return Loop(
        index=index + 1,
        index0=index,
        revindex=length - index,
        revindex0=length - index - 1,
        first=index == 0,
        last=index == length - 1,
        length=length,
    )


def text_of(value: Any) -> str:
    """Return a known text; raises Unreadable for anything else."""
    if not isinstance(value, str):
        raise Unreadable("text")
    return value


def tried(compute: Callable[[], Any]) -> Any:
    """Compute; what would be an error in the template is left to Jinja to report."""
    try:
        return compute()
    except (TypeError, ValueError, LookupError, ArithmeticError, AttributeError):
        raise Unreadable("error") from None
