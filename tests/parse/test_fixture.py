from __future__ import annotations

from tests.parse.source_files import source_file

from upriver.parse.fixture import parse_fixture
from upriver.resources.definitions import FixtureDefinition


def test_rows_are_kept_as_text() -> None:
    file = source_file("tests/fixtures/sub/Rows.CSV", "fixture")
    (made,) = parse_fixture(file, "id\n1\n").definitions
    assert isinstance(made, FixtureDefinition)
    assert (made.name, made.format, made.text) == ("Rows", "csv", "id\n1")
