"""What one file defines, before it is linked with the others.

`SqlDefinition`, `SeedDefinition` and `SourceDefinition` become resources. A `NodePatch` is what
property YAML says about a resource that lives in another file. Values taken from YAML are already
rendered (PROJ-168); `raw_*` fields keep the text as written where state comparison needs it.
"""

from typing import Any, Literal

import msgspec

from upriver.problems import Key, Problem
from upriver.resources.calls import Facts, Version
from upriver.resources.macro import Doc, Macro, MacroArgument

SqlKind = Literal["model", "snapshot", "analysis", "test", "function"]
PatchKind = Literal["model", "seed", "snapshot", "analysis", "test", "function"]


class SqlDefinition(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag=True):
    """A model, snapshot block, analysis, singular test or function."""

    kind: SqlKind
    name: str
    package: str
    path: str
    original_file_path: str
    raw_code: str
    """Stripped source of the file (of the block's body for `.sql` snapshots)."""
    checksum: str
    language: Literal["sql", "python"] = "sql"
    facts: Facts
    line: int = 1
    """Line of the file at which `raw_code` begins."""


class SeedDefinition(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag=True):
    """A CSV file. Over 1 MiB the checksum is of the path (PROJ-141)."""

    name: str
    package: str
    path: str
    original_file_path: str
    checksum_name: Literal["sha256", "path"]
    checksum: str
    root_path: str


class TestItem(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One entry of a `data_tests:` list (PROJ-197..202), shape checked, arguments not bound."""

    name: str
    """Test name without its namespace."""
    namespace: str | None = None
    arguments: dict[str, Any] = {}
    """Arguments as written in YAML (unrendered strings; PROJ-202 is applied when linking)."""
    config: dict[str, Any] = {}
    """Config keys, inline or under `config:`."""
    custom_name: str | None = None
    description: str = ""
    keys: tuple[Key, ...] = ()
    """Where it stands in its YAML file."""


class ColumnPatch(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One entry of `columns:`."""

    name: str
    description: str = ""
    data_type: str | None = None
    constraints: tuple[dict[str, Any], ...] = ()
    quote: bool | None = None
    tests: tuple[TestItem, ...] = ()
    tags: tuple[str, ...] = ()
    meta: dict[str, Any] = {}
    granularity: str | None = None
    policy_tags: tuple[str, ...] = ()
    extra: dict[str, Any] = {}
    """Unknown keys, kept."""


class VersionPatch(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One entry of a model's `versions:` (PROJ-223, PROJ-224)."""

    v: Version
    defined_in: str | None = None
    description: str | None = None
    access: str | None = None
    config: dict[str, Any] = {}
    raw_config: dict[str, Any] = {}
    columns: tuple[ColumnPatch, ...] | None = None
    """Own columns; None inherits the model's."""
    column_include: str | tuple[str, ...] | None = None
    """`all`, `*` or names inherited from the model, when a `- include:` entry is present."""
    column_exclude: tuple[str, ...] = ()
    tests: tuple[TestItem, ...] | None = None
    constraints: tuple[dict[str, Any], ...] | None = None
    deprecation_date: str | None = None
    docs: dict[str, Any] | None = None
    keys: tuple[Key, ...] = ()


class NodePatch(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag=True):
    """What a property file says about one model, seed, snapshot, analysis or singular test."""

    kind: PatchKind
    name: str
    package: str
    path: str
    """The YAML file's path relative to the package root."""
    description: str = ""
    """Not rendered: `doc()` needs all files."""
    config: dict[str, Any] = {}
    """`config:` plus the top-level shortcuts of PROJ-76 moved into it."""
    raw_config: dict[str, Any] = {}
    """The same before Jinja."""
    columns: tuple[ColumnPatch, ...] = ()
    tests: tuple[TestItem, ...] = ()
    versions: tuple[VersionPatch, ...] = ()
    latest_version: Version | None = None
    access: str | None = None
    constraints: tuple[dict[str, Any], ...] = ()
    deprecation_date: str | None = None
    docs: dict[str, Any] = {}
    meta: dict[str, Any] = {}
    time_spine: dict[str, Any] | None = None
    relation: str | None = None
    """For YAML snapshots: the text `ref('x')` or `source('a', 'b')`."""
    arguments: tuple[dict[str, Any], ...] = ()
    """Functions only."""
    returns: dict[str, Any] | None = None
    """Functions only."""
    keys: tuple[Key, ...] = ()


class MacroPatch(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag=True):
    """What a property file says about a macro."""

    name: str
    package: str
    path: str
    description: str = ""
    arguments: tuple[MacroArgument, ...] = ()
    docs: dict[str, Any] = {}
    meta: dict[str, Any] = {}
    config: dict[str, Any] = {}
    keys: tuple[Key, ...] = ()


class SourceDefinition(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag=True):
    """One table of a source, with its source's values kept apart (merged in `graph`)."""

    source_name: str
    name: str
    package: str
    path: str
    source: dict[str, Any]
    """The source's own keys, rendered: description, database, schema, loader, quoting, freshness,
    loaded_at_field, loaded_at_query, tags, meta, config, overrides."""
    table: dict[str, Any]
    """The table's keys, rendered, without `columns` and tests."""
    raw_source: dict[str, Any] = {}
    raw_table: dict[str, Any] = {}
    columns: tuple[ColumnPatch, ...] = ()
    tests: tuple[TestItem, ...] = ()
    keys: tuple[Key, ...] = ()


class YamlDefinition(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag=True):
    """An exposure, group, unit test, metric, semantic model or saved query, checked."""

    kind: Literal["exposure", "group", "unit_test", "metric", "semantic_model", "saved_query"]
    name: str
    package: str
    path: str
    body: dict[str, Any]
    """Rendered keys. Exposures: `depends_on` is replaced by `facts`."""
    raw_body: dict[str, Any] = {}
    facts: Facts = Facts()
    keys: tuple[Key, ...] = ()


class FixtureDefinition(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag=True):
    """A file of rows for unit tests (PROJ-209), not read any further."""

    name: str
    package: str
    path: str
    """Relative to the package's root."""
    format: Literal["csv", "sql"]
    text: str


Definition = (
    SqlDefinition
    | SeedDefinition
    | NodePatch
    | MacroPatch
    | SourceDefinition
    | YamlDefinition
    | FixtureDefinition
)


class ParsedFile(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Everything one file holds."""

    file_id: str
    package: str
    path: str
    checksum: str
    definitions: tuple[Definition, ...] = ()
    macros: tuple[Macro, ...] = ()
    docs: tuple[Doc, ...] = ()
    problems: tuple[Problem, ...] = ()
