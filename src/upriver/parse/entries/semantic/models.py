"""Semantic models: entities, dimensions and measures over one model (PROJ-158)."""

from __future__ import annotations

from typing import Any

from upriver.parse.entries import shape
from upriver.parse.entries.parts import (
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
from upriver.parse.entries.reference import read_call
from upriver.resources.calls import Facts, RefCall
from upriver.resources.definitions import YamlDefinition
from upriver.resources.semantic import (
    AGGREGATIONS,
    DIMENSION_TYPES,
    ENTITY_TYPES,
    GRANULARITIES,
)

_NUMBER = shape.Rule((int, float, type(None)), "a number")
_EXPRESSION = Field(
    rule=shape.Rule((str, bool, int, type(None)), "text, a number or `true`"), convert=as_text
)
_VALIDITY = Part(what="`validity_params`", fields={"is_start": NO, "is_end": NO})
_DIMENSION_PARAMS = Part(
    what="`type_params` of a dimension",
    fields={
        "time_granularity": Field(rule=shape.TEXT, is_required=True, choices=tuple(GRANULARITIES)),
        "validity_params": Field(rule=shape.OPTIONAL_MAPPING, part=_VALIDITY),
    },
)
_ENTITY = Part(
    what="An entity",
    fields={
        "name": NAME,
        "type": Field(rule=shape.TEXT, is_required=True, choices=ENTITY_TYPES),
        "description": TEXT,
        "label": TEXT,
        "role": TEXT,
        "expr": TEXT,
        "config": MAPPING,
    },
)
_DIMENSION = Part(
    what="A dimension",
    fields={
        "name": NAME,
        "type": Field(rule=shape.TEXT, is_required=True, choices=DIMENSION_TYPES),
        "description": TEXT,
        "label": TEXT,
        "is_partition": NO,
        "type_params": Field(rule=shape.OPTIONAL_MAPPING, part=_DIMENSION_PARAMS),
        "expr": TEXT,
        "config": MAPPING,
    },
)
_PERCENTILE = Part(
    what="`agg_params`",
    fields={
        "percentile": Field(rule=_NUMBER),
        "use_discrete_percentile": NO,
        "use_approximate_percentile": NO,
    },
)
_NON_ADDITIVE = Part(
    what="`non_additive_dimension`",
    fields={
        "name": NAME,
        "window_choice": Field(rule=shape.TEXT, is_required=True, choices=AGGREGATIONS),
        "window_groupings": Field(rule=shape.LIST, default=[], convert=texts),
    },
)
_MEASURE = Part(
    what="A measure",
    fields={
        "name": NAME,
        "agg": Field(rule=shape.TEXT, is_required=True, choices=AGGREGATIONS),
        "description": TEXT,
        "label": TEXT,
        "create_metric": NO,
        "expr": _EXPRESSION,
        "agg_params": Field(rule=shape.OPTIONAL_MAPPING, part=_PERCENTILE),
        "non_additive_dimension": Field(rule=shape.OPTIONAL_MAPPING, part=_NON_ADDITIVE),
        "agg_time_dimension": TEXT,
        "config": MAPPING,
    },
)
_DEFAULTS = Part(what="`defaults`", fields={"agg_time_dimension": TEXT})
_SEMANTIC_MODEL = Part(
    what="A semantic model",
    fields={
        "name": NAME,
        "model": NAME,
        "config": MAPPING,
        "description": TEXT,
        "label": TEXT,
        "defaults": Field(rule=shape.OPTIONAL_MAPPING, part=_DEFAULTS),
        "entities": Field(rule=shape.LIST, default=[], part=_ENTITY),
        "measures": Field(rule=shape.LIST, default=[], part=_MEASURE),
        "dimensions": Field(rule=shape.LIST, default=[], part=_DIMENSION),
        "primary_entity": TEXT,
    },
)
_ELEMENTS = ("entities", "measures", "dimensions")


def read_semantic_model(reader: Reader, raw: Any, keys: Keys) -> YamlDefinition | None:
    """Read one semantic model."""
    if reader.name_of(raw, keys, "A semantic model") is None:
        return None
    body = read_part(reader, reader.render(raw, keys, _is_left_alone), _SEMANTIC_MODEL, keys)
    if body is None:
        return None
    call = read_call(body["model"].strip().removeprefix("{{").removesuffix("}}"))
    if call is None or not isinstance(call[1], RefCall) or call[0] != "ref":
        reader.report(
            "semantic-model-of-nothing",
            f"`model` of the semantic model `{body['name']}` is `{body['model']}`, which is no "
            "`ref`",
            (*keys, "model"),
            hint="Write `model: ref('name')`",
        )
        return None
    return YamlDefinition(
        kind="semantic_model",
        name=body["name"],
        package=reader.package,
        path=reader.path,
        body=body,
        facts=Facts(refs=(call[1],)),
        keys=keys,
    )


def _is_left_alone(keys: Keys) -> bool:
    if len(keys) < 2:  # noqa: PLR2004 # at the top
        return keys == ("description",)
    return keys[0] in _ELEMENTS and keys[-1] == "description"
