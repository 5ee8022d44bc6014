from __future__ import annotations

import pytest
from tests.jinja.parse_worlds import parse_world
from tests.parse.source_files import source_file

from upriver.parse.file import needs_text, parse_file
from upriver.resources.files import FileKind

WORLD = parse_world({})


@pytest.mark.parametrize(
    ("kind", "path", "text", "made"),
    [
        ("model", "models/a.sql", "select 1", "SqlDefinition"),
        ("analysis", "analyses/a.sql", "select 1", "SqlDefinition"),
        ("singular_test", "tests/a.sql", "select 1", "SqlDefinition"),
        ("snapshot", "snapshots/a.sql", "{% snapshot a %}{% endsnapshot %}", "SqlDefinition"),
        ("macro", "macros/a.sql", "{% macro a() %}{% endmacro %}", "Macro"),
        ("generic_test", "tests/generic/a.sql", "{% test a(m) %}{% endtest %}", "Macro"),
        ("docs", "models/a.md", "{% docs a %}{% enddocs %}", "Doc"),
        ("seed", "seeds/a.csv", "a", "SeedDefinition"),
        ("properties", "models/a.yml", "models: [{name: a}]", "NodePatch"),
        ("fixture", "tests/fixtures/a.csv", "id\n1", "FixtureDefinition"),
        ("python_model", "models/a.py", "def model(dbt, session): pass", "SqlDefinition"),
        ("function", "functions/f.sql", "x * 2", "SqlDefinition"),
        ("function", "functions/f.py", "def f(x): return x", "SqlDefinition"),
    ],
)
def test_every_kind_of_file_is_read(kind: FileKind, path: str, text: str, made: str) -> None:
    file = source_file(path, kind, text)
    parsed = parse_file(file, text, WORLD)
    found = [*parsed.definitions, *parsed.macros, *parsed.docs]
    assert [type(one).__name__ for one in found] == [made]
    assert (parsed.file_id, parsed.package, parsed.path) == (f"shop://{path}", "shop", path)


@pytest.mark.parametrize(
    ("kind", "size", "expected"),
    [("seed", 1024 * 1024, True), ("seed", 1024 * 1024 + 1, False), ("model", 10**9, True)],
)
def test_only_large_seeds_are_not_read(kind: FileKind, size: int, *, expected: bool) -> None:
    assert needs_text(source_file("seeds/a.csv", kind, size=size)) is expected
