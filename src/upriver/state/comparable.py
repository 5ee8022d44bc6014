"""The comparable form of a resource: what `state:` selectors look at, and nothing else.

Both sides of a comparison are brought to this form by the same function, a published resource
from its JSON and a local one from the JSON it would be published as, so that two equal resources
compare equal whichever tool wrote them. Values hold what deferral.md section 12.1 compares;
what differs between kinds is in `CONTENT`, `FACTS` and `_config`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from upriver.digest import digest_text
from upriver.state.wire.constraints import model_constraint
from upriver.state.wire.read import NULL, WireResource, decode_config

NODE_KINDS = frozenset(
    {"model", "seed", "snapshot", "analysis", "test", "operation", "sql_operation", "rpc"}
)

TEST_CONFIG = (
    "severity", "where", "limit", "fail_calc", "warn_if", "error_if", "store_failures",
    "store_failures_as",
)  # fmt: skip
"""The only keys of a data test's config that are compared (section 12.2)."""

UNCOMPARED_CONFIG = frozenset({"alias", "schema", "database", "tags", "group"})
"""Keys of a node's config that other comparisons look at, or none (section 12.2)."""

FACTS: Mapping[str, tuple[str, ...]] = {
    "model": ("latest_version", "access", "deprecation_date"),
    "source": ("quoting", "freshness", "loaded_at_field", "external"),
    "exposure": (
        "type", "owner", "maturity", "url", "description", "label", "depends_on",
    ),
    "metric": ("type", "description", "label"),
    "semantic_model": (
        "model", "description", "defaults", "entities", "dimensions", "measures",
        "primary_entity", "group",
    ),
    "saved_query": (
        "metrics", "group_by", "where", "description", "label", "exports", "group", "tags",
    ),
    "function": ("arguments", "returns"),
    "unit_test": ("checksum",),
}  # fmt: skip
"""What a kind's comparison looks at beside its parts, by the name a reason gives it."""

_NODE_PARTS = (
    "body", "configs", "persisted_descriptions", "fqn", "relation", "contract",
)  # fmt: skip

CONTENT: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(NODE_KINDS, _NODE_PARTS),
    "generic_test": ("configs", "fqn"),
    "function": _NODE_PARTS,
    "source": ("relation", "fqn", "configs"),
    "exposure": ("fqn", "configs"),
    "metric": ("configs",),
    "semantic_model": ("configs",),
    "saved_query": ("configs",),
}
"""The parts whose difference makes a resource of a kind `state:modified`."""


