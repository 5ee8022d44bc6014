"""What `state:` selects of metrics, semantic models, saved queries and functions, whoever published.

Each program reads its own state and the other's; after every edit they select the same.
"""

from __future__ import annotations

import functools
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from tests.oracle.playing import HERE, Played, Script, play_dbt, play_upriver

pytestmark = [pytest.mark.oracle, pytest.mark.xdist_group("oracle")]

VALUES = ("new", "modified", "unmodified", "modified.configs", "modified.body")
_METRICS = "models/semantic/metrics.yml"
_ORDERS = "models/semantic/orders.yml"
_PROPS = "functions/props.yml"
EDITS: dict[str, dict[str, tuple[str, str, str]]] = {
    "semantic": {
        "nothing": (_METRICS, "label: AOV", "label: AOV"),
        "label of a metric": (_METRICS, "label: AOV", "label: Average"),
        "type of a metric": (
            _METRICS,
            "type: cumulative\n    type_params: {measure: order_total}",
            "type: simple\n    type_params: {measure: order_total}",
        ),
        "filter of a metric": (_METRICS, "= 'web'\"\n    config", "= 'shop'\"\n    config"),
        "inputs of a metric": (_METRICS, "numerator: revenue", "numerator: order_count"),
        "group of a metric": (_METRICS, "{group: finance, meta: {own: 1}}", "{meta: {own: 1}}"),
        "meta of a metric": (_METRICS, "meta: {own: 1}}", "meta: {own: 2}}"),
        "where of a saved query": (_METRICS, 'where: "1 = 2"', 'where: "1 = 3"'),
        "limit of a saved query": (_METRICS, "limit: 10", "limit: 11"),
        "schema of an export": (_METRICS, "schema: other_schema", "schema: third_schema"),
        "database of an export": (_METRICS, "export_as: view, database: wh", "export_as: view"),
        "tags of a saved query": (_METRICS, "tags: one", "tags: three"),
        "new metric": (_METRICS, "  - name: all_time", "  - name: of_all_time"),
        "expression of a measure": (_ORDERS, "expr: amount, desc", "expr: amount + 0, desc"),
        "meta of a measure": (_ORDERS, "config: {meta: {m: 1}}", "config: {meta: {m: 2}}"),
        "meta of a semantic model": (_ORDERS, "{meta: {own: here}}", "{meta: {own: there}}"),
        "label of a semantic model": (_ORDERS, "label: Orders!", "label: Orders?"),
        "description of an entity": (_ORDERS, "label: Customer\n", "label: Buyer\n"),
        "model": ("models/orders.sql", "10 as amount", "11 as amount"),
    },
    "udfs": {
        "nothing": (_PROPS, "description: Twice", "description: Twice"),
        "body": ("functions/double_it.sql", "x * 2", "x + x"),
        "description": (_PROPS, "description: Twice", "description: Doubled"),
        "argument": (_PROPS, "default_value: 3", "default_value: 4"),
        "description of an argument": (_PROPS, "description: the number", "description: a number"),
        "returns": (_PROPS, "returns: {data_type: bigint}", "returns: {data_type: integer}"),
        "config": (_PROPS, "config: {tags: [t], meta: {own: 1}}", "config: {tags: [u], meta: {own: 2}}"),
        "volatility": (_PROPS, "volatility: stable", "volatility: deterministic"),
        "tree": ("dbt_project.yml", "+volatility: deterministic", "+volatility: stable"),
        "alias": (_PROPS, "alias: my_total", "alias: our_total"),
    },
}  # fmt: skip
CASES = [(project, name) for project, edits in EDITS.items() for name in edits]


def _consume(project: str) -> Script:
    listed = {
        v: ["-s", f"state:{v}", "--resource-type", "all", "--state", "state"] for v in VALUES
    }
    script: Script = []
    for name, (file, old, new) in EDITS[project].items():
        script += [
            {"name": f"{name}: keep", "copy": [file, "kept"]},
            {"name": f"{name}: edit", "edit": [file, old, new]},
            {"name": f"{name}: parse", "run": ["parse", "--no-partial-parse"]},
            {"name": name, "list": listed},
            {"name": f"{name}: undo", "copy": ["kept", file]},
        ]
    return script


class Sides:
    """Both programs as publishers, and as readers of either's state."""

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        self._parse: Script = [{"name": "production", "run": ["parse"]}]

    @functools.cache  # noqa: B019 - one object for the whole module
    def published(self, publisher: str, project: str) -> Path:
        """A project beside the state that one program made of it."""
        origin = HERE / "projects" / project
        if publisher == "dbt":
            played = play_dbt(f"publish-{project}", origin, self._parse)
        else:
            played = play_upriver(origin, self._parse, self._scratch / f"published-{project}")
        root = self._scratch / f"{publisher}-{project}"
        shutil.copytree(origin, root)
        shutil.copytree(played.folder / "production", root / "state")
        return root

    @functools.cache  # noqa: B019 - one object for the whole module
    def read(self, reader: str, publisher: str, project: str) -> Played:
        """Let one program select by a state, after each edit."""
        root, script = self.published(publisher, project), _consume(project)
        if reader == "dbt":
            name = f"kinds-{publisher}-{project}"
            return play_dbt(name, root, script, is_kept=publisher == "dbt")
        out = self._scratch / f"{reader}-{publisher}-{project}-out"
        return play_upriver(root, script, out)


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> Sides:
    return Sides(tmp_path_factory.mktemp("kinds"))


@pytest.mark.parametrize(
    ("reader", "publisher"), [("dbt", "upriver"), ("upriver", "dbt"), ("upriver", "upriver")]
)
@pytest.mark.parametrize(("project", "name"), CASES, ids=[f"{p}: {n}" for p, n in CASES])
def test_state(
    project: str, name: str, reader: str, publisher: str, sides: Sides, counts: Counter[str]
) -> None:
    dbt = sides.read("dbt", "dbt", project)
    mine = sides.read(reader, publisher, project)
    assert dbt.results[f"{name}: parse"]["exit_code"] == 0, dbt.results[f"{name}: parse"]
    theirs, ours = _own(dbt.results[name]), _own(mine.results[name])
    assert {k: v for k, v in ours.items() if v != theirs[k]} == {
        k: v for k, v in theirs.items() if v != ours[k]
    }
    counts["selections by state"] += len(theirs)


def _own(lists: dict[str, Any]) -> dict[str, Any]:
    """Leave out tests that call macros of dbt's own: to dbt, upriver's are other macros."""
    return {
        key: [i for i in ids if ".not_null_" not in i] if isinstance(ids, list) else ids
        for key, ids in lists.items()
    }
