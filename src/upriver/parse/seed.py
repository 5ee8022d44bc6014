"""Seeds: CSV files, of which parsing needs no more than a checksum (PROJ-141)."""

from __future__ import annotations

from upriver.digest import digest_text
from upriver.parse.place import stem
from upriver.resources.definitions import ParsedFile, SeedDefinition
from upriver.resources.files import SourceFile

LARGEST_HASHED = 1024 * 1024
"""Larger seeds are known by their path: dbt does not read them, and neither do we."""


def parse_seed(file: SourceFile, text: str) -> ParsedFile:
    """Define a seed; `text` is empty for files over 1 MiB."""
    is_hashed = file.size <= LARGEST_HASHED
    checksum = digest_text(text.strip()) if is_hashed else file.path
    definition = SeedDefinition(
        name=stem(file.path),
        package=file.package,
        path=file.relative,
        original_file_path=file.path,
        checksum_name="sha256" if is_hashed else "path",
        checksum=checksum,
        root_path=_root(file),
    )
    return ParsedFile(
        file_id=file.id,
        package=file.package,
        path=file.path,
        checksum=checksum,
        definitions=(definition,),
    )


def _root(file: SourceFile) -> str:
    """Return the package's directory: the absolute path without the path inside the package."""
    return file.absolute.removesuffix(file.path).rstrip("/\\")
