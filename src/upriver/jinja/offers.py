"""Every name dbt offers to templates that is no macro, and how it is made for a context.

Names without a world behind them are one object for all contexts; the others are made when a
template first uses them. What would make a parse unmemorable (the invocation, `graph`) is asked
for only when it is named and, for what is empty while parsing anyway, only while executing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from jinja2.defaults import DEFAULT_NAMESPACE
from jinja2.sandbox import safe_range
from jinja2.utils import missing

from upriver.jinja.adapter import Adapter, ParseAdapter, Parts, RunAdapter
from upriver.jinja.column import ColumnFactory
from upriver.jinja.errors import CompilationError
from upriver.jinja.exceptions import Exceptions
from upriver.jinja.members import (
    EnvVar,
    Flags,
    Modules,
    Validation,
    Var,
    diff_of_two_dicts,
    fromjson,
    fromyaml,
    local_md5,
    make_set,
    make_set_strict,
    make_zip,
    make_zip_strict,
    return_value,
    tojson,
    toyaml,
    try_or_compiler_error,
)
from upriver.jinja.references import (
    function_function,
    metric_function,
    ref_function,
    source_function,
)
from upriver.jinja.relation_factory import RelationFactory
from upriver.jinja.runtime_config import RuntimeConfig
from upriver.jinja.scope import Context, Offers

DBT_VERSION = "1.11.16"
"""The version whose behaviour is matched; packages compare it as text (JINJA-16)."""


class Api:
    """The name `api`."""

    __slots__ = ("Column", "Relation")

    def __init__(self, relations: RelationFactory, columns: ColumnFactory) -> None:
        self.Relation = relations
        self.Column = columns


class Builtins(Mapping[str, Any]):
    """The name `builtins`: what is offered, whatever macros replaced it (JINJA-34)."""

    __slots__ = ("_context",)

    def __init__(self, context: Context) -> None:
        self._context = context

    def __getitem__(self, key: str) -> Any:
        found = missing if key in _NOT_BUILTIN else self._context.offered(key)
        if found is missing:
            raise KeyError(key)
        return found

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._context.offers if name not in _NOT_BUILTIN)

    def __len__(self) -> int:
        return sum(1 for _ in self)


_NOT_BUILTIN = frozenset({"context", "builtins", "this"})


def _same(value: Any) -> Callable[[Context], Any]:
    return lambda _: value


def _relations(context: Context) -> RelationFactory:
    world = context.world
    return RelationFactory(world.dialect, world.quoting)


def _api(context: Context) -> Api:
    return Api(_relations(context), ColumnFactory(context.world.dialect))


def _adapter(context: Context) -> Adapter:
    api: Api = context.offered("api")
    parts = Parts(
        world=context.world,
        package=context.subject.package,
        bind=context.bind,
        call=lambda name, *args: context.apart().call(name, args, {}),
        relations=api.Relation,
        columns=api.Column,
        warn=lambda text: _warn(context, text),
        write=lambda text: context.world.say(text, "print", context.subject.unique_id),
    )
    return RunAdapter(parts) if context.world.is_executing else ParseAdapter(parts)


def _warn(context: Context, text: str) -> None:
    context.world.say(text, "warn", context.subject.unique_id)


def _ref(context: Context) -> Any:
    if not context.subject.is_capturing:
        # It was said when the project was read.
        return ref_function(context.subject.resolver, RuntimeConfig(context.world))
    config = RuntimeConfig(context.world)
    return ref_function(context.subject.resolver, config, lambda text: _warn(context, text))


def _exceptions(context: Context) -> Exceptions:
    return Exceptions(lambda text: _warn(context, text))


def _log(context: Context) -> Callable[..., str]:
    def log(msg: Any, info: bool = False) -> str:
        context.world.say(str(msg), "info" if info else "debug", context.subject.unique_id)
        return ""

    return log


def _print(context: Context) -> Callable[..., str]:
    def print_message(msg: Any) -> str:
        context.world.say(str(msg), "print", context.subject.unique_id)
        return ""

    return print_message


def _var(context: Context) -> Var:
    subject = context.subject
    return Var(
        context.world,
        subject.package,
        owner=subject.unique_id or subject.name,
        overrides=subject.overrides.vars,
        render=context.render,
    )


def _target_key(context: Context, key: str, own: str | None) -> Any:
    return own if own is not None else context.world.target().get(key)


def _model(context: Context) -> Any:
    make = context.subject.model
    return {} if make is None else make()


def _compiled_code(context: Context) -> Any:
    subject = context.subject
    return subject.compiled_code if subject.compiled_code is not None else subject.sql


def _hooks(hooks: tuple[Mapping[str, Any], ...] | None) -> list[Mapping[str, Any]] | None:
    return None if hooks is None else list(hooks)


def _graph(context: Context) -> Mapping[str, Any]:
    return context.world.graph() if context.world.is_executing else {}


def _arguments(context: Context) -> dict[str, Any]:
    """Options that take several words are tuples, as templates compare them."""
    args = context.world.invocation().args
    return {key: tuple(arg) if isinstance(arg, list) else arg for key, arg in args.items()}


def _selected(context: Context) -> list[str]:
    return list(context.world.selected()) if context.world.is_executing else []


def _no_write(_payload: Any) -> str:
    """Write nothing: only nodes have a file of their own."""
    return ""


def _adapter_macro(*_args: Any, **_kwargs: Any) -> Any:
    raise CompilationError(
        "`adapter_macro` no longer exists",
        code="adapter-macro-removed",
        hint="Use adapter.dispatch('name', 'package')",
    )


def _no_seed(*_args: Any) -> Any:
    raise CompilationError("`load_agate_table` was called for something that is no seed")


def _no_python(*_args: Any) -> Any:
    raise CompilationError("`submit_python_job` was called outside a Python model")


OFFERS: Offers = {
    # Jinja's own names, e.g. `range` and `namespace`.
    **{name: _same(value) for name, value in DEFAULT_NAMESPACE.items()},
    "range": _same(safe_range),
    # Section 2: every template.
    "dbt_version": _same(DBT_VERSION),
    "var": _var,
    "env_var": lambda c: EnvVar(c.world, c.subject.overrides.env_vars),
    "return": _same(return_value),
    "fromjson": _same(fromjson),
    "tojson": _same(tojson),
    "fromyaml": _same(fromyaml),
    "toyaml": _same(toyaml),
    "set": _same(make_set),
    "set_strict": _same(make_set_strict),
    "zip": _same(make_zip),
    "zip_strict": _same(make_zip_strict),
    "log": _log,
    "print": _print,
    "run_started_at": lambda c: c.world.invocation().started_at,
    "invocation_id": lambda c: c.world.invocation().invocation_id,
    "thread_id": _same("MainThread"),
    "modules": _same(Modules()),
    "flags": lambda c: Flags(c.world),
    "local_md5": _same(local_md5),
    "diff_of_two_dicts": _same(diff_of_two_dicts),
    "context": lambda c: c.names,
    "builtins": Builtins,
    "target": lambda c: c.world.target(),
    "env": lambda c: c.world.target(),
    "project_name": lambda c: c.world.project_name,
    # Section 3: nodes, hooks, operations.
    "ref": _ref,
    "source": lambda c: source_function(c.subject.resolver),
    "metric": lambda c: metric_function(c.subject.resolver),
    "function": lambda c: function_function(c.subject.resolver),
    "config": lambda c: c.subject.config,
    "this": lambda c: c.subject.this,
    "model": _model,
    "graph": _graph,
    "execute": lambda c: c.world.is_executing,
    "adapter": _adapter,
    "api": _api,
    "exceptions": _exceptions,
    "database": lambda c: _target_key(c, "database", c.subject.database),
    "schema": lambda c: _target_key(c, "schema", c.subject.schema),
    "column": lambda c: c.offered("api").Column,
    "sql": lambda c: c.subject.sql,
    "compiled_code": _compiled_code,
    "pre_hooks": lambda c: _hooks(c.subject.pre_hooks),
    "post_hooks": lambda c: _hooks(c.subject.post_hooks),
    "write": _same(_no_write),
    "render": lambda c: lambda text: c.render(str(text)),
    "load_result": lambda c: c.results.load,
    "store_result": lambda c: c.results.store_named,
    "store_raw_result": lambda c: c.results.store_raw,
    "_sql_results": lambda c: c.results.stored,
    "load_agate_table": _same(_no_seed),
    "submit_python_job": _same(_no_python),
    "try_or_compiler_error": _same(try_or_compiler_error),
    "validation": _same(Validation()),
    "sql_now": lambda c: c.world.dialect.date_function,
    "adapter_macro": _same(_adapter_macro),
    "selected_resources": _selected,
    "invocation_args_dict": _arguments,
    "dbt_metadata_envs": lambda c: dict(c.world.invocation().metadata_envs),
    "context_macro_stack": lambda c: c.binder.stack,
    "defer_relation": _same(None),
}
"""Every name that is no macro (JINJA-16..74)."""
