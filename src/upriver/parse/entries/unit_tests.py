"""Unit tests (PROJ-208..214)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from upriver.parse.entries import shape
from upriver.parse.entries.reader import Keys, Reader
from upriver.parse.entries.reference import read_call
from upriver.resources.definitions import YamlDefinition

_SHAPE: shape.Shape = {
    "name": shape.TEXT,
    "model": shape.TEXT,
    "description": shape.TEXT,
    "given": shape.LIST,
    "expect": shape.MAPPING,
    "overrides": shape.OPTIONAL_MAPPING,
    "versions": shape.OPTIONAL_MAPPING,
    "config": shape.MAPPING,
}
_ROWS = shape.Rule((str, list, type(None)), "a list of mappings or text")
_EXPECT: shape.Shape = {
    "rows": _ROWS,
    "format": shape.TEXT,
    "fixture": shape.OPTIONAL_TEXT,
}
_GIVEN: shape.Shape = {"input": shape.TEXT, **_EXPECT}
_OVERRIDES: shape.Shape = {
    "macros": shape.MAPPING,
    "vars": shape.MAPPING,
    "env_vars": shape.MAPPING,
}
_VERSIONS: shape.Shape = {"include": shape.OPTIONAL_LIST, "exclude": shape.OPTIONAL_LIST}
_FORMATS = ("dict", "csv", "sql")


def read_unit_test(reader: Reader, raw: Any, keys: Keys) -> YamlDefinition | None:
    """Read one unit test. A fixture is looked up when all files are known."""
    if reader.name_of(raw, keys, "A unit test") is None:
        return None
    item = reader.render(raw, keys, _is_left_alone)
    name = reader.name_of(item, keys, "A unit test")
    if name is None:
        return None
    before = len(reader.problems)
    known, unknown = reader.fields(item, _SHAPE, keys)
    if unknown:
        reader.refuse_unknown(unknown, _SHAPE, keys, "A unit test")
    for key in ("model", "given", "expect"):
        if key not in item:
            reader.report("property-missing", f"The unit test `{name}` needs `{key}`", keys)
    for index, given in enumerate(known.get("given", ())):
        _check_given(reader, given, (*keys, "given", index))
    if "expect" in known:
        _check_rows(reader, known["expect"], _EXPECT, (*keys, "expect"), is_expected=True)
    _check_part(reader, known.get("overrides"), _OVERRIDES, (*keys, "overrides"), "`overrides`")
    _check_part(reader, known.get("versions"), _VERSIONS, (*keys, "versions"), "`versions`")
    if any(problem.severity == "error" for problem in reader.problems[before:]):
        return None
    return YamlDefinition(
        kind="unit_test",
        name=name,
        package=reader.package,
        path=reader.path,
        body=known,
        raw_body={key: raw[key] for key in known},
        keys=keys,
    )


def _is_left_alone(keys: Keys) -> bool:
    return keys == ("description",)


def _check_given(reader: Reader, given: Any, keys: Keys) -> None:
    if not isinstance(given, dict):
        reader.wrong_type("given", given, "a list of mappings", keys)
        return
    text = given.get("input")
    if text is None:
        reader.report(
            "property-missing",
            "A given input has no `input`",
            keys,
            hint="Add `input: ref('...')`",
        )
    elif isinstance(text, str) and text.strip() != "this" and read_call(text) is None:
        reader.report(
            "unit-test-input-invalid",
            f"`input` is `{text}`, which is neither a `ref`, a `source` nor `this`",
            (*keys, "input"),
            hint="Write `ref('model')` or `source('source', 'table')`, without braces",
        )
    _check_rows(reader, given, _GIVEN, keys, is_expected=False)


def _check_rows(
    reader: Reader,
    part: Mapping[str, Any],
    rules: shape.Shape,
    keys: Keys,
    *,
    is_expected: bool,
) -> None:
    known, unknown = reader.fields(part, rules, keys)
    if unknown:
        what = "`expect`" if is_expected else "A given input"
        reader.refuse_unknown(unknown, rules, keys, what)
    written = known.get("format", "dict")
    if not reader.one_of("format", written, _FORMATS, keys):
        return
    rows, fixture = known.get("rows"), known.get("fixture")
    if rows is not None and fixture is not None:
        reader.report(
            "unit-test-rows-and-fixture",
            "`rows` and `fixture` are both given; the rows count",
            (*keys, "fixture"),
            hint="Keep one of them",
            severity="warning",
        )
    if written == "dict":
        _check_dict_rows(reader, rows, fixture, keys)
    elif isinstance(rows, list):
        reader.report(
            "unit-test-rows-invalid",
            f"`rows` is a list, and must be text in the format `{written}`",
            (*keys, "rows"),
            hint="Remove `format`, or write the rows as text",
        )
    elif rows is None and fixture is None:
        reader.report(
            "unit-test-rows-invalid",
            f"The format is `{written}`, and there are neither `rows` nor a `fixture`",
            keys,
        )


def _check_dict_rows(reader: Reader, rows: Any, fixture: str | None, keys: Keys) -> None:
    if rows is None and fixture is not None:
        reader.report(
            "unit-test-rows-invalid",
            f"The fixture `{fixture}` needs a `format`",
            (*keys, "fixture"),
            hint="Add `format: csv` or `format: sql`",
        )
    elif isinstance(rows, str):
        reader.report(
            "unit-test-rows-invalid",
            "`rows` is text, and must be a list of mappings",
            (*keys, "rows"),
            hint="Add `format: csv` or `format: sql`",
        )
    for index, row in enumerate(rows if isinstance(rows, list) else ()):
        if not isinstance(row, dict):
            reader.wrong_type("rows", row, "a list of mappings", (*keys, "rows", index))


def _check_part(
    reader: Reader, part: dict[str, Any] | None, rules: shape.Shape, keys: Keys, what: str
) -> None:
    if part is not None:
        _, unknown = reader.fields(part, rules, keys)
        reader.refuse_unknown(unknown, rules, keys, what)
