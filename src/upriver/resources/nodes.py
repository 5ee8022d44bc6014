"""Linked resources: final configuration, final names, resolved dependencies.

One type per kind. `config` mappings hold dbt's fields in dbt's order with defaults filled, extra
keys after (ART-49). Nothing here is ever changed; a later stage makes another value.
"""

from typing import Any, Literal

import msgspec

from upriver.resources.calls import RefCall, SourceCall, Version
from upriver.resources.semantic import Metric, SavedQuery, SemanticModel


class Column(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A documented column."""

    name: str
    description: str = ""
    meta: dict[str, Any] = {}
    data_type: str | None = None
    constraints: tuple[dict[str, Any], ...] = ()
    quote: bool | None = None
    tags: tuple[str, ...] = ()
    granularity: str | None = None
    doc_blocks: tuple[str, ...] = ()
    extra: dict[str, Any] = {}


class Node(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What every node that lives in a file under `nodes` of a manifest has in common (ART-30)."""

    unique_id: str
    name: str
    package: str
    path: str
    original_file_path: str
    fqn: tuple[str, ...]
    alias: str
    database: str | None
    schema: str
    relation_name: str | None
    """The relation's rendered name; None where nothing is stored (PROJ-180)."""
    raw_code: str = ""
    language: str = "sql"
    checksum_name: str = "sha256"
    checksum: str = ""
    config: dict[str, Any] = {}
    unrendered_config: dict[str, Any] = {}
    tags: tuple[str, ...] = ()
    meta: dict[str, Any] = {}
    group: str | None = None
    description: str = ""
    doc_blocks: tuple[str, ...] = ()
    columns: dict[str, Column] = {}
    patch_path: str | None = None
    docs: dict[str, Any] = {}
    depends_on: tuple[str, ...] = ()
    """unique_ids of nodes and sources, in call order."""
    depends_on_macros: tuple[str, ...] = ()
    refs: tuple[RefCall, ...] = ()
    sources: tuple[SourceCall, ...] = ()
    metrics: tuple[RefCall, ...] = ()
    functions: tuple[RefCall, ...] = ()
    line: int = 1
    """Line of the file at which `raw_code` begins."""


class Model(Node, frozen=True, kw_only=True, array_like=True, tag="model", tag_field="kind"):
    """A model, SQL or Python."""

    access: str = "protected"
    version: Version | None = None
    latest_version: Version | None = None
    deprecation_date: str | None = None
    constraints: tuple[dict[str, Any], ...] = ()
    primary_key: tuple[str, ...] = ()
    time_spine: dict[str, Any] | None = None
    contract_checksum: str | None = None


class Seed(Node, frozen=True, kw_only=True, array_like=True, tag="seed", tag_field="kind"):
    """A CSV file loaded as a table."""

    root_path: str | None = None


class Snapshot(Node, frozen=True, kw_only=True, array_like=True, tag="snapshot", tag_field="kind"):
    """A slowly changing dimension."""


class Analysis(Node, frozen=True, kw_only=True, array_like=True, tag="analysis", tag_field="kind"):
    """SQL that is compiled and never run."""


class Function(Node, frozen=True, kw_only=True, array_like=True, tag="function", tag_field="kind"):
    """A function that the warehouse keeps (ART-45)."""

    arguments: tuple[dict[str, Any], ...] = ()
    """Each with `name`, `data_type`, `description` and `default_value`."""
    returns: dict[str, Any] = {}


class Test(Node, frozen=True, kw_only=True, array_like=True, tag="test", tag_field="kind"):
    """A data test. Generic when `test_name` is set, else singular."""

    test_name: str | None = None
    test_namespace: str | None = None
    test_kwargs: dict[str, Any] = {}
    column_name: str | None = None
    attached_node: str | None = None
    file_key_name: str | None = None


class Operation(
    Node, frozen=True, kw_only=True, array_like=True, tag="operation", tag_field="kind"
):
    """A project hook (`on-run-start`, `on-run-end`)."""

    index: int = 0


class SqlOperation(
    Node, frozen=True, kw_only=True, array_like=True, tag="sql_operation", tag_field="kind"
):
    """An inline query."""


class Source(
    msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag="source", tag_field="kind"
):
    """A table the project reads and does not build (ART-37)."""

    unique_id: str
    name: str
    source_name: str
    package: str
    path: str
    original_file_path: str
    fqn: tuple[str, ...]
    database: str | None
    schema: str
    identifier: str
    relation_name: str
    quoting: dict[str, Any] = {}
    loader: str = ""
    description: str = ""
    source_description: str = ""
    source_meta: dict[str, Any] = {}
    meta: dict[str, Any] = {}
    tags: tuple[str, ...] = ()
    config: dict[str, Any] = {}
    unrendered_config: dict[str, Any] = {}
    unrendered_database: str | None = None
    unrendered_schema: str | None = None
    freshness: dict[str, Any] | None = None
    loaded_at_field: str | None = None
    loaded_at_query: str | None = None
    external: dict[str, Any] | None = None
    columns: dict[str, Column] = {}
    doc_blocks: tuple[str, ...] = ()
    patch_path: str | None = None


class Exposure(
    msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag="exposure", tag_field="kind"
):
    """Something outside the project that reads it."""

    unique_id: str
    name: str
    package: str
    path: str
    original_file_path: str
    fqn: tuple[str, ...]
    type: str
    owner: dict[str, Any]
    description: str = ""
    label: str | None = None
    maturity: str | None = None
    url: str | None = None
    meta: dict[str, Any] = {}
    tags: tuple[str, ...] = ()
    config: dict[str, Any] = {}
    unrendered_config: dict[str, Any] = {}
    depends_on: tuple[str, ...] = ()
    depends_on_macros: tuple[str, ...] = ()
    refs: tuple[RefCall, ...] = ()
    sources: tuple[SourceCall, ...] = ()
    metrics: tuple[RefCall, ...] = ()


class Group(
    msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag="group", tag_field="kind"
):
    """A named set of models with an owner."""

    unique_id: str
    name: str
    package: str
    path: str
    original_file_path: str
    owner: dict[str, Any]
    description: str | None = None
    config: dict[str, Any] = {}


class UnitTest(
    msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag="unit_test", tag_field="kind"
):
    """A unit test of one model."""

    unique_id: str
    name: str
    package: str
    path: str
    original_file_path: str
    fqn: tuple[str, ...]
    model: str
    given: tuple[dict[str, Any], ...]
    expect: dict[str, Any]
    overrides: dict[str, Any] | None = None
    description: str = ""
    version: Version | None = None
    versions: dict[str, Any] | None = None
    config: dict[str, Any] = {}
    tags: tuple[str, ...] = ()
    schema: str | None = None
    checksum: str | None = None
    depends_on: tuple[str, ...] = ()


Resource = (
    Model | Seed | Snapshot | Analysis | Test | Operation | SqlOperation
    | Source | Exposure | Group | UnitTest | Function | SemanticModel | Metric | SavedQuery
)  # fmt: skip

ExecutableNode = Model | Seed | Snapshot | Analysis | Test | Operation | SqlOperation | Function

Kind = Literal[
    "model", "seed", "snapshot", "analysis", "test", "operation", "sql_operation",
    "source", "exposure", "group", "unit_test", "metric", "semantic_model", "saved_query",
    "function",
]  # fmt: skip


def kind_of(unique_id: str) -> str:
    """Return the kind, which is the first part of every unique_id (ART-81)."""
    return unique_id.partition(".")[0]
