"""Both ways with a real dbt-core: it reads what upriver publishes, and the reverse (ART-96)."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import msgspec
import pytest
from tests.state.manifest_graph import graph_of

from upriver.graph.graph import Graph
from upriver.state.baseline import load_baseline
from upriver.state.compare import Comparison
from upriver.state.wire.manifest import Metadata, encode_manifest
from upriver.state.wire.run_results import ResultDecision, ResultRow, encode_run_results

pytestmark = pytest.mark.oracle

FILES = {
    "dbt_project.yml": """
name: shop
version: "1.0"
profile: shop
models:
  shop:
    +materialized: view
    sub: {+materialized: table, +meta: {owner: "{{ target.name }}"}}
on-run-start: ["select 1"]
flags: {send_anonymous_usage_stats: false}
""",
    "profiles.yml": """
shop:
  target: dev
  outputs:
    dev: {type: duckdb, path: wh.duckdb, schema: dev}
    prod: {type: duckdb, path: wh.duckdb, schema: prod}
""",
    "selectors.yml": """
selectors:
  - {name: short, description: d, default: false, definition: "tag:x+"}
  - {name: long, definition: {union: ["@stg", {method: selector, value: short}]}}
""",
    "seeds/raw_customers.csv": "id,name\n1,a\n",
    "models/stg.sql": "{{ config(tags=['x'], alias='stg_customers', pre_hook='select 1') }}"
    "select id, {{ up('name') }} as name from {{ ref('raw_customers') }}",
    "models/eph.sql": "{{ config(materialized='ephemeral') }} select * from {{ ref('stg') }}",
    "models/sub/tab.sql": "{{ config(contract={'enforced': true}) }} select e.id, e.name"
    " from {{ ref('eph') }} e left join {{ source('raw', 'orders') }} o on o.id = e.id",
    "models/dim_v1.sql": "select 1 as id",
    "models/dim_v2.sql": "select 1 as id, 2 as b",
    "models/bad.sql": "select nope from {{ ref('raw_customers') }}",
    "models/off.sql": "{{ config(enabled=false) }} select 1",
    "models/docs.md": "{% docs orders %}Orders{% enddocs %}",
    "models/schema.yml": """
sources:
  - name: raw
    schema: rawdata
    loaded_at_field: ts
    freshness: {warn_after: {count: 1, period: day}}
    tables:
      - name: orders
        description: "{{ doc('orders') }}"
        columns: [{name: id, data_tests: [not_null]}]
groups: [{name: fin, owner: {name: me}}]
models:
  - name: stg
    config: {group: fin, persist_docs: {relation: true}}
    columns:
      - name: id
        description: key
        data_tests: [unique, {not_null: {config: {severity: warn}}}]
  - name: tab
    columns:
      - {name: id, data_type: integer, constraints: [{type: not_null}]}
      - {name: name, data_type: varchar}
  - {name: dim, latest_version: 2, versions: [{v: 1}, {v: 2}]}
exposures:
  - {name: dash, type: dashboard, owner: {email: a@b.c}, depends_on: ["ref('tab')"]}
unit_tests:
  - name: ut
    model: stg
    given: [{input: "ref('raw_customers')", rows: [{id: 1, name: a}]}]
    expect: {rows: [{id: 1, name: A}]}
""",
    "macros/up.sql": "{% macro up(c) %}upper({{ c }}){% endmacro %}",
    "snapshots/snap.yml": """
snapshots:
  - name: snap
    relation: ref('raw_customers')
    config: {strategy: check, check_cols: all, unique_key: id}
