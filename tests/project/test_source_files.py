"""Sources that are files: what reads them is built again when they change, and not otherwise."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.project.two_schemas import Place, made

from upriver.project.source_files import files_version


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    yield from made(tmp_path, None)


def test_files_are_told_by_size_and_time(tmp_path: Path) -> None:
    for name in ("a1.csv", "a2.csv", "it's.csv"):
        (tmp_path / name).write_text("id\n1\n")
    cases = (
        "'a1.csv'", "'a*.csv'", "'it''s.csv'", "read_csv('a1.csv')", "read_csv(['a1.csv', 'a2.csv'])",
        "read_csv( 'a*.csv', delim='|', union_by_name=true)", f"'{tmp_path}/a1.csv'",
    )  # fmt: skip
    for rendered in cases:
        before = files_version(rendered, str(tmp_path))
        assert before is not None, rendered
        assert files_version(rendered, str(tmp_path)) == before
        for path in tmp_path.iterdir():
            os.utime(path, ns=(1, path.stat().st_mtime_ns + 5))
        assert files_version(rendered, str(tmp_path)) != before


@pytest.mark.parametrize(
    "rendered",
    [None, '"db"."s"."t"', "'none.csv'", "'s3://b/a.csv'", "read_csv('https://h/a')",
     "(select 'a1.csv')", "read_csv(getvariable('x'))", ""],
)  # fmt: skip
def test_of_others_nothing_is_known(tmp_path: Path, rendered: str | None) -> None:
    assert files_version(rendered, str(tmp_path)) is None


def test_what_reads_files_is_reused_until_they_change(place: Place) -> None:
    data = place.root / "data"
    data.mkdir()
    (data / "one.csv").write_text("id\n1\n")
    place.write({
        "models/src.yml": (
            "sources: [{name: files, tables: [{name: given, meta:"
            " {external_location: \"read_csv('data/*.csv')\"}}]}]"
        ),
        "models/reader.sql": (
            "{{ config(materialized='table') }}select * from {{ source('files', 'given') }}"
        ),
    })  # fmt: skip
    build = ("build", "-s", "reader", "--reuse")
    # As the warehouse does, which runs in the directory of the process.
    before = Path.cwd()
    os.chdir(place.root)
    try:
        assert "OK created" in place.ok(*build).out
        assert "REUSED" in place.ok(*build).out
        (data / "two.csv").write_text("id\n2\n")
        assert "OK created" in place.ok(*build).out
        assert "REUSED" in place.ok(*build).out
    finally:
        os.chdir(before)
    assert place.rows("select count(*) from dev.reader") == [(2,)]
