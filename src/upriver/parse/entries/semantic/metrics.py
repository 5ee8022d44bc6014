"""Metrics and saved queries (PROJ-157, PROJ-159)."""

from __future__ import annotations

import re
from typing import Any

from upriver.parse.entries import shape
from upriver.parse.entries.parts import (
    FILTER,
    MAPPING,
    NAME,
    NO,
    TEXT,
    Field,
    Part,
    as_text,
    read_part,
    texts,
)
from upriver.parse.entries.reader import Keys, Reader
from upriver.resources.definitions import YamlDefinition
from upriver.resources.semantic import (
    CONVERSION_CALCULATIONS,
    EXPORT_TYPES,
    GRANULARITIES,
    METRIC_TYPES,
    PERIOD_AGGREGATIONS,
)

_NUMBER = shape.Rule((int, type(None)), "a whole number")
_TEXT_OR_MAPPING = shape.Rule((str, dict, type(None)), "a name or a mapping")
_LONGEST_NAME = 250


def _window(reader: Reader, text: str, keys: Keys) -> dict[str, Any] | None:
    """Read `7 days`."""
    parts = text.lower().split(" ")
    if len(parts) == 2 and parts[0].isdigit():  # noqa: PLR2004 # a count and a granularity
        singular = parts[1].removesuffix("s")
        return {
            "count": int(parts[0]),
            "granularity": singular if singular in GRANULARITIES else parts[1],
        }
    reader.report(
        "metric-window-invalid",
        f"`{keys[-1]}` is `{text}`, which is no count with a granularity",
        keys,
        hint="Write for instance `28 days`",
    )
    return None


_WINDOW = Field(rule=shape.OPTIONAL_TEXT, convert=_window)
_INPUT_MEASURE = Part(
    what="An input measure",
    fields={
        "name": NAME,
        "filter": FILTER,
        "alias": TEXT,
        "join_to_timespine": NO,
        "fill_nulls_with": Field(rule=_NUMBER),
    },
    text_stands_for="name",
)
_INPUT_METRIC = Part(
    what="An input metric",
    fields={
        "name": NAME,
        "filter": FILTER,
        "alias": TEXT,
        "offset_window": _WINDOW,
        "offset_to_grain": TEXT,
    },
    text_stands_for="name",
)
_MEASURE = Field(rule=_TEXT_OR_MAPPING, part=_INPUT_MEASURE)
_ONE_METRIC = Field(rule=_TEXT_OR_MAPPING, part=_INPUT_METRIC)
_NEEDED_MEASURE = Field(
    rule=shape.Rule((str, dict), "a name or a mapping"), part=_INPUT_MEASURE, is_required=True
)
_CONSTANT = Part(
    what="A constant property", fields={"base_property": NAME, "conversion_property": NAME}
)
_CONVERSION = Part(
    what="`conversion_type_params`",
    fields={
        "base_measure": _NEEDED_MEASURE,
        "conversion_measure": _NEEDED_MEASURE,
        "entity": NAME,
        "calculation": Field(
            rule=shape.TEXT, default="conversion_rate", choices=CONVERSION_CALCULATIONS
        ),
        "window": _WINDOW,
        "constant_properties": Field(rule=shape.OPTIONAL_LIST, part=_CONSTANT),
    },
)
_CUMULATIVE = Part(
    what="`cumulative_type_params`",
    fields={
        "window": _WINDOW,
        "grain_to_date": TEXT,
        "period_agg": Field(rule=shape.TEXT, default="first", choices=PERIOD_AGGREGATIONS),
    },
)
_TYPE_PARAMS = Part(
    what="`type_params`",
    fields={
        "measure": _MEASURE,
        "numerator": _ONE_METRIC,
        "denominator": _ONE_METRIC,
        "expr": Field(rule=shape.Rule((str, bool, type(None)), "text"), convert=as_text),
        "window": _WINDOW,
        "grain_to_date": Field(rule=shape.OPTIONAL_TEXT, choices=tuple(GRANULARITIES)),
        "metrics": Field(rule=shape.OPTIONAL_LIST, default=[], part=_INPUT_METRIC),
        "conversion_type_params": Field(rule=shape.OPTIONAL_MAPPING, part=_CONVERSION),
        "cumulative_type_params": Field(rule=shape.OPTIONAL_MAPPING, part=_CUMULATIVE),
    },
)
_METRIC = Part(
    what="A metric",
    fields={
        "name": NAME,
        "label": NAME,
        "type": Field(rule=shape.TEXT, is_required=True, choices=METRIC_TYPES),
        "type_params": Field(rule=shape.MAPPING, is_required=True, part=_TYPE_PARAMS),
        "description": Field(rule=shape.TEXT, default=""),
        "filter": FILTER,
        "time_granularity": TEXT,
        "meta": MAPPING,
        "tags": Field(rule=shape.LIST, default=[], convert=texts),
        "config": MAPPING,
    },
)
_NEEDED = {
    "simple": ("measure",),
    "cumulative": ("measure",),
    "ratio": ("numerator", "denominator"),
    "derived": ("metrics",),
    "conversion": ("conversion_type_params",),
}


