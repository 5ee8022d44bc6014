"""The same project linked by upriver and parsed by a real dbt-core: equal manifests (ART-94)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.oracle

FILES = {
    "dbt_project.yml": """
name: shop
version: '1.0'
profile: p
models:
  +tags: [all]
  +meta: {owner: root, level: 1}
  shop:
    +materialized: "{{ 'view' }}"
    +grants: {select: [a], insert: x}
    +pre-hook: {sql: "select 1", transaction: false}
    staging:
      {+schema: stg, +materialized: ephemeral, stg_b: {+meta: {level: 2, x: "{{ target.name }}"}}}
    marts: {+persist_docs: {relation: true}, +post-hook: "select 1", +grants: {+select: [b]}}
  extra: {+tags: [fromroot], sub: {+alias: aliased_by_root}}
seeds: {+quote_columns: true}
sources: {shop: {+meta: {src: 1}}}
data_tests: {+severity: warn, +tags: [tt]}
exposures: {+tags: [exp]}
unit_tests: {+tags: [utree]}
on-run-start: "select 1 from {{ ref('dim') }}"
on-run-end: ["{{ my_macro() }}", "select 2"]
quoting: {database: false}
flags: {send_anonymous_usage_stats: false}
""",
    "profiles.yml": """
p: {target: dev, outputs: {dev: {type: duckdb, path: x.duckdb, schema: main_schema}}}
""",
    "packages.yml": "packages: [{local: pkgs/extra}]",
    "pkgs/extra/dbt_project.yml": """
name: extra
models: {extra: {+materialized: table, +tags: own}}
seeds: {+column_types: {id: int}}
""",
    "pkgs/extra/models/ex_a.sql": "select 1 as id",
    "pkgs/extra/models/sub/ex_b.sql": "select * from {{ ref('ex_a') }}",
    "pkgs/extra/models/p.yml": "models: [{name: ex_a, config: {access: public}, columns:"
    " [{name: id, data_tests: [unique, my_gen: {arguments: {z: 1}}]}]}]",
    "pkgs/extra/macros/t.sql": "{% test my_gen(model, column_name, z) %}select 1{% endtest %}"
    "{% test refs_gen(model, to) %}{{ config(severity='error') }} select * from {{ model }}"
    " join {{ ref('stg_a') }} using (id){% endtest %}",
    "pkgs/extra/seeds/ex_seed.csv": "id,a\n1,2\n",
    "macros/m.sql": "{% macro my_macro() %}select {{ inner_macro() }}{% endmacro %}"
    "{% macro inner_macro() %} 3 {% endmacro %}"
    "{% macro generate_alias_name(custom_alias_name=none, node=none) %}"
    "{{ (custom_alias_name or default__generate_alias_name(none, node)) | trim }}{% endmacro %}",
    "macros/m.yml": "macros: [{name: my_macro, description: d, meta: {x: 1}}]",
    "models/staging/stg_a.sql": "{{ config(tags=['infile'], meta={'m': 1}) }}"
    " select * from {{ source('raw', 'customers') }}",
    "models/staging/stg_b.sql": "{{ config(alias='stg_bee', pre_hook='select 5') }}"
    "{{ config(pre_hook=['select 6', {'sql': 'select 7', 'transaction': false}]) }}"
    " select * from {{ ref('seed_a') }} join {{ ref('extra', 'ex_a') }} using (id)",
    "models/marts/dim.sql": "{{ config(materialized='table', own=my_macro()) }}"
    " select * from {{ ref('stg_a') }} join {{ ref('stg_b') }} using (id)",
    "models/marts/fct_v1.sql": "select 1 as id, 'x' as name",
    "models/marts/fct_v2.sql": "select * from {{ ref('fct', v=1) }}",
    "models/marts/uses.sql": "select * from {{ ref('fct') }}, {{ ref('shop', 'fct', version=1) }}",
    "models/marts/inc.sql": "{{ config(materialized='incremental', unique_key='id',"
    " on_schema_change='fail', contract={'enforced': true}) }} select 1 as id, 'a' as name",
    "models/marts/hidden.sql": "{{ config(enabled=false) }} select 1",
    "models/staging/src.yml": """
