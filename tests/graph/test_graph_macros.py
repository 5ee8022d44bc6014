"""Macros: which is reached, what they call, what property files say of them."""

from __future__ import annotations

import pytest
from tests.graph.linked_project import codes, link_inputs, link_texts

from upriver.graph.macros import MacroIndex
from upriver.resources import nodes

MACROS = """
{% macro plain() %}{{ helper() }}{{ dbt.get_where_subquery('x') }}{% endmacro %}
{% macro helper() %}{{ adapter.dispatch('sized', 'shop')() }}{% endmacro %}
{% macro default__sized() %}{% endmacro %}
{% macro duckdb__sized() %}{% endmacro %}
{% macro asking() %}{{ ref('x') }}{% endmacro %}
{% test quiet(model) %}{{ plain() }}{{ config.get('where') }}{% endtest %}
{% test loud(model) %}{{ asking() }}{% endtest %}
{% test configured(model) %}{{ config(severity='warn') }}{% endtest %}
"""


def indexed() -> MacroIndex:
    inputs = link_inputs({"macros/m.sql": MACROS}, packages={"one": {"macros/o.sql": OTHER}})
    return MacroIndex(inputs, [macro for file in inputs.files for macro in file.macros])


OTHER = "{% macro plain() %}{% endmacro %}{% test not_null(model) %}{% endtest %}"


def test_calls_become_dependencies() -> None:
    """JINJA-143."""
    macros = link_texts({"macros/m.sql": MACROS}).graph.macros
    assert macros["macro.shop.plain"].depends_on == (
        "macro.shop.helper", "macro.dbt.get_where_subquery",
    )  # fmt: skip
    assert macros["macro.shop.helper"].depends_on == ("macro.shop.duckdb__sized",)


@pytest.mark.parametrize(
    ("name", "package", "expected"),
    [
        ("plain", "shop", "macro.shop.plain"),
        ("plain", "one", "macro.one.plain"),
        ("helper", "one", "macro.shop.helper"),
        ("get_where_subquery", "one", "macro.dbt.get_where_subquery"),
        ("nothing", "one", None),
    ],
)
def test_look_up_order(name: str, package: str, expected: str | None) -> None:
    """JINJA-135."""
    found = indexed().find(name, package)
    assert (None if found is None else found.unique_id) == expected


@pytest.mark.parametrize(
    ("name", "namespace", "expected"),
    [
        ("not_null", None, "macro.dbt.test_not_null"),
        ("not_null", "one", "macro.one.test_not_null"),
        ("not_null", "dbt", "macro.dbt.test_not_null"),
        ("quiet", "one", None),
    ],
)
def test_macros_of_tests(name: str, namespace: str | None, expected: str | None) -> None:
    """PROJ-203."""
    found = indexed().find_test(name, namespace, "shop")
    assert (None if found is None else found.unique_id) == expected


@pytest.mark.parametrize(
    ("name", "expected"), [("quiet", False), ("loud", True), ("configured", True)]
)
def test_which_test_macros_may_ask_for_more(name: str, *, expected: bool) -> None:
    macros = indexed()
    found = macros.find_test(name, None, "shop")
    assert found is not None
    assert macros.asks(found) is expected


def test_recorded_are_macros_of_any_package_before_built_in_ones() -> None:
    """What dbt records for calls is not always what is called."""
    one = """
        {% macro run_query(q) %}{% endmacro %}{% macro default__sized() %}{% endmacro %}
        {% macro far() %}{{ one.far() }}{{ far() }}{{ adapter.dispatch('sized')() }}{% endmacro %}
        {% test not_null(model) %}{% endtest %}{% test both(model) %}{% endtest %}
    """
    shop = """
        {% macro near() %}{{ run_query('x') }}{{ near() }}{% endmacro %}
        {% macro default__sized() %}{% endmacro %}
        {% macro ref(name) %}{{ builtins.ref(name) }}{% endmacro %}
        {% macro asks() %}{{ ref('m') }}{% endmacro %}
        {% test both(model) %}{{ one.test_both(model) }}{% endtest %}
        {% test only(model) %}{% endtest %}
    """
    linked = link_texts(
        {"macros/m.sql": shop, "models/m.sql": "select 1", "models/p.yml": TESTED},
        packages={"one": {"macros/o.sql": one}},
    )
    macros = linked.graph.macros
    assert macros["macro.shop.near"].depends_on == ("macro.one.run_query",)
    assert macros["macro.shop.ref"].depends_on == ("macro.shop.ref",)
    assert macros["macro.shop.asks"].depends_on == ()
    assert macros["macro.one.far"].depends_on == (
        "macro.shop.default__sized", "macro.one.far",
    )  # fmt: skip
    tests = {r.test_name: r for r in linked.graph.resources.values() if isinstance(r, nodes.Test)}
    where = "macro.dbt.get_where_subquery"
    assert tests["not_null"].depends_on_macros == ("macro.one.test_not_null", where)
    assert tests["only"].depends_on_macros == ("macro.shop.test_only", where)
    assert tests["both"].depends_on_macros == (
        "macro.shop.test_both", where, "macro.one.test_both",
    )  # fmt: skip


TESTED = "models: [{name: m, data_tests: [one.both, only, not_null: {column_name: a}]}]"


def test_a_method_is_taken_for_the_macro_of_its_name() -> None:
    linked = link_texts(
        {
            "macros/m.sql": "{% macro asks(rows) %}{{ rows.group_by('a') }}"
            "{{ rows.nothing() }}{% endmacro %}"
        },
        packages={"one": {"macros/m.sql": "{% macro group_by(n) %}{% endmacro %}"}},
    )
    assert linked.graph is not None
    macros = linked.graph.macros
    assert macros["macro.shop.asks"].depends_on == ("macro.one.group_by",)


def test_property_files_describe_macros() -> None:
    texts = {
        "macros/m.sql": "{% macro m(a, b=1) %}{% endmacro %}",
        "macros/p.yml": "macros: [{name: m, description: d, arguments: [{name: a, type: int}],"
        " meta: {x: 1}, config: {meta: {y: 2}}}, {name: n}]",
    }
    linked = link_texts(texts)
    macro = linked.graph.macros["macro.shop.m"]
    assert (macro.description, macro.meta) == ("d", {"x": 1, "y": 2})
    assert [(one.name, one.type) for one in macro.documented_arguments] == [("a", "int")]
    assert macro.patch_path == "shop://macros/p.yml"
    assert codes(linked) == ["macro-patch-without-macro"]


def test_a_macro_that_is_defined_twice() -> None:
    text = "{% macro m() %}{% endmacro %}"
    assert codes(link_texts({"macros/a.sql": text, "macros/b.sql": text})) == ["resource-twice"]
