from __future__ import annotations

from pathlib import Path

from upriver.problems import Problem, Span
from upriver.project.places import placed


def test_keys_of_yaml_become_lines(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("models:\n  - name: x\n    columns: 5\n")
    span = Span(file="a.yml", keys=("models", 0, "columns"))
    problem = Problem(code="x", message="y", span=span, related=(span,))
    (found,) = placed((problem,), str(tmp_path))
    assert found.span is not None
    assert found.span.line == 3
    assert found.related[0].line == 3


def test_what_cannot_be_found_stays_as_it_is(tmp_path: Path) -> None:
    for problem in (
        Problem(code="x", message="y"),
        Problem(code="x", message="y", span=Span(file="gone.yml", keys=("a",))),
        Problem(code="x", message="y", span=Span(file="a.sql", line=4)),
    ):
        assert placed((problem,), str(tmp_path)) == (problem,)