sources:
  - name: raw
    description: "raw source"
    schema: raw_schema
    loader: fivetran
    meta: {a: 1}
    tags: [s1]
    quoting: {schema: false}
    freshness: {warn_after: {count: 1, period: day}}
    loaded_at_field: ts
    config: {event_time: ev}
    tables:
      - name: customers
        identifier: cust_tbl
        description: "{{ doc('cust') }}"
        meta: {b: 2}
        tags: [t1, s1]
        freshness: {error_after: {count: 3, period: hour}}
        columns:
          - name: id
            tags: [coltag]
            data_tests: [unique, not_null, {relationships: {to: "ref('dim')", field: id}}]
      - {name: orders, config: {enabled: false}}
""",
    "models/marts/props.yml": """
groups: [{name: fin, owner: {name: Fin, email: a@b.c}, config: {meta: {g: 1}}}]
models:
  - name: dim
    description: "{{ doc('cust') }} and more {{ doc('shop', 'other') }}"
    group: fin
    access: public
    meta: {yaml: 1}
    docs: {show: false, node_color: red}
    config: {tags: [yamltag], persist_docs: {columns: true}, contract: {alias_types: false}}
    columns:
      - name: id
        description: "{{ doc('other') }}"
        data_type: int
        tags: [ct]
        meta: {pii: false}
        quote: true
        constraints: [{type: not_null}, {type: primary_key}]
        data_tests:
          - unique: {config: {severity: error, where: "id > 0", tags: [onetest]}}
          - not_null
          - accepted_values: {arguments: {quote: false,
              values: [3, 1, "long value with several words and so on"]}, config: {limit: 3}}
          - relationships: {arguments: {to: "ref('seed_a')", field: id}}
          - extra.my_gen: {z: 3, name: custom_name_here, description: "desc {{ doc('other') }}"}
      - name: Name With Cap
        config: {tags: [cfgtag], meta: {cm: 1}}
    data_tests:
      - extra.refs_gen: {to: "source('raw', 'customers')"}
      - extra.my_gen: {arguments: {column_name: id, z: {a: 1, b: [1, 2]}}}
  - name: fct
    latest_version: 2
    config: {tags: [vt]}
    columns: [{name: id, data_type: int, description: base, data_tests: [unique]}, {name: name}]
    versions:
      - {v: 1, description: v one, config: {materialized: table, alias: fct_one, tags: [v1]}}
      - v: 2
        columns: [{include: all, exclude: [name]}, {name: extra_col, description: e}]
  - name: inc
    constraints: [{type: check, expression: "id > 0", name: pos}]
    columns:
      - {name: id, data_type: int, data_tests: [not_null, unique]}
      - {name: name, data_type: text, constraints: [{type: unique}]}
exposures:
  - name: dash
    type: dashboard
    owner: {email: a@b.c}
    depends_on: ["ref('dim')", "source('raw', 'customers')", "ref('fct', v=1)"]
    tags: [e1]
    meta: {k: v}
    config: {tags: [e2], meta: {l: 1}}
unit_tests:
  - name: ut
    model: uses
    given:
      - {input: "ref('fct')", rows: [{id: null}, {id: 1}]}
      - {input: "ref('fct', v=1)", format: csv, fixture: fx}
    expect: {rows: [{id: 1}]}
    overrides: {vars: {a: 1}, macros: {is_incremental: true}}
    config: {tags: [utt], meta: {q: 1}}
  - {name: utv, model: fct, given: [], expect: {format: sql, rows: "select 1 as id"}}
