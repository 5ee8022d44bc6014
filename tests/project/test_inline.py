from __future__ import annotations

import pytest
from tests.cli.shop_project import Shop

MORE = {
    "models/v.yml": """\
models:
  - name: v
    latest_version: 2
    versions: [{v: 1}, {v: 2}]
sources:
  - name: web
    schema: w
    tables: [{name: visits}]
""",
    "models/v_v1.sql": "select 1 as n",
    "models/v_v2.sql": "select 2 as n",
    "models/eph.sql": "{{ config(materialized='ephemeral') }} select 7 as n",
}


@pytest.fixture
def built(shop: Shop) -> Shop:
    """The project with versions, a source and an ephemeral model, built."""
    shop.write(MORE)
    assert shop("build", "-q", "--exclude", "source:*").exit_code == 0
    return shop


@pytest.mark.parametrize(
    ("query", "sql"),
    [
        ("select * from {{ ref('orders') }}", 'select * from "shop"."dev"."orders"'),
        ("select * from {{ ref('shop', 'orders') }}", 'select * from "shop"."dev"."orders"'),
        ("select * from {{ ref('v') }}", 'select * from "shop"."dev"."v_v2"'),
        ("select * from {{ ref('v', v=1) }}", 'select * from "shop"."dev"."v_v1"'),
        ("select * from {{ source('web', 'visits') }}", 'select * from "shop"."w"."visits"'),
        ("select '{{ var(\"a\", 3) }}'", "select '3'"),
    ],
)
def test_queries_are_compiled_like_models(built: Shop, query: str, sql: str) -> None:
    # CLI-119
    assert built("compile", "-q", "--inline", query).out.strip() == sql


def test_ephemeral_models_are_inlined(built: Shop) -> None:
    said = built("show", "-q", "--inline", "select n from {{ ref('eph') }}")
    assert said.out == "| n |\n| - |\n| 7 |\n"


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("select * from {{ ref('ordrs') }}", "Did you mean `orders`?"),
        ("select * from {{ source('web', 'visitz') }}", "Did you mean `web.visits`?"),
        ("select {{ nope() }}", "'nope' is undefined"),
        ("select {{ ", "error[jinja"),
    ],
)
def test_mistakes(built: Shop, query: str, text: str) -> None:
    said = built("compile", "--inline", query)
    assert said.exit_code == 2
    assert text in said.err


def test_deferral_applies(built: Shop) -> None:
    built(
        "build", "--target", "prod", "--target-path", "prod-state", "-q", "--exclude", "source:*"
    )
    built.write({"profiles.yml": PROFILE})
    said = built(
        "compile", "-q", "--inline", "select * from {{ ref('orders') }}", "--defer",
        "--state", "prod-state",
    )  # fmt: skip
    assert said.out.strip() == 'select * from "shop"."prod"."orders"'


PROFILE = """\
shop:
  target: dev
  outputs:
    dev: {type: duckdb, path: shop.duckdb, schema: empty, threads: 1}
"""


def test_it_leaves_no_trace_in_the_manifest(built: Shop) -> None:
    built("compile", "--inline", "select 1")
    assert "inline_query" not in (built.root / "target" / "manifest.json").read_text()