""",
    "tests/single.sql": "select 1 as a from {{ ref('tab') }} where false",
    "analyses/an.sql": "select * from {{ ref('tab') }}",
}

METADATA = Metadata(
    dbt_version="1.11.16",
    upriver_version="0.1.0",
    generated_at="2026-01-02T03:04:05.000006Z",
    invocation_id="11111111-2222-3333-4444-555555555555",
    invocation_started_at="2026-01-02T03:04:04.000006Z",
)


@pytest.fixture(scope="module")
def dbt() -> str:
    """The program of a real dbt-core with dbt-duckdb."""
    given = os.environ.get("UPRIVER_ORACLE_DBT")
    program = Path(given) if given else Path(__file__).parents[2] / ".cache/oracle/bin/dbt"
    if not program.exists():
        pytest.skip("no dbt-core to compare with: set UPRIVER_ORACLE_DBT")
    return str(program)


class Project:
    """A project that dbt has parsed, and its manifest."""

    def __init__(self, dbt: str, root: Path) -> None:
        self.dbt = dbt
        self.root = root
        for name, text in FILES.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self.run("parse")
        self.manifest = json.loads((root / "target/manifest.json").read_text())
        self.graph: Graph = graph_of(self.manifest)

    def run(self, *words: str, exit_code: int = 0) -> str:
        """Run dbt and return what it printed."""
        done = subprocess.run(
            [self.dbt, "--quiet", *words, "--project-dir", ".", "--profiles-dir", "."],
            cwd=self.root,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == exit_code, done.stdout + done.stderr
        return done.stdout

    def listed(self, selection: str, state: Path) -> set[str]:
        """The ids dbt selects."""
        words = ("ls", "-s", selection, "--state", str(state), "--indirect-selection", "empty")
        found = self.run(*words, "--output", "json", "--output-keys", "unique_id")
        return {json.loads(line)["unique_id"] for line in found.splitlines() if "{" in line}

    def publish(self, directory: Path, graph: Graph) -> Path:
        """Publish a graph with upriver."""
        directory.mkdir(exist_ok=True)
        (directory / "manifest.json").write_bytes(encode_manifest(graph, METADATA, {}, 1.0))
        return directory


@pytest.fixture(scope="module")
def project(dbt: str, tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(dbt, tmp_path_factory.mktemp("shop"))


def changed(graph: Graph, unique_id: str, **fields: object) -> Graph:
    """The graph with one resource changed."""
    resource = msgspec.structs.replace(graph.resources[unique_id], **fields)
    resources = {**graph.resources, unique_id: resource}
    return msgspec.structs.replace(graph, resources=resources)


def without_times(value: object) -> object:
    if isinstance(value, dict):
        return {key: without_times(item) for key, item in value.items() if key != "created_at"}
    return [without_times(item) for item in value] if isinstance(value, list) else value


def test_upriver_writes_what_dbt_writes(project: Project) -> None:
    """ART-94: every key of every resource, in the same order."""
    ours = json.loads(encode_manifest(project.graph, METADATA, {}, 1.0))
    theirs = dict(project.manifest)
    assert list(ours) == list(theirs)
    for name, value in theirs.items():
        if name != "metadata":
            written = json.dumps(without_times(ours[name]))
            assert written == json.dumps(without_times(value)), name
    assert list(ours["metadata"]) == list(theirs["metadata"])


def test_dbt_finds_nothing_modified_in_its_own_project(project: Project, tmp_path: Path) -> None:
    state = project.publish(tmp_path, project.graph)
    assert project.listed("state:modified", state) == set()
    assert project.listed("state:new", state) == set()


def test_dbt_finds_what_was_modified(project: Project, tmp_path: Path) -> None:
    older = changed(project.graph, "model.shop.stg", raw_code="select 1")
    state = project.publish(tmp_path, older)
    assert project.listed("state:modified.body", state) >= {"model.shop.stg"}
    assert "model.shop.tab" not in project.listed("state:modified", state)


def test_dbt_defers_to_what_upriver_published(project: Project, tmp_path: Path) -> None:
    prod = changed(project.graph, "model.shop.stg", schema="prod", alias="stg_prod")
    state = project.publish(tmp_path, prod)
    project.run("compile", "-s", "tab", "--defer", "--state", str(state))
    compiled = (project.root / "target/compiled/shop/models/sub/tab.sql").read_text()
    assert '"wh"."prod"."stg_prod"' in compiled


@pytest.mark.parametrize(
    ("unique_id", "fields"),
    [
        ("model.shop.stg", {"raw_code": "select 1"}),
        ("model.shop.stg", {"description": "other"}),
        ("model.shop.stg", {"unrendered_config": {"alias": "q"}}),
        ("model.shop.stg", {"fqn": ("shop", "q", "stg")}),
        ("model.shop.tab", {"contract_checksum": "q"}),
        ("model.shop.dim.v2", {"latest_version": 1}),
        ("seed.shop.raw_customers", {"checksum": "q"}),
        ("snapshot.shop.snap", {"unrendered_config": {}}),
        ("test.shop.single", {"unrendered_config": {"severity": "warn"}}),
        ("source.shop.raw.orders", {"schema": "q"}),
        ("source.shop.raw.orders", {"freshness": None}),
        ("exposure.shop.dash", {"url": "q"}),
        ("unit_test.shop.stg.ut", {"checksum": "q"}),
    ],
)
def test_upriver_and_dbt_agree_on_what_is_modified(
    project: Project, tmp_path: Path, unique_id: str, fields: dict[str, object]
) -> None:
    state = project.publish(tmp_path, changed(project.graph, unique_id, **fields))
    baseline, problems = load_baseline(str(state))
    assert baseline is not None, problems
    comparison = Comparison(project.graph, baseline)
    listed = project.listed("state:modified", state)
    assert {key for key in project.graph.entries if comparison.is_modified(key)} == listed


def test_upriver_reads_what_dbt_published(project: Project) -> None:
    baseline, problems = load_baseline(str(project.root / "target"))
    assert problems == ()
    assert baseline is not None
    assert baseline.published["model.shop.stg"].alias == "stg_customers"
    comparison = Comparison(project.graph, baseline)
    assert [key for key in project.graph.entries if comparison.reasons(key)] == []


def test_dbt_selects_by_result_and_retries_from_upriver(project: Project, tmp_path: Path) -> None:
    decision = ResultDecision(
        target="seed.shop.raw_customers", place="baseline", reason="favoured"
    )
    rows = [
        ResultRow(unique_id="seed.shop.raw_customers", status="success"),
        ResultRow(unique_id="model.shop.bad", status="error", message="m", decisions=(decision,)),
    ]
    metadata = {"dbt_version": "1.11.16", "generated_at": METADATA.generated_at, "env": {}}
    args = {"which": "run", "select": ["bad"], "defer": False}
    data = encode_run_results(rows, metadata=metadata, args=args, elapsed_time=1.0)
    state = project.publish(tmp_path, project.graph)
    (state / "run_results.json").write_bytes(data)
    assert project.listed("result:error", state) == {"model.shop.bad"}
    retried = project.run("retry", "--state", str(state), exit_code=1)
    assert "bad" in retried
    results = json.loads((project.root / "target/run_results.json").read_text())["results"]
    assert "model.shop.bad" in {row["unique_id"] for row in results}
