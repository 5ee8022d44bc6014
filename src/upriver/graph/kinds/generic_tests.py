"""Generic tests: every entry of a `data_tests:` list becomes a test with dbt's name and id.

The id ends in a digest over the name and the arguments as text (PROJ-173, PROJ-174); the spelling
of both decides whether state comparison finds the same test again, so it follows dbt to the
letter.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from upriver.graph.config import accumulate_calls, as_list, distinct_tags
from upriver.graph.drafts import Draft, Resolved, Scope, resolve_config
from upriver.graph.kinds.arguments import Asked, gather, render_text
from upriver.graph.kinds.nodes import name_node
from upriver.jinja.static_facts import unrendered_config
from upriver.problems import Problem, Span
from upriver.resources.calls import Facts, RefCall, SourceCall, Version
from upriver.resources.definitions import ColumnPatch, TestItem
from upriver.resources.nodes import Test

_ONLY_TEXT = frozenset({str})
_LONGEST_NAME = 63
"""Longer names are shortened where they name files and relations."""
_SHORT_STEM = 30
_ARGUMENT_PARTS = re.compile(r"[^0-9a-zA-Z_]+")
_CONFIG_ORDER = (
    "severity", "tags", "enabled", "where", "limit", "warn_if", "error_if", "fail_calc",
    "store_failures", "store_failures_as", "meta", "database", "schema", "alias",
)  # fmt: skip
_READ_STATICALLY = frozenset({"macro.dbt.test_not_null", "macro.dbt.test_unique"})
"""Tests that dbt does not render to find out what they depend on."""
_WHERE = "get_where_subquery"


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """What a list of tests is about: a node, or a table of a source."""

    section: str
    """Key of the property file: `models`, `seeds`, `snapshots`, `sources`."""
    key_name: str
    """Name of the entry in that section."""
    package: str
    """Package of the property file, to which the tests belong."""
    path: str
    """The property file, relative to the package's root."""
    call: RefCall | SourceCall
    unique_id: str | None
    """None where nothing of the name exists."""
    group: str | None = None
    tags: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The part of a test's name that says what is tested."""
        call = self.call
        if isinstance(call, SourceCall):
            return f"{call.source}_{call.table}"
        return call.name if call.version is None else f"{call.name}_v{call.version}"

    @property
    def model_argument(self) -> str:
        """The `model` argument as it stands in the test's metadata (PROJ-204)."""
        call = self.call
        if isinstance(call, SourceCall):
            text = f"source('{call.source}', '{call.table}')"
        elif call.version is None:
            text = f"ref('{call.name}')"
        else:
            text = f"ref('{call.name}', version='{call.version}')"
        return f"{{{{ {_WHERE}({text}) }}}}"


def draft_tests(
    scope: Scope,
    target: Target,
    tests: tuple[TestItem, ...],
    columns: tuple[ColumnPatch, ...],
) -> list[Draft]:
    """Draft the tests of a node or source table and of its columns."""
    place = _Place(
        name=target.name,
        model=target.model_argument,
        file=scope.place(target.package, target.path),
        directories=scope.directories(target.package, target.path),
        facts={},
    )
    drafts: list[Draft] = []
    for column in columns:
        if column.tests:
            name = _quoted(scope, column)
            tags = (*target.tags, *column.tags)
            drafts += [_draft(scope, target, place, one, name, tags) for one in column.tests]
    drafts += [_draft(scope, target, place, one, None, target.tags) for one in tests]
    return drafts