class Contract(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What a model's contract promises, and what decides how grave a breach is."""

    checksum: str | None = None
    columns: dict[str, tuple[str | None, tuple[dict[str, Any], ...]]] = {}
    """Data type and constraints by column name."""
    materialized: str | None = None
    constraints: tuple[dict[str, Any], ...] = ()
    version: Any = None
    deprecation_date: str | None = None


class Comparable(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One resource in comparable form."""

    kind: str
    """The resource type; `generic_test` for data tests that are instances of a generic test."""
    name: str
    body: str = ""
    """Digest of the code; a seed's or unit test's checksum; empty where there is no body."""
    config: dict[str, Any] = {}
    """The config as written, without keys that are not compared."""
    fqn: tuple[str, ...] = ()
    relation: tuple[Any, Any, Any] = (None, None, None)
    """The *configured* database, schema and alias (section 12.3); a source's names."""
    unrendered_relation: tuple[Any, Any, Any] = (None, None, None)
    """Sources only: the names as written, for `state_modified_compare_more_unrendered_values`."""
    persists: tuple[bool, bool] = (False, False)
    """Whether descriptions of the relation and of columns are written to the warehouse."""
    description: str = ""
    columns: dict[str, str] = {}
    """Description by column name."""
    facts: dict[str, Any] = {}
    contract: Contract | None = None
    """None unless it is enforced."""
    macros: tuple[str, ...] = ()
    """unique_ids of macros the resource calls directly."""


def comparable_of(resource: WireResource) -> Comparable:
    """Return the comparable form of a resource as its JSON states it."""
    kind = resource.resource_type or (resource.unique_id or "").partition(".")[0]
    name = resource.name or ""
    if kind not in NODE_KINDS and kind != "function":
        return _other(resource, kind, name)
    config = _mapping(resource.unrendered_config)
    is_generic = kind == "test" and not _is_null(resource.test_metadata)
    persist_docs = decode_config(resource.config).persist_docs or {}
    columns = _columns(resource.columns)
    is_enforced = resource.contract is not None and bool(resource.contract.enforced)
    depends_on = resource.depends_on
    return Comparable(
        kind="generic_test" if is_generic else kind,
        name=name,
        body=_body(resource, kind),
        config=_node_config(config, kind),
        fqn=resource.fqn or (),
        relation=(config.get("database"), config.get("schema"), config.get("alias")),
        persists=(bool(persist_docs.get("relation")), bool(persist_docs.get("columns"))),
        description=resource.description or "",
        columns={key: str(value.get("description") or "") for key, value in columns.items()},
        facts=_facts(resource, kind),
        contract=contract_of(resource) if is_enforced else None,
        macros=(depends_on and depends_on.macros) or (),
    )


def _other(resource: WireResource, kind: str, name: str) -> Comparable:
    """Sources, exposures and everything else that has no code of its own."""
    # These two compare what they were configured to in the end, not what was written.
    compares_rendered = kind in ("semantic_model", "saved_query")
    config = _mapping(resource.config if compares_rendered else resource.unrendered_config)
    depends_on = resource.depends_on
    is_source = kind == "source"
    return Comparable(
        kind=kind,
        name=name,
        config=_other_config(config, kind),
        fqn=resource.fqn or (),
        relation=(
            (resource.database, resource.schema, resource.identifier)
            if is_source
            else (None, None, None)
        ),
        unrendered_relation=(
            (
                _value(resource.unrendered_database),
                _value(resource.unrendered_schema),
                resource.identifier,
            )
            if is_source
            else (None, None, None)
        ),
        facts=_facts(resource, kind),
        macros=(depends_on and depends_on.macros) or (),
    )


def _other_config(config: dict[str, Any], kind: str) -> dict[str, Any]:
    if kind == "unit_test":
        return {}
    if kind == "metric":
        return {key: value for key, value in config.items() if key != "group"}
    return config


def _body(resource: WireResource, kind: str) -> str:
    if kind == "seed":
        checksum = _value(resource.checksum)
        if isinstance(checksum, dict):
            return f"{checksum.get('name')}:{checksum.get('checksum')}"
        return f"sha256:{checksum}"
    code = resource.raw_code if resource.raw_code is not None else resource.raw_sql
    # Older versions did not strip the text they wrote (ART-51).
    return digest_text((code or "").strip())


def _node_config(config: dict[str, Any], kind: str) -> dict[str, Any]:
    if kind == "test":
        return {key: config[key] for key in TEST_CONFIG if config.get(key) is not None}
    return {key: value for key, value in config.items() if key not in UNCOMPARED_CONFIG}


def contract_of(resource: WireResource) -> Contract:
    """Return what a model's contract would promise, enforced or not."""
    contract = resource.contract
    return Contract(
        checksum=contract.checksum if contract is not None else None,
        columns={
            key: (value.get("data_type"), _constraints(value.get("constraints")))
            for key, value in _columns(resource.columns).items()
        },
        materialized=decode_config(resource.config).materialized,
        constraints=_constraints(_value(resource.constraints)),
        version=_value(resource.version),
        deprecation_date=_text(resource.deprecation_date),
    )


def _constraints(value: Any) -> tuple[dict[str, Any], ...]:
    """Constraints with the defaults of absent keys filled in, so that they compare by meaning."""
    found = value if isinstance(value, list) else []
    return tuple(model_constraint(item) for item in found if isinstance(item, dict))


def _facts(resource: WireResource, kind: str) -> dict[str, Any]:
    match kind:
        case "model":
            return {
                "latest_version": _value(resource.latest_version),
                # Manifests before v9 know no access; every model was what is the default now.
                "access": _value(resource.access) or "protected",
                "deprecation_date": _value(resource.deprecation_date),
            }
        case "source":
            return {
                "quoting": _given(resource.quoting),
                "freshness": _freshness(resource.freshness),
                "loaded_at_field": _value(resource.loaded_at_field),
                "external": _value(resource.external),
            }
        case "exposure":
            depends_on = resource.depends_on
            nodes = (depends_on and depends_on.nodes) or ()
            return {
                "type": _value(resource.type),
                "owner": _given(resource.owner),
                "maturity": _value(resource.maturity),
                "url": _value(resource.url),
                "description": resource.description or "",
                "label": _value(resource.label),
                "depends_on": sorted(set(nodes)),
            }
        case "function":
            return {
                "arguments": [_present(item) for item in _list(resource.arguments)],
                "returns": _given(resource.returns),
            }
        case "unit_test":
            return {"checksum": _value(resource.checksum)}
        case "metric" | "semantic_model" | "saved_query":
            return _semantic_facts(resource, kind)
        case _:
            return {}


def _semantic_facts(resource: WireResource, kind: str) -> dict[str, Any]:
    described = {"description": resource.description}
    if kind == "metric":
        return {**described, "type": _value(resource.type), "label": _value(resource.label)}
    if kind == "semantic_model":
        return {
            **described,
            "model": _value(resource.model),
            "defaults": _value(resource.defaults),
            "entities": _elements(resource.entities),
            "dimensions": _elements(resource.dimensions),
            "measures": _elements(resource.measures),
            "primary_entity": _value(resource.primary_entity),
            "group": _value(resource.group),
        }
    query = _mapping(resource.query_params)
    return {
        **described,
        "metrics": query.get("metrics"),
        "group_by": query.get("group_by"),
        "where": query.get("where"),
        "label": _value(resource.label),
        "exports": [_export(item) for item in _list(resource.exports)],
        "group": _value(resource.group),
        "tags": _value(resource.tags),
    }


def _export(item: dict[str, Any]) -> list[Any]:
    """An export by its name and what was written of where it goes."""
    written = item.get("unrendered_config") or {}
    return [item.get("name"), *(written.get(key) for key in ("export_as", "schema", "alias"))]


def _elements(raw: msgspec.Raw) -> list[dict[str, Any]]:
    """Entities, dimensions or measures; older versions wrote no `config` where there was none."""
    return [
        {
            **{key: value for key, value in item.items() if key != "metadata"},
            "config": item.get("config") or {"meta": {}},
        }
        for item in _list(raw)
    ]


def _columns(raw: msgspec.Raw) -> dict[str, dict[str, Any]]:
    """Columns by name; some writers make a list of them."""
    value = _value(raw)
    if isinstance(value, dict):
        return {key: column for key, column in value.items() if isinstance(column, dict)}
    return {str(column.get("name")): column for column in _list(raw)}


def _freshness(raw: msgspec.Raw) -> Any:
    """Thresholds without absent parts, which were spelled in several ways over the versions."""
    value = _value(raw)
    if not isinstance(value, dict):
        return value
    return {key: _present(part) if isinstance(part, dict) else part for key, part in value.items()}


def _given(raw: msgspec.Raw) -> Any:
    value = _value(raw)
    return _present(value) if isinstance(value, dict) else value


def _present(value: dict[str, Any]) -> dict[str, Any]:
    """Leave out keys that are null: newer versions write more of them."""
    return {key: part for key, part in value.items() if part is not None}


def _is_null(raw: msgspec.Raw) -> bool:
    return raw is NULL or bytes(raw) == b"null"


def _value(raw: msgspec.Raw) -> Any:
    return None if raw is NULL else msgspec.json.decode(raw)


def _text(raw: msgspec.Raw) -> str | None:
    value = _value(raw)
    return None if value is None else str(value)


def _list(raw: msgspec.Raw) -> list[dict[str, Any]]:
    value = _value(raw)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _mapping(raw: msgspec.Raw) -> dict[str, Any]:
    value = _value(raw)
    return value if isinstance(value, dict) else {}
