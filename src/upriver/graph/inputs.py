"""What linking needs besides the parsed files, and the two doors through which it may ask.

Linking is pure: it renders nothing and reads nothing. Where dbt evaluates a template while it
links (an overridden naming macro, an argument of a generic test, a description with more than a
`doc()` call), linking asks a callable of the caller's; the common cases never get that far.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import msgspec

from upriver.problems import Problem
from upriver.resources.calls import Facts
from upriver.resources.definitions import ParsedFile
from upriver.resources.dialect import Dialect


class HookInput(msgspec.Struct, frozen=True, kw_only=True):
    """One `on-run-start` or `on-run-end` entry with what its template was seen to ask for."""

    sql: str
    facts: Facts = Facts()


class PackageInput(msgspec.Struct, frozen=True, kw_only=True):
    """The part of one package's settings that linking reads."""

    name: str
    is_internal: bool = False
    """Built-in macro packages: `dbt` and the adapter's."""
    directory: str = ""
    """Where its files are, relative to the project root (`dbt_packages/x`); for places of
    problems."""
    project_checksum: str = ""
    """Checksum of its `dbt_project.yml`, which its hooks bear."""
    configs: Mapping[str, Mapping[str, Any]] = {}
    """Config trees by their key in `dbt_project.yml` (`models`, `seeds`, `snapshots`, `sources`,
    `data_tests`, `exposures`, `unit_tests`, ...), rendered (PROJ-32). `tests` is `data_tests`."""
    raw_configs: Mapping[str, Mapping[str, Any]] = {}
    """The same trees as written, for `unrendered_config` (PROJ-77)."""
    quoting: Mapping[str, Any] = {}
    on_run_start: tuple[HookInput, ...] = ()
    on_run_end: tuple[HookInput, ...] = ()
    is_access_restricted: bool = False
    """`restrict-access` (PROJ-28)."""
    search_paths: tuple[str, ...] = ("models", "seeds", "snapshots", "analyses", "macros", "tests")
    """Directories below which property files stand; what follows is dbt's `path`."""


class LinkFlags(msgspec.Struct, frozen=True, kw_only=True):
    """Behaviour flags that change how files are linked (PROJ-261, PROJ-262)."""

    require_resource_names_without_spaces: bool = True
    require_unique_project_resource_names: bool = False
    require_ref_searches_node_package_before_root: bool = False
    state_modified_compare_more_unrendered_values: bool = False
    require_nested_cumulative_type_params: bool = False
    store_failures: bool = False
    """`--store-failures`, where a test's config does not say (PROJ-120)."""


class Rendered(msgspec.Struct, frozen=True, kw_only=True):
    """A rendered value with what it asked for, or the problem that kept it from rendering."""

    value: Any = None
    facts: Facts = Facts()
    problem: Problem | None = None


class NamingCalls(Protocol):
    """Calls an overridden `generate_schema_name`, `generate_alias_name` or
    `generate_database_name` (JINJA-83) as a node of `package` reaches it.
    """

    def __call__(
        self, macro: str, package: str, custom: str | None, node: Mapping[str, Any]
    ) -> str | Problem | None:
        """Return the stripped text the macro gives, or the problem that stopped it."""
        ...


class Templates(Protocol):
    """Renders the few templates that can be rendered only once all files are known."""

    def render_argument(self, text: str, package: str) -> Rendered:
        """Render an argument of a generic test natively (PROJ-202); `facts` says what it asked."""
        ...

    def hook_facts(self, sql: str, package: str, unique_id: str) -> Facts:
        """Return what a node's pre-hook or post-hook asks for."""
        ...

    def render_description(self, text: str, package: str, doc: Callable[..., str]) -> Rendered:
        """Render a description in dbt's docs context, in which `doc` is the given callable. Asked
        only for descriptions with more Jinja in them than plain `doc()` calls.
        """
        ...

    def test_facts(
        self, raw_code: str, package: str, kwargs: Mapping[str, Any]
    ) -> Facts | Problem:
        """Render a generic test as dbt does while parsing, to see the refs, sources and configs
        its macro asks for. Asked only if the macro's text, or that of a macro it calls, mentions
        any of them.
        """
        ...


class LinkInputs(msgspec.Struct, frozen=True, kw_only=True):
    """All files of all packages, and the settings that give their definitions names."""

    files: tuple[ParsedFile, ...]
    """In load order: packages as in `packages`, files sorted within one."""
    packages: tuple[PackageInput, ...]
    """Every package, internal ones included."""
    root: str
    """Name of the root project."""
    dialect: Dialect
    database: str | None
    """The target's database."""
    schema: str
    """The target's schema."""
    naming: NamingCalls
    templates: Templates
    flags: LinkFlags = LinkFlags()
    dispatch: Mapping[str, tuple[str, ...]] = {}
    """Packages that `adapter.dispatch` searches, by namespace, where the project says (PROJ-23)."""
    today: str = ""
    """ISO date that deprecation dates are compared with; empty compares nothing."""
    selectors: Mapping[str, Any] = {}
