from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.jinja.contexts import ADAPTERS

from upriver.jinja.environment import (
    bind_macro,
    check_syntax,
    macro_template,
    render_template,
    text_template,
)
from upriver.jinja.errors import MACRO_PREFIX, CompilationError, MacroReturn, Origin, located
from upriver.jinja.relation import Relation
from upriver.resources.macro import Macro

HERE = Origin(file="models/a.sql", line=3, name="a")


class Memory:
    def __init__(self) -> None:
        self.kept: dict[str, Any] = {}
        self.made = 0

    def remember(self, key: str, make: Callable[[], Any]) -> Any:
        if key not in self.kept:
            self.kept[key] = make()
            self.made += 1
        return self.kept[key]


def render(text: str, *, is_capturing: bool = False, **names: Any) -> str:
    template = text_template(text, Memory().remember, origin=HERE, is_capturing=is_capturing)
    return render_template(template, names)


def call(text: str, name: str, *args: Any, names: dict[str, Any] | None = None) -> Any:
    template = text_template(text, Memory().remember, origin=HERE)
    return bind_macro(template, name, names or {})(*args)


def test_extensions_of_dbt_are_available() -> None:
    text = "{% set l = [] %}{% for i in range(9) %}{% if i == 2 %}{% break %}{% endif %}"
    text += "{% do l.append(i) %}{% endfor %}{{ l }}{{ l is sequence }}{{ l | is_list }}"
    assert render(text) == "[0, 1]TrueTrue"


@pytest.mark.parametrize(
    ("text", "name", "args", "expected"),
    [
        ("{% macro f(x: str, y: list[dict[str, any]] = none) %} {{ x }} {% endmacro %}", "f",
         ("a",), " a "),
        ("{% test positive(model, c) %}{{ c }}{% endtest %}", "test_positive", ("m", "c"), "c"),
        ("{% data_test positive(model) %}x{% enddata_test %}", "test_positive", ("m",), "x"),
        ("{% materialization m, adapter='duckdb' %}y{% endmaterialization %}",
         "materialization_m_duckdb", (), "y"),
        ("{% materialization m, default %}y{% endmaterialization %}",
         "materialization_m_default", (), "y"),
        ("{% snapshot s %}z{% endsnapshot %}", "snapshot_s", (), "z"),
    ],
)  # fmt: skip
def test_blocks_are_macros(text: str, name: str, args: tuple[Any, ...], expected: str) -> None:
    assert call(text, name, *args) == expected


def test_a_call_goes_to_the_names_and_not_to_the_text() -> None:
    text = "{% macro f(n) %}{{ f('inner') if n else 'own' }}{% endmacro %}"
    assert call(text, "f", 1, names={"f": lambda word: f"given {word}"}) == "given inner"
    with pytest.raises(Exception, match="'f' is undefined"):
        render(text + "{{ f(1) }}")


def test_return_leaves_the_macro() -> None:
    def give_back(value: Any) -> None:
        raise MacroReturn(value)

    text = "{% macro f() %}a{{ return([1]) }}b{% endmacro %}"
    with pytest.raises(MacroReturn) as raised:
        call(text, "f", names={"return": give_back})
    assert raised.value.value == [1]


def test_unknown_names_are_permissive_only_while_capturing() -> None:
    text = "{{ a }}{{ a.b.c('x')[1] }}{{ a is defined }}{% for x in a %}{% endfor %}"
    assert render(text, is_capturing=True) == "False"
    assert render("[{{ a }}][{{ d.x }}]", d={}) == "[][]"
    for broken in ("{{ a.b }}", "{{ a() }}", "{{ d.x.y }}"):
        with pytest.raises(Exception, match=r"undefined|no attribute"):
            render(broken, d={})


def test_a_relation_is_told_by_the_test_for_mappings() -> None:
    relation = Relation(dialect=ADAPTERS["duckdb"].dialect, identifier="i")
    text = "{{ r is mapping }} {{ r.get('metadata')['type'] }} {{ {} is mapping }} {{ [] is mapping }}"
    assert render(text, r=relation) == "True Relation True False"


def test_the_sandbox_holds() -> None:
    with pytest.raises(Exception, match="unsafe"):
        render("{{ ''.__class__.__mro__ }}")


def test_a_text_is_compiled_once_for_both_rules() -> None:
    memory = Memory()
    for is_capturing in (False, True, False):
        text_template("{{ x }}", memory.remember, origin=HERE, is_capturing=is_capturing)
    assert memory.made == 1


def test_an_error_in_a_macro_is_placed_in_its_file() -> None:
    macro = Macro(
        unique_id="macro.shop.f", name="f", package="shop", path="macros/f.sql",
        original_file_path="macros/f.sql", line=10,
        macro_sql="{% macro f(x) %}\n\n{{ x.y.z }}{% endmacro %}",
    )  # fmt: skip
    memory = Memory()

    def f(value: Any) -> Any:
        template = macro_template(macro, memory)  # type: ignore[arg-type] # remembers only
        return bind_macro(template, "f", {})(value)

    template = text_template("one\n{{ f({}) }}", memory.remember, origin=HERE)
    with pytest.raises(Exception, match="y") as raised:
        render_template(template, {"f": f})
    error = located(raised.value, HERE)
    assert error.span is not None
    assert (error.span.file, error.span.line) == ("macros/f.sql", 12)
    assert [(place.file, place.line) for place in error.related] == [("models/a.sql", 4)]
    assert MACRO_PREFIX not in error.message


@pytest.mark.parametrize(
    ("text", "code", "line", "hint"),
    [
        ("a\n{{ x( }}", "jinja-syntax", 4, None),
        ("\n\n{% fro x in y %}", "jinja-unknown-tag", 5, "Did you mean `for`?"),
        ("{% if x %}", "jinja-syntax", 3, None),
    ],
)
def test_broken_syntax_is_placed_in_the_file(
    text: str, code: str, line: int, hint: str | None
) -> None:
    with pytest.raises(CompilationError) as raised:
        check_syntax(text, HERE)
    error = raised.value
    assert (error.code, error.hint) == (code, hint)
    assert error.span is not None
    assert (error.span.file, error.span.line) == ("models/a.sql", line)