def read_metric(reader: Reader, raw: Any, keys: Keys) -> YamlDefinition | None:
    """Read one metric."""
    if reader.name_of(raw, keys, "A metric") is None:
        return None
    body = read_part(reader, reader.render(raw, keys, _is_left_alone), _METRIC, keys)
    if body is None or not _is_named_well(reader, body["name"], keys):
        return None
    missing = [key for key in _NEEDED[body["type"]] if not body["type_params"][key]]
    for key in missing:
        reader.report(
            "metric-incomplete",
            f"The metric `{body['name']}` is {body['type']}, and `type_params` has no `{key}`",
            (*keys, "type_params"),
        )
    if missing:
        return None
    if body["type"] == "cumulative":
        _nest_cumulative(body["type_params"])
    else:
        body["type_params"]["cumulative_type_params"] = None
    return YamlDefinition(
        kind="metric",
        name=body["name"],
        package=reader.package,
        path=reader.path,
        body=body,
        keys=keys,
    )


def _is_left_alone(keys: Keys) -> bool:
    if keys[:1] == ("description",):
        return True
    return bool(keys) and (keys[-1] == "filter" or keys[-2:-1] == ("filter",))


def _is_named_well(reader: Reader, name: str, keys: Keys) -> bool:
    if len(name) <= _LONGEST_NAME and re.fullmatch(r"[A-Za-z]\w*", name):
        return True
    reader.report(
        "metric-name-invalid",
        f"`{name}` cannot be the name of a metric",
        (*keys, "name"),
        hint=f"Begin with a letter and use letters, digits and underscores, {_LONGEST_NAME} at "
        "most",
    )
    return False


def _nest_cumulative(params: dict[str, Any]) -> None:
    """Fill in the nested parameters from where they used to stand."""
    nested = params["cumulative_type_params"]
    if nested is None:
        nested = {"window": None, "grain_to_date": None, "period_agg": "first"}
    for key in ("window", "grain_to_date"):
        nested[key] = nested[key] or params[key]
    params["cumulative_type_params"] = {**nested, "metric": None}


_QUERY = Part(
    what="`query_params`",
    fields={
        "metrics": Field(rule=shape.LIST, default=[], convert=texts),
        "group_by": Field(rule=shape.LIST, default=[], convert=texts),
        "where": FILTER,
        "order_by": Field(rule=shape.LIST, default=[], convert=texts),
        "limit": Field(rule=_NUMBER),
    },
)
_EXPORT = Part(what="An export", fields={"name": NAME, "config": MAPPING})
_SAVED_QUERY = Part(
    what="A saved query",
    fields={
        "name": NAME,
        "query_params": Field(rule=shape.MAPPING, is_required=True, part=_QUERY),
        "description": TEXT,
        "label": TEXT,
        "exports": Field(rule=shape.LIST, default=[], part=_EXPORT),
        "config": MAPPING,
        "tags": Field(rule=shape.TEXT_OR_LIST, default=[], convert=texts),
    },
)


def read_saved_query(reader: Reader, raw: Any, keys: Keys) -> YamlDefinition | None:
    """Read one saved query."""
    if reader.name_of(raw, keys, "A saved query") is None:
        return None
    body = read_part(reader, reader.render(raw, keys, _is_left_in_query), _SAVED_QUERY, keys)
    if body is None:
        return None
    is_fine = [
        reader.one_of("export_as", export["config"]["export_as"], EXPORT_TYPES,
                      (*keys, "exports", at, "config"))
        for at, export in enumerate(body["exports"])
        if "export_as" in export["config"]
    ]  # fmt: skip
    if not all(is_fine):
        return None
    return YamlDefinition(
        kind="saved_query",
        name=body["name"],
        package=reader.package,
        path=reader.path,
        body=body,
        keys=keys,
    )


def _is_left_in_query(keys: Keys) -> bool:
    return keys[:1] == ("description",) or keys[:2] == ("query_params", "where")
