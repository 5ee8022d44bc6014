"""The built-in macros as files: complete, readable, and known to have changed when they have."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from upriver.adapters import macro_files
from upriver.adapters.macro_files import builtin_macro_files, builtin_version
from upriver.jinja.blocks import find_blocks
from upriver.jinja.environment import check_syntax
from upriver.jinja.errors import Origin

KINDS = frozenset({"macro", "materialization", "test", "data_test"})
INTERFACE = json.loads((Path(__file__).parent / "macros" / "interface.json").read_text("utf-8"))


@pytest.mark.parametrize(
    ("adapter", "packages"),
    [
        ("duckdb", ["dbt_duckdb", "dbt"]),
        ("postgres", ["dbt_postgres", "dbt"]),
        ("elsewhere", ["dbt"]),
    ],
)
def test_the_nearest_package_comes_first(adapter: str, packages: list[str]) -> None:
    files = builtin_macro_files(adapter)
    assert list(dict.fromkeys(package for package, _, _ in files)) == packages
    assert all(path.startswith("macros/") and path.endswith(".sql") for _, path, _ in files)


def test_parents_come_between() -> None:
    packages = [package for package, _, _ in builtin_macro_files("redshift", ("postgres",))]
    assert list(dict.fromkeys(packages)) == ["dbt_postgres", "dbt"]


@pytest.mark.parametrize("adapter", ["duckdb", "postgres"])
def test_every_file_reads_without_a_problem(adapter: str) -> None:
    for package, path, text in builtin_macro_files(adapter):
        blocks, problems = find_blocks(text, KINDS, file=path)
        assert not problems, (path, problems)
        assert blocks, path
        for block in blocks:
            check_syntax(block.text, Origin(file=path, name=f"{package}.{block.name}"))


@pytest.mark.parametrize("adapter", ["duckdb", "postgres"])
def test_no_name_is_given_twice_in_a_package(adapter: str) -> None:
    names = [name for name, _ in signatures(adapter)]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("adapter", ["duckdb", "postgres"])
def test_macros_have_the_names_and_arguments_that_projects_rely_on(adapter: str) -> None:
    """`interface.json`: macro to its arguments as dbt declares them, by package."""
    found = dict(signatures(adapter))
    expected = {
        f"{package}.{name}": arguments
        for package in ("dbt", f"dbt_{adapter}")
        for name, arguments in INTERFACE[package].items()
    }
    assert {name: found.get(name) for name in expected} == expected


def signatures(adapter: str) -> list[tuple[str, str]]:
    found = []
    for package, path, text in builtin_macro_files(adapter):
        for block in find_blocks(text, KINDS, file=path)[0]:
            prefix = "" if block.kind == "macro" else f"{block.kind} "
            found.append((f"{package}.{prefix}{block.name}", plain(block.header)))
    return found


def plain(header: str) -> str:
    text = re.sub(r"\s+", "", header).strip("-").replace('"', "'")
    return re.sub(r"\b(True|False|None)\b", lambda match: match[0].lower(), text)


def test_the_version_changes_when_a_file_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = Path(macro_files.__file__).parent
    for folder in ("macros", "duckdb/macros"):
        shutil.copytree(root / folder, tmp_path / folder)
    monkeypatch.setattr(macro_files, "_ROOT", tmp_path)
    before = builtin_version("duckdb")
    assert builtin_version("duckdb") == before
    assert builtin_version("postgres") != before

    def changed(act: Any) -> bool:
        act()
        return builtin_version("duckdb") != before

    file = tmp_path / "macros" / "names.sql"
    assert changed(lambda: file.write_text(file.read_text("utf-8") + "\n", "utf-8"))
    before = builtin_version("duckdb")
    assert changed(lambda: (tmp_path / "macros" / "more.sql").write_text("", "utf-8"))
