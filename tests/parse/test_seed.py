from __future__ import annotations

import hashlib

from tests.parse.source_files import source_file

from upriver.parse.seed import LARGEST_HASHED, parse_seed
from upriver.resources.definitions import SeedDefinition


def seed(text: str, size: int | None = None) -> SeedDefinition:
    (made,) = parse_seed(source_file("seeds/sub/a.csv", "seed", text, size), text).definitions
    assert isinstance(made, SeedDefinition)
    return made


def test_a_seed_is_known_by_its_stripped_content() -> None:
    made = seed("\n id,b\n1,2\n\n")
    assert made.checksum_name == "sha256"
    assert made.checksum == hashlib.sha256(b"id,b\n1,2").hexdigest()
    assert (made.name, made.path, made.original_file_path) == ("a", "sub/a.csv", "seeds/sub/a.csv")
    assert made.root_path == "/shop"


def test_a_large_seed_is_known_by_its_path() -> None:
    made = seed("", LARGEST_HASHED + 1)
    assert (made.checksum_name, made.checksum) == ("path", "seeds/sub/a.csv")
