"""One file in, its definitions and problems out: the door of the room.

The caller reads the file, since this room cannot. `needs_text` says for which files: seeds over
1 MiB are identified by their path (PROJ-141) and must not be read whole; pass an empty text for
them. For everything else pass the whole text, decoded from UTF-8, not stripped.
"""

from __future__ import annotations

from upriver.jinja.world import World
from upriver.parse.docs import parse_docs
from upriver.parse.fixture import parse_fixture
from upriver.parse.macros import parse_macros
from upriver.parse.properties import parse_properties
from upriver.parse.python import parse_python, parse_python_function
from upriver.parse.seed import LARGEST_HASHED, parse_seed
from upriver.parse.sql import parse_snapshots, parse_sql
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
            return _parse_function(file, text, world)


def _parse_function(file: SourceFile, text: str, world: World) -> ParsedFile:
    """Read a function: SQL is a template, Python is what the warehouse is given as it is."""
    if file.path.endswith(".py"):
        return parse_python_function(file, text)
    return parse_sql(file, text, world)
