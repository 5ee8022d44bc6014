"""One file in, its definitions and problems out: the door of the room.

The caller reads the file, since this room cannot. `needs_text` says for which files: seeds over
1 MiB are identified by their path (PROJ-141) and must not be read whole; pass an empty text for
them. For everything else pass the whole text, decoded from UTF-8, not stripped.
"""

from __future__ import annotations

from upriver.digest import digest_text
from upriver.jinja.world import World
from upriver.parse.docs import parse_docs
from upriver.parse.fixture import parse_fixture
from upriver.parse.macros import parse_macros
from upriver.parse.properties import parse_properties
from upriver.parse.python import parse_python
from upriver.parse.seed import LARGEST_HASHED, parse_seed
from upriver.parse.sql import parse_snapshots, parse_sql
from upriver.problems import Problem, Span
from upriver.resources.definitions import ParsedFile
from upriver.resources.files import SourceFile


def needs_text(file: SourceFile) -> bool:
    """Tell whether `parse_file` looks at the file's content; false for seeds over 1 MiB."""
    return file.kind != "seed" or file.size <= LARGEST_HASHED


def parse_file(file: SourceFile, text: str, world: World) -> ParsedFile:
    """Read one file. For files without `needs_text` pass an empty text."""
    match file.kind:
        case "model" | "analysis" | "singular_test":
            return parse_sql(file, text, world)
        case "properties":
            return parse_properties(file, text, world)
        case "macro" | "generic_test":
            return parse_macros(file, text, world)
        case "seed":
            return parse_seed(file, text)
        case "docs":
            return parse_docs(file, text, world)
        case "snapshot":
            return parse_snapshots(file, text, world)
        case "python_model":
            return parse_python(file, text)
        case "fixture":
            return parse_fixture(file, text)
        case "function":
            return _unsupported_function(file, text)


def _unsupported_function(file: SourceFile, text: str) -> ParsedFile:
    return ParsedFile(
        file_id=file.id,
        package=file.package,
        path=file.path,
        checksum=digest_text(text.strip()),
        problems=(
            Problem(
                code="function-unsupported",
                message=f"The function in `{file.path}` cannot be built by upriver",
                severity="warning",
                span=Span(file=file.path),
                hint="Create it in an `on-run-start` hook, or outside the project",
            ),
        ),
    )
