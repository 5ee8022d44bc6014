"""Lines of YAML values."""

from __future__ import annotations

import pytest

from upriver.parse.locate import resolve_span
from upriver.problems import Key, Span

_TEXT = """\
models:
  - name: a
    columns:
      - name: id
        data_tests: [unique, not_null]
  - &base
    name: b
    meta: {x: 1}
  - <<: *base
    name: c
"""


@pytest.mark.parametrize(
    ("keys", "place"),
    [
        (("models",), (1, 1)),
        (("models", 0), (2, 5)),
        (("models", 0, "columns", 0, "name"), (4, 9)),
        (("models", 0, "columns", 0, "data_tests", 1), (5, 30)),
        (("models", 1, "meta", "x"), (8, 12)),
        (("models", 2, "meta", "x"), (8, 12)),
        (("models", 0, "zork"), (2, 5)),
        (("zork",), (1, 1)),
        (("models", 9), (1, 1)),
    ],
)
def test_a_path_of_keys_leads_to_a_line(keys: tuple[Key, ...], place: tuple[int, int]) -> None:
    span = resolve_span(Span(file="f.yml", keys=keys), _TEXT)
    assert (span.line, span.column) == place


@pytest.mark.parametrize("text", ["a: [", "", "\tx"])
def test_a_text_without_the_place_leaves_the_span(text: str) -> None:
    span = Span(file="f.yml", keys=("a",))
    assert resolve_span(span, text) == span


def test_a_known_line_is_kept() -> None:
    span = Span(file="f.yml", line=3, keys=("models",))
    assert resolve_span(span, _TEXT) is span
