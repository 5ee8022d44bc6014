from __future__ import annotations

import pytest

from upriver.jinja.calls import find_calls, signature_arguments


@pytest.mark.parametrize(
    ("inside", "calls"),
    [
        ("{{ f(1) }}{{ pkg.g(f(2)) }}", ("f", "pkg.g")),
        ("{% set x = f() %}{% do g(x) %}{% call h('a') %}{% endcall %}", ("f", "g", "h")),
        ("{% call(row) each(rows) %}{% endcall %}", ("each",)),
        ("{{ x | replace('a', 'b') | length }}{% if x is divisibleby(2) %}{% endif %}", ()),
        ("{{ 'f(1)' }}{# f(1) #}{% raw %}{{ f(1) }}{% endraw %} f(1)", ()),
        ("{{ adapter.quote('x') }}{{ loop.cycle(1) }}{{ a.b.c() }}", ()),
        ("{% if (a or b) and not (c) %}{% endif %}", ()),
        ("{{ f (1) }}{{ x[g(2)] }}", ("f", "g")),
        ("{{ modules.datetime.datetime.now() }}{{ exceptions.warn('f(1)') }}", ()),
    ],
)
def test_calls_are_names_in_front_of_a_bracket(inside: str, calls: tuple[str, ...]) -> None:
    assert find_calls(f"{{% macro m(a=1) %}}{inside}{{% endmacro %}}") == (calls, ())


@pytest.mark.parametrize(
    ("call", "dispatch"),
    [
        ("adapter.dispatch('f', 'pkg')", ("f", "pkg")),
        ('adapter.dispatch( "f" )', ("f", None)),
        ("adapter.dispatch(macro_name='f', macro_namespace='pkg')", ("f", "pkg")),
        ("adapter.dispatch('f', pkg._namespaces())", ("f", None)),
    ],
)
def test_dispatches_with_literal_names_are_kept(
    call: str, dispatch: tuple[str, str | None]
) -> None:
    _, dispatches = find_calls(f"{{% macro f(x) %}}{{{{ return({call}(x)) }}}}{{% endmacro %}}")
    assert dispatches == (dispatch,)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("()", []),
        ("(a)", [("a", None)]),
        ("(a, b=1, c='x,y')", [("a", None), ("b", None), ("c", None)]),
        ("(a: str, b: dict[str, list[int]] = {'a': (1, 2)})",
         [("a", "str"), ("b", "dict[str, list[int]]")]),
        ("(\n  model,\n  column_name,\n)", [("model", None), ("column_name", None)]),
        ("(a=b(1, 2)[3], c=d == e)", [("a", None), ("c", None)]),
    ],
)  # fmt: skip
def test_arguments_are_read_off_the_signature(
    header: str, expected: list[tuple[str, str | None]]
) -> None:
    assert [(made.name, made.type) for made in signature_arguments(header)] == expected
