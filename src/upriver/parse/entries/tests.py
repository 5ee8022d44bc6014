"""Generic tests as written in `data_tests:` (PROJ-197..200)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from upriver.parse.entries.reader import Keys, Reader
from upriver.parse.entries.shape import type_words
from upriver.resources.definitions import TestItem

CONFIG_KEYS = frozenset(
    {
        "severity", "tags", "enabled", "where", "limit", "warn_if", "error_if", "fail_calc",
        "store_failures", "store_failures_as", "meta", "database", "schema", "alias",
    }
)  # fmt: skip


_NO_ARGUMENTS = frozenset({"name", "description", "config", "column_name"})
"""dbt takes a column beside `arguments` without a word."""


def read_tests(reader: Reader, item: Mapping[str, Any], keys: Keys) -> tuple[TestItem, ...] | None:
    """Return the tests of a model, table or column; None where neither key is written."""
    if "data_tests" in item:
        if "tests" in item:
            reader.report(
                "tests-named-twice",
                "`tests` and `data_tests` are the same property and both given",
                (*keys, "tests"),
                hint="Keep `data_tests`",
            )
        key = "data_tests"
    elif "tests" in item:
        key = "tests"
    else:
        return None
    listed = item[key]
    if not isinstance(listed, list):
        reader.wrong_type(key, listed, "a list", (*keys, key))
        return ()
    tests = []
    for index, raw in enumerate(listed):
        test = _read_test(reader, raw, (*keys, key, index))
        if test is not None:
            tests.append(test)
    return tuple(tests)


def _read_test(reader: Reader, raw: Any, keys: Keys) -> TestItem | None:
    if isinstance(raw, str):
        namespace, _, name = raw.rpartition(".")
        return TestItem(name=name, namespace=namespace or None, keys=keys)
    if not isinstance(raw, dict):
        reader.report(
            "test-shape", f"A test must be a name or a mapping, and is {type_words(raw)}", keys
        )
        return None
    named = _split(reader, raw, keys)
    if named is None:
        return None
    written, arguments, keys = named
    namespace, _, name = written.rpartition(".")
    return _bind(reader, name, namespace or None, arguments, keys)


def _split(
    reader: Reader, raw: dict[Any, Any], keys: Keys
) -> tuple[str, dict[str, Any], Keys] | None:
    """Return a test's name, its arguments and where these stand."""
    if isinstance(raw.get("test_name"), str):
        rest = {key: value for key, value in raw.items() if key != "test_name"}
        return raw["test_name"], rest, keys
    if len(raw) != 1:
        written = ", ".join(f"`{key}`" for key in raw) or "none"
        reader.report(
            "test-shape",
            f"A test must be a mapping with one key, its name; the keys are {written}",
            keys,
            hint="Indent the arguments below the test's name" if raw else None,
        )
        return None
    [(name, arguments)] = raw.items()
    if not isinstance(name, str):
        reader.wrong_type(name, name, "the name of a test", keys)
        return None
    if not isinstance(arguments, dict):
        reader.report(
            "test-shape",
            f"The arguments of the test `{name}` must be a mapping, and are "
            f"{type_words(arguments)}",
            (*keys, name),
            hint=f"Write `- {name}`, without a colon" if arguments is None else None,
        )
        return None
    return name, arguments, (*keys, name)


def _bind(
    reader: Reader, name: str, namespace: str | None, written: dict[str, Any], keys: Keys
) -> TestItem:
    """Sort what is written below a test's name into arguments and config."""
    arguments: dict[str, Any] = {}
    config: dict[str, Any] = {}
    nested = written.get("arguments")
    texts: dict[str, str] = {}
    if isinstance(nested, dict) and reader.nests_arguments:
        beside = {key: value for key, value in written.items() if key != "arguments"}
        if beside.keys() - CONFIG_KEYS - _NO_ARGUMENTS:
            reader.legacy_arguments.append(keys)
        # What stands below `arguments` is sorted like the rest, and wins over it.
        written = {**beside, **nested}
    elif written.keys() - CONFIG_KEYS - _NO_ARGUMENTS:
        reader.legacy_arguments.append(keys)
    for key, value in written.items():
        if key in CONFIG_KEYS:
            config[key] = value
        elif key in ("name", "description"):
            if isinstance(value, str):
                texts[key] = value
            else:
                reader.wrong_type(key, value, "text", (*keys, key))
        elif key != "config":
            arguments[key] = value
    if "config" in written:
        config = _merge_config(reader, name, config, written["config"], keys)
    return TestItem(
        name=name,
        namespace=namespace,
        arguments=arguments,
        config=reader.render(config, (*keys, "config")) if config else config,
        custom_name=texts.get("name"),
        description=texts.get("description", ""),
        keys=keys,
    )


def _merge_config(
    reader: Reader, name: str, inline: dict[str, Any], nested: Any, keys: Keys
) -> dict[str, Any]:
    if not isinstance(nested, dict):
        reader.wrong_type("config", nested, "a mapping", (*keys, "config"))
        return inline
    for key in inline:
        if key in nested:
            reader.report(
                "test-config-twice",
                f"The test `{name}` sets `{key}` both under `config` and beside it",
                (*keys, key),
                hint="Keep the one under `config`",
            )
    return {**inline, **nested}
