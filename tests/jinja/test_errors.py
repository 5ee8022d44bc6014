from __future__ import annotations

from typing import Any

import pytest

from upriver.jinja.environment import render_template, text_template
from upriver.jinja.errors import CompilationError, MacroReturn, Origin, located, problem_of
from upriver.problems import Span

HERE = Origin(file="models/a.sql", line=5)


def failure(text: str, **names: Any) -> BaseException:
    template = text_template(text, lambda _key, make: make(), origin=HERE)
    with pytest.raises(BaseException) as raised:  # noqa: PT011 - any kind, that is the point
        render_template(template, names)
    return raised.value


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("\n{{ 'a' + 1 }}", "jinja-error", "TypeError in an expression: "),
        ("\n{{ 1 / 0 }}", "jinja-error", "ZeroDivisionError in an expression: "),
        ("\n{{ customer.id }}", "jinja-undefined", "'customer' is undefined"),
        ("\n{{ ''.__class__.x }}", "jinja-forbidden", "access to attribute"),
    ],
)
def test_python_errors_get_a_place_and_a_code(text: str, code: str, message: str) -> None:
    error = located(failure(text), HERE)
    assert error.code == code
    assert error.message.startswith(message)
    assert error.span == Span(file="models/a.sql", line=6)


def test_an_undefined_name_is_met_with_the_nearest() -> None:
    error = located(failure("{{ costumer.id }}"), HERE, ["customer", "order"])
    assert error.hint == "Did you mean `customer`?"


def test_return_outside_a_macro_is_a_mistake() -> None:
    assert located(MacroReturn(1), HERE).code == "return-outside-macro"


def test_an_error_raised_by_the_project_keeps_its_words_and_gets_a_place() -> None:
    def refuse() -> None:
        raise CompilationError("orders must have a key", "node")

    error = located(failure("\n\n{{ refuse() }}", refuse=refuse), HERE)
    assert (error.message, error.node) == ("orders must have a key", "node")
    problem = problem_of(error, unique_id="model.shop.a")
    assert problem.span == Span(file="models/a.sql", line=7)
    assert problem.unique_id == "model.shop.a"
    assert located(error, Origin(file="other")) is error