class _Place(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    model: str
    file: str
    directories: tuple[str, ...]
    facts: dict[str, Facts]
    """What the tests that are not rendered depend on, by their macro."""


def _quoted(scope: Scope, column: ColumnPatch) -> str:
    if not column.quote:
        return column.name
    mark = scope.inputs.dialect.quote_character
    return f"{mark}{column.name}{mark}"


def _draft(
    scope: Scope,
    target: Target,
    place: _Place,
    item: TestItem,
    column_name: str | None,
    tags: tuple[str, ...],
) -> Draft:
    kwargs: dict[str, Any] = dict(item.arguments)
    if column_name is not None:
        kwargs["column_name"] = column_name
    is_source = isinstance(target.call, SourceCall)
    name, short = _names(item, _stem(item, place.name, is_source=is_source), kwargs)
    kwargs["model"] = place.model
    unique_id = f"test.{target.package}.{name}.{_digest(name, item, kwargs)}"
    span = Span(file=place.file, keys=item.keys)
    config = _said_config(scope, item, target.package, span)
    if short != name and "alias" not in config:
        config["alias"] = short
    called = _Called(
        unique_id=unique_id,
        name=name,
        short=short,
        fqn=(target.package, *place.directories, name),
        raw_code=_raw_code(item, config),
        kwargs=kwargs,
        column_name=column_name,
    )
    facts = _facts(scope, target, place, item, called, span, config)
    resolved = _resolved(scope, target.package, called, facts, config)
    values = _values(target, item, called, facts, resolved, _first_tags(tags, item))
    if item.description:
        values["description"], values["doc_blocks"] = scope.descriptions.render(
            item.description, target.package, span, unique_id
        )
    name_node(scope, values, "test", None, place.file)
    return Draft(
        type=Test,
        kind="test",
        unique_id=unique_id,
        name=name,
        package=target.package,
        is_enabled=values["config"]["enabled"] is not False,
        values=values,
        refs=facts.refs,
        sources=facts.sources,
        file=place.file,
        keys=item.keys,
    )


def _stem(item: TestItem, tested: str, *, is_source: bool) -> str:
    call = item.name if item.namespace is None else f"{item.namespace}_{item.name}"
    if not is_source:
        return f"{call}_{tested}"
    space = "" if item.namespace is None else f"{item.namespace}_"
    return f"{space}source_{item.name}_{tested}"


class _Called(msgspec.Struct, frozen=True, kw_only=True):
    """A test as it is named and called."""

    unique_id: str
    name: str
    short: str
    """Names its file and relation."""
    fqn: tuple[str, ...]
    raw_code: str
    kwargs: dict[str, Any]
    column_name: str | None


def _values(
    target: Target,
    item: TestItem,
    called: _Called,
    facts: Facts,
    resolved: Resolved,
    first_tags: tuple[str, ...],
) -> dict[str, Any]:
    """Return the values of a test, its names in the target left open.

    They are written out at once: a mapping that grows is copied, and twice as large afterwards.
    """
    return {
        "unique_id": called.unique_id,
        "name": called.name,
        "package": target.package,
        "path": f"{called.short}.sql",
        "original_file_path": target.path,
        "fqn": called.fqn,
        "alias": called.name,
        "schema": "",
        "database": None,
        "relation_name": None,
        "raw_code": called.raw_code,
        "checksum_name": "none",
        "config": resolved.config,
        "unrendered_config": resolved.unrendered,
        "tags": distinct_tags(first_tags, resolved.tags) if first_tags else resolved.tags,
        "meta": resolved.config["meta"],
        "group": target.group,
        "depends_on_macros": facts.macros,
        "refs": facts.refs,
        "sources": facts.sources,
        "test_name": item.name,
        "test_namespace": item.namespace,
        "test_kwargs": called.kwargs,
        "column_name": called.column_name,
        "attached_node": None if isinstance(target.call, SourceCall) else target.unique_id,
        "file_key_name": f"{target.section}.{target.key_name}",
    }


def _resolved(
    scope: Scope,
    package: str,
    called: _Called,
    facts: Facts,
    config: Mapping[str, Any],
) -> Resolved:
    """Return a test's configuration."""
    raw = config
    if facts.configs:
        raw = config = accumulate_calls(facts.configs)
        if scope.inputs.flags.state_modified_compare_more_unrendered_values:
            raw = unrendered_config(called.raw_code) or config
    # The root project's tree shows over what a property file says of a package's test.
    return resolve_config(
        scope, "test", package, called.fqn, yaml={}, raw_yaml=raw, in_file=config, raw_in_file={}
    )


def _first_tags(outer: tuple[str, ...], item: TestItem) -> tuple[str, ...]:
    """Return the tags that come before those of trees and macros: of what is tested and of the
    test itself, sorted (PROJ-71).
    """
    own = as_list(item.config.get("tags"))
    return tuple(sorted({*outer, *map(str, own)})) if outer or own else ()


def _names(item: TestItem, stem: str, kwargs: Mapping[str, Any]) -> tuple[str, str]:
    """Return the name, and the name of its file and relation (PROJ-173, PROJ-175)."""
    if item.custom_name is not None:
        return item.custom_name, item.custom_name
    parts: list[str] = []
    for key in sorted(kwargs):
        value = kwargs[key]
        if isinstance(value, str):
            parts.append(value)
        elif isinstance(value, dict):
            parts += [str(one) for one in value.values()]
        elif isinstance(value, list | tuple):
            parts += [str(one) for one in value]
        else:
            parts.append(str(value))
    # Most arguments are names, which need no cleaning.
    cleaned = "__".join(
        [
            part if part.isascii() and part.isidentifier() else _ARGUMENT_PARTS.sub("_", part)
            for part in parts
        ]
    )
    # dbt joins with an underscore even where no argument follows.
    name = f"{stem}_{cleaned}"
    if len(name) <= _LONGEST_NAME:
        return name, name
    return name, f"{stem[:_SHORT_STEM]}_{_md5(name)}"


def _digest(name: str, item: TestItem, kwargs: Mapping[str, Any]) -> str:
    values: Any = {key: kwargs[key] for key in sorted(kwargs)}
    if not set(map(type, values.values())) <= _ONLY_TEXT:
        values = _as_text(kwargs)
    shown = f"'kwargs': {values!r}, 'name': {item.name!r}"
    return _md5(f"{name}{{{shown}, 'namespace': {str(item.namespace)!r}}}")[-10:]


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _as_text(value: Any) -> Any:
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return {
            key: one if isinstance(one := value[key], str) else _as_text(one)
            for key in sorted(value)
        }
    if isinstance(value, list | tuple):
        return [_as_text(one) for one in value]
    return str(value)


def _said_config(scope: Scope, item: TestItem, package: str, span: Span) -> dict[str, Any]:
    """Return a test's own config in the order in which dbt writes it into the test's code."""
    if not item.config:
        return {}
    keys = [key for key in _CONFIG_ORDER if key in item.config]
    keys += [key for key in item.config if key not in _CONFIG_ORDER]
    return {
        key: render_text(scope, value, package, span) if isinstance(value, str) else value
        for key in keys
        if (value := item.config[key]) is not None
    }


def _raw_code(item: TestItem, config: Mapping[str, Any]) -> str:
    called = (
        f"test_{item.name}" if item.namespace is None else f"{item.namespace}.test_{item.name}"
    )
    code = f"{{{{ {called}(**_dbt_generic_test_kwargs) }}}}"
    if not config:
        return code
    shown = ",".join(f"{key}={_literal(value)}" for key, value in config.items())
    return f"{code}{{{{ config({shown}) }}}}"


def _literal(value: Any) -> str:
    if isinstance(value, str):
        escaped = value.replace('"', '\\"')
        return f'"{escaped}"'
    return str(value)


def _facts(
    scope: Scope,
    target: Target,
    place: _Place,
    item: TestItem,
    called: _Called,
    span: Span,
    config: dict[str, Any],
) -> Facts:
    """Return what a test depends on: what it tests, its arguments, and what its macro asks for.

    Its own config stands in its code too, so that rendering the code says it a second time, after
    what the macro says: lists that are appended to hold it twice.
    """
    call = target.call
    macro = scope.macros.find_test(item.name, item.namespace, target.package)
    recorded = scope.macros.recorded_tests(item.name, item.namespace, target.package)
    if (
        macro is not None
        and macro.unique_id in _READ_STATICALLY
        and recorded[0] == macro.unique_id
    ):
        known = place.facts.get(macro.unique_id)
        if known is None:
            macros = (macro.unique_id,)
            known = (
                Facts(sources=(call,), macros=macros)
                if isinstance(call, SourceCall)
                else Facts(refs=(call,), macros=macros)
            )
            place.facts[macro.unique_id] = known
        return known
    asked = Asked()
    asked.macros.update(dict.fromkeys(recorded[:1]))
    for value in item.arguments.values():
        gather(scope, value, target.package, span, asked)
    asked.add(_as_called(call))
    where = scope.macros.find(_WHERE, target.package)
    if where is not None:
        asked.macros[where.unique_id] = None
    asked.macros.update(dict.fromkeys(recorded[1:]))
    if macro is not None and scope.macros.asks(macro):
        _ask_macro(scope, target.package, called, asked)
    return Facts(
        refs=tuple(asked.refs),
        sources=tuple(asked.sources),
        configs=(config, *(asked.configs or (config,))) if config else tuple(asked.configs),
        macros=tuple(asked.macros),
    )


def _as_called(call: RefCall | SourceCall) -> RefCall | SourceCall:
    """Return the call that rendering the `model` argument makes: versions stand there as text."""
    version: Version | None = None if isinstance(call, SourceCall) else call.version
    if isinstance(call, SourceCall) or version is None:
        return call
    return RefCall(name=call.name, package=call.package, version=str(version))


def _ask_macro(scope: Scope, package: str, called: _Called, asked: Asked) -> None:
    answer = scope.inputs.templates.test_facts(called.raw_code, package, called.kwargs)
    if isinstance(answer, Problem):
        # The test says what is wrong when it runs, with its real arguments.
        return
    asked.refs += answer.refs
    asked.sources += answer.sources
    asked.configs.extend(answer.configs)