""",
    "models/docs.md": "{% docs cust %}\n  Customer doc\n{% enddocs %}"
    "{% docs other %}other{% enddocs %}",
    "seeds/seed_a.csv": "id,name\n1,a\n",
    "seeds/p.yml": "seeds: [{name: seed_a, config: {column_types: {id: bigint}, tags: [sd]},"
    " columns: [{name: id, data_tests: [unique]}]}]",
    "snapshots/s.sql": "{% snapshot snap_a %}{{ config(target_schema='snaps', unique_key='id',"
    " strategy='check', check_cols=['name']) }} select * from {{ ref('seed_a') }}"
    "{% endsnapshot %}",
    "snapshots/y.yml": "snapshots: [{name: snap_y, relation: \"ref('seed_a')\", config:"
    " {unique_key: id, strategy: check, check_cols: all, schema: sch}}]",
    "analyses/sub/an.sql": "select * from {{ ref('dim') }}",
    "tests/sing.sql": "{{ config(severity='warn') }} select * from {{ ref('dim') }} where 1=0",
    "tests/t.yml": "data_tests: [{name: sing, description: sdesc, config: {meta: {sm: 1}}}]",
    "tests/fixtures/fx.csv": "id\n1\n",
}

SECTIONS = ("nodes", "sources", "exposures", "groups", "unit_tests", "disabled")
NOT_COMPARED = frozenset({"created_at", "build_path", "compiled_path", "root_path"})
"""When and where, not what."""


@pytest.fixture(scope="module")
def manifests(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], dict[str, Any]]:
    """The manifest of dbt and that of upriver."""
    given = os.environ.get("UPRIVER_ORACLE_DBT")
    dbt = Path(given) if given else Path(__file__).parents[2] / ".cache/oracle/bin/dbt"
    if not dbt.exists():
        pytest.skip("no dbt-core to compare with: set UPRIVER_ORACLE_DBT")
    root = tmp_path_factory.mktemp("shop")
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    _run([str(dbt), "--quiet", "deps"], root)
    _run([str(dbt), "--quiet", "parse", "--target-path", "theirs"], root)
    _run([sys.executable, "-m", "upriver", "parse", "--target-path", "ours"], root)
    return tuple(
        json.loads((root / name / "manifest.json").read_text()) for name in ("theirs", "ours")
    )


def _run(argv: list[str], root: Path) -> None:
    done = subprocess.run(argv, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _comparable(value: dict[str, Any]) -> dict[str, Any]:
    kept = {key: item for key, item in value.items() if key not in NOT_COMPARED}
    for key in ("refs", "sources"):
        # dbt writes a call down as often as it stands in the code.
        if key in kept:
            kept[key] = list({json.dumps(call): call for call in kept[key]}.values())
    if kept.get("resource_type") == "operation":
        del kept["checksum"]
    return kept


@pytest.mark.parametrize("section", SECTIONS)
def test_resources_are_equal(
    section: str, manifests: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    theirs, ours = (_resources(manifest, section) for manifest in manifests)
    assert sorted(ours) == sorted(theirs)
    different = {
        f"{unique_id}: {key}": (theirs[unique_id].get(key), ours[unique_id].get(key))
        for unique_id in theirs
        for key in sorted(theirs[unique_id].keys() | ours[unique_id].keys())
        if theirs[unique_id].get(key) != ours[unique_id].get(key)
    }
    assert different == {}


def _resources(manifest: dict[str, Any], section: str) -> dict[str, Any]:
    if section == "disabled":
        return {key: _comparable(items[0]) for key, items in manifest[section].items()}
    return {key: _comparable(item) for key, item in manifest[section].items()}


@pytest.mark.parametrize("edges", ["parent_map", "child_map"])
def test_edges_are_equal(edges: str, manifests: tuple[dict[str, Any], dict[str, Any]]) -> None:
    theirs, ours = (
        {key: sorted(set(ends)) for key, ends in manifest[edges].items()} for manifest in manifests
    )
    assert ours == theirs


def test_macros_of_the_project_are_equal(
    manifests: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    theirs, ours = (
        {
            key: (macro["depends_on"], macro["description"], macro["meta"], macro["patch_path"])
            for key, macro in manifest["macros"].items()
            if macro["package_name"] in ("shop", "extra")
        }
        for manifest in manifests
    )
    assert ours == theirs
