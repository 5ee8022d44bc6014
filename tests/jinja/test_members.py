"""Names without a node behind them (JINJA-16..35); expected values are what dbt gives."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import pytest
from jinja2 import Undefined

from upriver.jinja.errors import CompilationError, MacroReturn
from upriver.jinja.members import (
    Modules,
    Validation,
    diff_of_two_dicts,
    fromjson,
    fromyaml,
    local_md5,
    make_set,
    make_zip,
    return_value,
    tojson,
    toyaml,
)

DAY = datetime.date(2020, 1, 1)


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (fromjson('{"a": 1}'), {"a": 1}),
        (fromjson("{", "d"), "d"),
        (fromjson("{"), None),
        (tojson({"b": 1, "a": 2}), '{"b": 1, "a": 2}'),
        (tojson({"b": 1, "a": 2}, sort_keys=True), '{"a": 2, "b": 1}'),
        (tojson("é"), '"\\u00e9"'),
        (tojson(DAY), '"2020-01-01"'),
        (fromyaml("x: 2020-01-01"), {"x": DAY}),
        (fromyaml("a: [", "d"), "d"),
        (toyaml({"b": 1, "a": [1]}), "b: 1\na:\n- 1\n"),
        (toyaml({"b": 1, "a": 2}, sort_keys=True), "a: 2\nb: 1\n"),
        (toyaml(Decimal(1), "d"), "d"),
        (make_set([1, 1]), {1}),
        (make_set(5, "d"), "d"),
        (list(make_zip([1], [2])), [(1, 2)]),
        (make_zip(1, 2, default="d"), "d"),
        (local_md5("é"), "66ddcd97cfdeabb2f6fb8a999b4bc76f"),
    ],
)
def test_functions(made: Any, expected: Any) -> None:
    assert made == expected


def test_what_json_cannot_hold_is_an_error() -> None:
    with pytest.raises(TypeError):
        tojson(object(), "d")


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ({"A": ["X"]}, {"a": ["x"]}, {}),
        ({"A": ["X", "Y"]}, {"a": ["x"]}, {"A": ["Y"]}),
        ({"a": "x"}, {"a": ["x"]}, {}),
        ({"a": ["x", "z"]}, {"b": ["x"]}, {"a": ["x", "z"]}),
        ({"a": []}, {"b": []}, {"a": []}),
    ],
)
def test_differences_of_grants(first: Any, second: Any, expected: Any) -> None:
    assert diff_of_two_dicts(first, second) == expected


def test_return_carries_the_value() -> None:
    with pytest.raises(MacroReturn) as caught:
        return_value([1])
    assert caught.value.value == [1]


def test_modules_offer_what_dbt_offers() -> None:
    modules = Modules()
    assert list(modules.keys()) == ["pytz", "datetime", "re", "itertools"]
    assert set(modules["datetime"]) == {"date", "datetime", "time", "timedelta", "tzinfo"}
    assert "timezone" in modules["pytz"]
    assert modules["re"]["sub"]("a", "b", "a") == "b"
    assert "os" not in modules
    with pytest.raises(KeyError):
        modules["os"]


def test_validators() -> None:
    choose = Validation().any
    choose[str]("x")
    choose("a", "b")("a")
    choose[Undefined(name="basestring")](5)
    with pytest.raises(CompilationError) as caught:
        choose("a", "b")("c")
    assert caught.value.code == "config-type"
    with pytest.raises(CompilationError):
        choose[str, int]([])
