"""Code of built-in macros outlives the process, and never a change of what it depends on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.jinja.contexts import world as make_world

from upriver.jinja.environment import macro_template
from upriver.project import compiled_macros
from upriver.project.compiled_macros import CompiledMacros, keep_parsed, read_parsed

MACROS = tuple(
    macro
    for name in ("statement", "run_query", "load_cached_relation")
    if (macro := make_world().find_macro(name, "dbt")) is not None
)


@pytest.fixture(autouse=True)
def python_that_keeps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.dont_write_bytecode", False)


def compiled() -> dict[str, Any]:
    templates: dict[str, Any] = {}

    class Remembering:
        @staticmethod
        def remember(key: str, make: Any) -> Any:
            return templates.setdefault(key, make())

    for macro in MACROS:
        macro_template(macro, Remembering)  # type: ignore[arg-type] # nothing else is asked
    return {key: value for key, value in templates.items() if key.startswith("jinja-code:")}


def test_code_is_found_by_the_next_process(tmp_path: Path) -> None:
    templates = compiled()
    CompiledMacros(templates, tmp_path / "c" / "x.macros").save(MACROS)
    found: dict[str, Any] = {}
    CompiledMacros(found, tmp_path / "c" / "x.macros").load()
    assert found == templates
    assert len(found) == len(MACROS)


def test_what_is_known_is_not_written_again(tmp_path: Path) -> None:
    place = tmp_path / "x.macros"
    first = CompiledMacros(compiled(), place)
    first.save(MACROS)
    place.unlink()
    first.save(MACROS)
    assert not place.exists()


@pytest.mark.parametrize("data", [b"", b"\xc1", msgspec.msgpack.encode([["other"], {}])])
def test_a_file_of_other_origin_is_none(tmp_path: Path, data: bytes) -> None:
    place = tmp_path / "x.macros"
    place.write_bytes(data)
    found: dict[str, Any] = {}
    CompiledMacros(found, place).load()
    assert found == {}


def test_another_version_reads_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "x.macros"
    CompiledMacros(compiled(), place).save(MACROS)
    monkeypatch.setattr(compiled_macros, "__version__", "0.0.0")
    found: dict[str, Any] = {}
    CompiledMacros(found, place).load()
    assert found == {}


def test_a_place_that_cannot_be_written_costs_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    CompiledMacros(compiled(), tmp_path / "file" / "x.macros").save(MACROS)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_python_that_keeps_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.dont_write_bytecode", True)
    CompiledMacros(compiled(), tmp_path / "x.macros").save(MACROS)
    assert list(tmp_path.iterdir()) == []


def test_parsed_macros_hold_for_what_they_were_made_of(tmp_path: Path) -> None:
    place = tmp_path / "x.parsed"
    assert read_parsed("duckdb", ("1", "a"), place) is None
    keep_parsed("duckdb", ("1", "a"), MACROS, place)
    assert read_parsed("duckdb", ("1", "a"), place) == MACROS
    assert read_parsed("duckdb", ("1", "b"), place) is None
    assert read_parsed("duckdb", ("2", "a"), place) is None
