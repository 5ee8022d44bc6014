"""Fixture files of unit tests: kept as they are for the tests that name them (PROJ-209)."""

from __future__ import annotations

from upriver.digest import digest_text
from upriver.parse.place import stem
from upriver.resources.definitions import FixtureDefinition, ParsedFile
from upriver.resources.files import SourceFile


def parse_fixture(file: SourceFile, text: str) -> ParsedFile:
    """Define a fixture."""
    definition = FixtureDefinition(
        name=stem(file.path),
        package=file.package,
        path=file.path,
        format="sql" if file.path.lower().endswith(".sql") else "csv",
        text=text.strip(),
    )
    return ParsedFile(
        file_id=file.id,
        package=file.package,
        path=file.path,
        checksum=digest_text(text.strip()),
        definitions=(definition,),
    )
