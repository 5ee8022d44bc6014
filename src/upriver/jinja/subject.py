"""What a context is for: the node, hook, operation, naming macro or comment that is rendered.

A `Subject` holds the handful of names that differ from one render to the next; everything else a
template sees is the same for all. References are answered by its `resolver`: while parsing one
that writes down what was asked (`jinja/capture.py`), while running one that the runner feeds with
the relations the plan chose. Costly values (`model`) are callables, made when a template asks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import msgspec

from upriver.resources.calls import RefCall, SourceCall


class Resolver(Protocol):
    """Answers the calls that tie a template to other resources.

    Answers are relations (`jinja/relation.py`) for `ref`, `source` and `function`; what has no
    answer raises `CompilationError`.
    """

    def ref(self, call: RefCall) -> Any:
        """Answer `ref(...)` (JINJA-38)."""
        ...

    def source(self, call: SourceCall) -> Any:
        """Answer `source(...)` (JINJA-39)."""
        ...

    def metric(self, call: RefCall) -> Any:
        """Answer `metric(...)` (JINJA-40)."""
        ...

    def function(self, call: RefCall) -> Any:
        """Answer `function(...)` (JINJA-41)."""
        ...


class Config(Protocol):
    """The object behind the name `config` (JINJA-42..45): see `jinja/config.py`."""

    def __call__(self, *args: Any, **kwargs: Any) -> str:
        """Record or ignore a `config(...)` call; renders empty."""
        ...


class Overrides(msgspec.Struct, frozen=True, kw_only=True):
    """What a unit test replaces (JINJA-75, JINJA-82)."""

    macros: Mapping[str, Any] = {}
    """Value returned by the macro, keyed `name` or `package.name`."""
    vars: Mapping[str, Any] = {}
    env_vars: Mapping[str, Any] = {}


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is rendered."""

    package: str
    """Package whose macros an unqualified name reaches first (JINJA-135)."""
    resolver: Resolver
    config: Config
    name: str = ""
    """Shown in errors."""
    unique_id: str | None = None
    this: Any = None
    """The node's own relation; None for hooks and operations."""
    database: str | None = None
    schema: str | None = None
    """Both fall back to the target's when None (JINJA-53)."""
    model: Callable[[], Mapping[str, Any]] | None = None
    """Makes the `model` mapping (JINJA-47), once per context."""
    sql: str | None = None
    """Compiled SQL, for `sql` and `compiled_code` (JINJA-56)."""
    compiled_code: str | None = None
    """When it differs from `sql` (Python models)."""
    pre_hooks: tuple[Mapping[str, Any], ...] | None = None
    post_hooks: tuple[Mapping[str, Any], ...] | None = None
    extra: Mapping[str, Any] = {}
    """Further names: `write`, `load_agate_table`, `submit_python_job`, `defer_relation`,
    `results`, `source_node`, ... They replace names of the same spelling, but not macros."""
    overrides: Overrides = Overrides()
    is_capturing: bool = False
    """Whether undefined names are permissive (JINJA-6)."""
    on_macro: Callable[[str], None] | None = None
    """Told the unique_id of every macro that the template calls directly (JINJA-143)."""
