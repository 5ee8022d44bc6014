from __future__ import annotations

import pytest

from upriver.parse.place import stem


@pytest.mark.parametrize(
    ("path", "expected"),
    [("models/a/b.sql", "b"), ("b.v1.sql", "b.v1"), ("b", "b"), ("a.b/c.SQL", "c")],
)
def test_a_name_is_the_file_without_its_last_extension(path: str, expected: str) -> None:
    assert stem(path) == expected
