"""State that one program publishes is the other's state: `state:`, deferral, retry (ART-96)."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from tests.oracle.comparing import sql
from tests.oracle.deferral_cases import DATABASE, DEFER, PROJECT, RESET, STATE
from tests.oracle.playing import Played, Script, play_dbt, play_upriver

pytestmark = [pytest.mark.oracle, pytest.mark.xdist_group("oracle")]

_ROWS = "select * from (values (1, 1), (2, 2)) t(id, customer_id)"
_BREAK = {"models/int_orders.sql": "select nope from {{ ref('stg_customers') }}"}
_MEND = {
    "models/int_orders.sql": "{{ config(materialized='table') }}"
    " select id, name from {{ ref('stg_customers') }}"
}
PUBLISH: Script = [
    {"name": "raw", "sql": [DATABASE, "create schema raw", f"create table raw.orders as {_ROWS}"]},
    {"name": "production", "run": ["build", "--target", "prod"]},
    # dbt's `retry` does not let unit tests gate their model, as `build` does.
    {"name": "failing", "run": ["build", "-s", "+fct_inc", "--exclude", "test_type:unit", "--vars",
                                "broken: true"]},
]  # fmt: skip
"""Production's manifest, and the results of a failed development build."""
SELECTED = {
    value: ["-s", value, "--resource-type", "all", *STATE]
    for value in (
        "state:modified", "state:new", "state:old", "state:unmodified", "state:modified.body",
        "state:modified.configs", "state:modified.relation", "state:modified.contract",
        "state:modified.persisted_descriptions", "result:success", "result:pass", "result:error+",
    )
}  # fmt: skip
CONSUME: Script = [
    {"name": "parse", "run": ["parse"]},
    {"name": "unchanged", "list": SELECTED},
    {"name": "deferred", "run": ["run", "-s", "int_orders", *DEFER]},
    {"name": "favoured", "run": ["run", "-s", "int_orders", *DEFER, "--favor-state"]},
    {"name": "clean", "sql": RESET},
    {"name": "edit", "edit": ["models/stg_customers.sql", "select id", "select  id"]},
    {"name": "parse again", "run": ["parse"]},
    {"name": "edited", "list": SELECTED},
    {"name": "modified", "run": ["build", "-s", "state:modified.body+1", *DEFER]},
    {"name": "clone", "run": ["clone", "-s", "stg_orders", *STATE]},
    {"name": "clean again", "sql": RESET},
    {"name": "break", "write": _BREAK},
    {"name": "failed", "run": ["build", "-s", "stg_customers", "int_orders", "fct_inc", *DEFER]},
    {"name": "mend", "write": _MEND},
]  # fmt: skip
"""What a developer does with a production's state."""
TAKE_OVER: Script = [
    {"name": "failure of the other", "copy": ["failed_target", "target"]},
    {"name": "retry", "run": ["retry"], "fresh": True},
    {"name": "tables", "dump": [DATABASE]},
]
"""`retry` of what the other program left."""


class Sides:
    """Both programs as publishers, and as readers of either's state."""

    def __init__(self, scratch: Path) -> None:
        self.scratch = scratch
        self.published = {
            "dbt": self._keep("dbt", play_dbt("publish", PROJECT, _publishing())),
            "upriver": self._keep(
                "upriver", play_upriver(PROJECT, _publishing(), scratch / "pub")
            ),
        }

    def _keep(self, name: str, played: Played) -> Path:
        """Lay out a project with a built production beside its state."""
        root = self.scratch / f"from-{name}"
        shutil.copytree(PROJECT, root)
        shutil.copytree(played.folder / "production", root / "state")
        shutil.copytree(played.folder / "failing", root / "failed_target")
        shutil.copy(played.folder / "kept.duckdb", root / DATABASE)
        return root

    def read(self, reader: str, publisher: str) -> Played:
        """Let one program use the other's state."""
        root, script = self.published[publisher], [*CONSUME, *TAKE_OVER]
        if reader == "dbt":
            return play_dbt(f"read-{publisher}", root, script, is_kept=publisher == "dbt")
        return play_upriver(root, script, self.scratch / f"upriver-reads-{publisher}")


def _publishing() -> Script:
    return [*PUBLISH, {"name": "keep", "take": [DATABASE, "kept.duckdb"]}]


@pytest.fixture(scope="session")
def readings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Played]:
    """Every combination of reader and publisher that should give the same."""
    sides = Sides(tmp_path_factory.mktemp("round-trip"))
    return {
        "dbt reads dbt": sides.read("dbt", "dbt"),
        "dbt reads upriver": sides.read("dbt", "upriver"),
        "upriver reads dbt": sides.read("upriver", "dbt"),
        "upriver reads upriver": sides.read("upriver", "upriver"),
    }


WAYS = ("dbt reads upriver", "upriver reads dbt", "upriver reads upriver")
RUNS = ("deferred", "favoured", "modified", "clone", "failed", "retry")


@pytest.mark.parametrize("when", ["unchanged", "edited"])
@pytest.mark.parametrize("way", WAYS)
def test_selections(
    way: str, when: str, readings: dict[str, Played], counts: Counter[str]
) -> None:
    theirs, ours = readings["dbt reads dbt"].results[when], readings[way].results[when]
    if way == "dbt reads upriver":
        theirs, ours = (_without_built_ins(readings["dbt reads dbt"], r) for r in (theirs, ours))
    assert {k: v for k, v in ours.items() if v != theirs[k]} == {
        k: v for k, v in theirs.items() if v != ours[k]
    }
    counts["selections by the other's state"] += len(theirs)


def _without_built_ins(played: Played, lists: dict[str, list[str]]) -> dict[str, list[str]]:
    """Leave out what calls a macro of dbt's own: to dbt, upriver's are other macros."""
    nodes = played.artifact("parse")["nodes"]
    calling = {
        key
        for key, node in nodes.items()
        if any(m.split(".")[1].startswith("dbt") for m in node["depends_on"]["macros"])
    }
    # Tests come along with what they test.
    calling |= {k for k, node in nodes.items() if calling & {*node["depends_on"].get("nodes", ())}}
    return {value: [i for i in ids if i not in calling] for value, ids in lists.items()}


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize("way", WAYS)
def test_runs(way: str, name: str, readings: dict[str, Played], counts: Counter[str]) -> None:
    theirs, ours = readings["dbt reads dbt"], readings[way]
    assert ours.results[name]["exit_code"] == theirs.results[name]["exit_code"], ours.results[name]
    assert _rows(ours, name) == _rows(theirs, name)
    counts["runs on the other's state"] += 1


def _rows(played: Played, name: str) -> dict[str, Any]:
    return {
        key: (row["status"], sql(row["compiled_code"]), row["relation_name"])
        for key, row in played.rows(name).items()
    }


@pytest.mark.parametrize("way", WAYS)
def test_tables(way: str, readings: dict[str, Played]) -> None:
    theirs, ours = (readings[key].results["tables"] for key in ("dbt reads dbt", way))
    assert {k: (v["kind"], v["columns"]) for k, v in ours.items()} == {
        k: (v["kind"], v["columns"]) for k, v in theirs.items()
    }
