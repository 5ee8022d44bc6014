"""What a profile adds to DuckDB in Python."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from upriver.adapters.duckdb.adapter import adapter
from upriver.adapters.duckdb.plugins import provided_settings
from upriver.problems import WarehouseError

PLUGIN = """
from dbt.adapters.duckdb.plugins import BasePlugin

class Plugin(BasePlugin):
    def initialize(self, config):
        self.factor = config["factor"]

    def configure_connection(self, conn):
        conn.create_function("times", lambda x: x * self.factor, ["bigint"], "bigint")

    def configure_cursor(self, cursor):
        cursor.execute(f"set variable asked = '{self.name}'")
"""


@pytest.fixture
def module(tmp_path: Path) -> Iterator[str]:
    """A module on a path of its own, forgotten afterwards."""
    path = list(sys.path)
    (tmp_path / "times_plugin.py").write_text(PLUGIN)
    (tmp_path / "empty_plugin.py").write_text("")
    (tmp_path / "failing_plugin.py").write_text("import no_such_module_at_all")
    yield str(tmp_path)
    sys.path[:] = path
    for name in ("times_plugin", "empty_plugin", "failing_plugin"):
        sys.modules.pop(name, None)


def ask(sql: str, **output: Any) -> list[tuple[Any, ...]]:
    """Answer a query on a database that a profile sets up."""
    credentials, problems = adapter.parse_credentials(
        {"type": "duckdb", **output}, profile="p", target="dev", root="."
    )
    assert credentials is not None, problems
    warehouse = adapter.open(credentials)
    try:
        return list(warehouse.connect("one").execute(sql, fetch=True).rows)
    finally:
        warehouse.close()


def test_a_plug_in_sets_up_the_database_and_its_cursors(module: str):
    entry = {"module": "times_plugin", "alias": "mine", "config": {"factor": 3}}
    found = ask("select times(2), getvariable('asked')", module_paths=[module], plugins=[entry])
    assert found == [(6, "mine")]
    assert "dbt.adapters.duckdb.plugins" not in sys.modules


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"module": "empty_plugin"}, "has no class `Plugin`"),
        ({"module": "failing_plugin"}, "no_such_module_at_all"),
        ({"module": "not_there_plugin"}, "The plug-in `not_there_plugin` failed"),
        ({"module": "times_plugin", "config": {}}, "KeyError: 'factor'"),
    ],
)
def test_a_plug_in_that_fails_is_named(module: str, entry: dict[str, Any], words: str):
    with pytest.raises(WarehouseError, match=words):
        ask("select 1", module_paths=[module], plugins=[entry])


@pytest.mark.parametrize("has_any", [True, False])
def test_credentials_of_a_provider_become_settings(
    monkeypatch: pytest.MonkeyPatch, *, has_any: bool
):
    frozen = types.SimpleNamespace(access_key="k", secret_key="s", token=None)  # noqa: S106
    found = types.SimpleNamespace(get_frozen_credentials=lambda: frozen) if has_any else None
    session = types.SimpleNamespace(region_name="eu-west-1", get_credentials=lambda: found)
    boto3: Any = types.ModuleType("boto3")
    boto3.session = types.SimpleNamespace(Session=lambda: session)
    monkeypatch.setitem(sys.modules, "boto3", boto3)
    if not has_any:
        with pytest.raises(WarehouseError, match="No credentials of `aws`"):
            provided_settings("aws")
        return
    assert provided_settings("aws") == {
        "s3_region": "eu-west-1", "s3_access_key_id": "k", "s3_secret_access_key": "s",
    }  # fmt: skip


def test_file_systems_of_fsspec_are_read_from():
    fsspec = pytest.importorskip("fsspec")
    with fsspec.filesystem("memory").open("/some.csv", "w") as file:
        file.write("a,b\n1,2\n")
    found = ask("select * from 'memory://some.csv'", filesystems=[{"fs": "memory"}])
    assert found == [(1, 2)]
