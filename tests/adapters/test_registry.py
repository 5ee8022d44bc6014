"""Finding adapters without loading more than one, and no driver at all."""

from __future__ import annotations

import subprocess
import sys

import pytest

from upriver.adapters.registry import adapter_names, load_adapter
from upriver.problems import Problem


def test_the_adapters_of_the_package_are_known():
    assert set(adapter_names()) >= {"duckdb", "postgres"}


@pytest.mark.parametrize("name", ["duckdb", "postgres"])
def test_an_adapter_is_loaded_by_its_type(name: str):
    adapter = load_adapter(name)
    assert not isinstance(adapter, Problem)
    assert adapter.dialect.type == name
    assert adapter.convert_type("integer") == "integer"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("duckbd", "did you mean `duckdb`?"),
        ("postgresql", "pip install upriver[postgres]"),
        ("snowflake", "no adapter for snowflake is installed"),
        ("zzz", "installed adapters: duckdb, postgres"),
    ],
)
def test_an_unknown_type_is_a_problem_with_a_hint(name: str, hint: str):
    problem = load_adapter(name)
    assert isinstance(problem, Problem)
    assert problem.code == "adapter-not-found"
    assert name in problem.message
    assert hint in (problem.hint or "")


@pytest.mark.parametrize("name", ["duckdb", "postgres"])
def test_loading_and_opening_an_adapter_loads_no_driver(name: str):
    code = f"""
import sys
from upriver.adapters.registry import load_adapter
from upriver.adapters.session import Session
from upriver.adapters.cache import RelationCache
adapter = load_adapter({name!r})
output = dict(schema="s")
if {name!r} != "duckdb":
    output |= dict(host="h", port=1, user="u", password="p", dbname="d")
credentials, problems = adapter.parse_credentials(output, profile="p", target="t", root=".")
Session(adapter.open(credentials), RelationCache()).close()
heavy = {{"duckdb", "psycopg", "importlib.metadata", "concurrent.futures", "difflib"}}
print(sorted(heavy & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
