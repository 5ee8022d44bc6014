"""What the small reader takes for a template, Jinja takes for the same one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment, TemplateSyntaxError

from upriver.jinja.static.syntax import read_template
from upriver.jinja.static.tokens import Unreadable

PIECES = [
    "a", "b.c", "1", "1.5", "'x'", "(", ")", "[", "]", "{", "}", ",", ":", "=", "==", "+", "-",
    "~", "|", "not", "in", "is", "if", "else", "and", "or", "none", "upper", "defined", ".", "*",
    "**", "%", "/", "//", "<", ">=", "!=", " ",
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a or b and not c",
         ("or", ("name", "a"), ("and", ("name", "b"), ("not", ("name", "c"))))),
        ("-a | f", ("filter", ("negative", ("name", "a")), "f", [], [])),
        ("a ~ 1 + 2", ("binary", "+", ("binary", "~", ("name", "a"), ("const", 1)), ("const", 2))),
        ("a is not none", ("test", ("name", "a"), "none", [], True)),
        ("'x' \"y\"", ("const", "xy")),
        (r"'\n\''", ("const", "\n'")),
        ("{'a': {}}", ("dict", [(("const", "a"), ("dict", []))])),
        ("(1,)", ("tuple", [("const", 1)])),
        ("f(1, k=[2])",
         ("call", ("name", "f"), [("const", 1)], [("k", ("list", [("const", 2)]))])),
        ("a[1:2]", ("opaque", (("name", "a"), ("const", 1), ("const", 2)))),
    ],
)  # fmt: skip
def test_expressions_bind_as_in_jinja(text: str, tree: tuple[Any, ...]) -> None:
    assert read_template(f"{{{{ {text} }}}}") == [("out", tree)]


@given(st.lists(st.sampled_from(PIECES), max_size=9).map(" ".join))
def test_what_is_read_is_valid_jinja(text: str) -> None:
    for template in (f"{{{{ {text} }}}}", f"{{% if {text} %}}{{% endif %}}"):
        try:
            read_template(template)
        except Unreadable:
            continue
        try:
            Environment(autoescape=True).parse(template)
        except TemplateSyntaxError as error:
            pytest.fail(f"{template}: {error}")


@pytest.mark.parametrize(
    "text",
    ["{{ a", "{% if a %}", "{% endif %}", "{{ f(*a) }}", "{{ a b }}", "{% with %}{% endwith %}",
     "{{ 007 }}", "{{ a ? b }}", "{% set a %}", "{% for a in b recursive %}{% endfor %}"],
)  # fmt: skip
def test_everything_else_is_unreadable(text: str) -> None:
    with pytest.raises(Unreadable):
        read_template(text)
