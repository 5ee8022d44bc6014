"""`lineage`, and `state:modified.columns`: only what reads a changed column."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.cli.shop_project import Shop

MODELS = {
    "seeds/raw.csv": "id,customer,amount\n1,Ada,10\n2,Grace,20\n3,Ada,30\n",
    "models/sources.yml": """\
sources:
  - name: crm
    schema: dev
    tables: [{name: people, columns: [{name: customer}, {name: country}]}]
""",
    "models/orders.sql": "select id, customer, amount from {{ ref('raw') }}",
    "models/light.sql": "{{ config(materialized='ephemeral') }}"
    " select id, amount * 2 as double_amount from {{ ref('orders') }}",
    "models/totals.sql": "select customer, sum(amount) as total from {{ ref('orders') }} group by 1",
    "models/names.sql": "with o as (select * from {{ ref('orders') }})"
    " select o.id, upper(o.customer) as name from o",
    "models/doubled.sql": "select * from {{ ref('light') }}",
    "models/placed.sql": "select o.id, p.country from {{ ref('orders') }} o"
    " join {{ source('crm', 'people') }} p using (customer)",
    "models/grown.sql": "{{ config(materialized='incremental', unique_key='id') }}"
    " select id, amount, customer from {{ ref('orders') }}"
    " {% if is_incremental() %} where amount > (select max(amount) from {{ this }}) {% endif %}",
    "models/asking.sql": "{% set n = run_query('select 1') %} select id from {{ ref('orders') }}",
    "models/bad.sql": "select id frm {{ ref('orders') }} [",
    "models/script.py": "def model(dbt, session):\n    return dbt.ref('orders')\n",
    "snapshots/kept.sql": "{% snapshot kept %}{{ config(unique_key='id', strategy='check',"
    " check_cols='all') }} select id, amount from {{ ref('orders') }}{% endsnapshot %}",
}
READERS = {
    "totals",
    "names",
    "doubled",
    "light",
    "placed",
    "grown",
    "asking",
    "bad",
    "script",
    "kept",
}


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A project whose models read different columns of `orders`, published without a build."""
    shop = Shop(tmp_path, MODELS)
    assert shop("parse", "--target", "prod", "--target-path", "prod-state").exit_code == 0
    return shop


def lineage(shop: Shop, *args: str) -> dict[str, Any]:
    found = json.loads(shop("lineage", "--output", "json", "--quiet", *args).out)
    return {one["name"]: one for one in found}


def columns(found: dict[str, Any]) -> dict[str, str]:
    return {
        column["name"]: f"{column['kind']}: "
        + " ".join(
            f"{one['unique_id'].rpartition('.')[2]}.{one['column']}" for one in column["origins"]
        )
        for column in found["columns"]
    }


def selected(shop: Shop, word: str) -> set[str]:
    said = shop("ls", "--state", "prod-state", "--quiet", "--output", "name", "-s", word)
    assert said.exit_code == 0, said.err
    return set(said.out.split())


def test_columns_and_where_they_come_from(shop: Shop) -> None:
    found = lineage(shop)
    assert columns(found["orders"]) == {
        "id": "passthrough: raw.id", "customer": "passthrough: raw.customer",
        "amount": "passthrough: raw.amount",
    }  # fmt: skip
    assert columns(found["totals"]) == {
        "customer": "passthrough: orders.customer", "total": "transform: orders.amount",
    }  # fmt: skip
    assert columns(found["names"]) == {
        "id": "passthrough: orders.id", "name": "transform: orders.customer",
    }  # fmt: skip
    assert columns(found["doubled"]) == {
        "id": "passthrough: light.id", "double_amount": "passthrough: light.double_amount",
    }  # fmt: skip
    assert columns(found["placed"])["country"] == "passthrough: people.country"
    assert [one["column"] for one in found["totals"]["rows"]] == ["customer"]
    assert "dbt_valid_to" in columns(found["kept"])
    for name in ("bad", "script"):
        assert found[name]["doubt"]


def test_a_column_with_all_it_comes_from_and_all_that_reads_it(shop: Shop) -> None:
    found = lineage(shop, "-s", "orders.amount")["orders"]
    assert [one["unique_id"] for one in found["upstream"]] == ["seed.shop.raw"]
    read = {(one["unique_id"].rpartition(".")[2], one["column"]) for one in found["downstream"]}
    assert {("totals", "total"), ("doubled", "double_amount"), ("kept", "")} <= read
    assert not {name for name, _ in read} & {"names", "placed"}
    said = shop("lineage", "-s", "orders.amount", "--quiet").out
    assert "totals.total  transform" in said
    assert shop("lineage", "-s", "orders.amout").err.count("Did you mean `amount`?") == 1


def test_models_that_read_a_changed_column_are_selected(shop: Shop) -> None:
    before = MODELS["models/orders.sql"]
    shop.write({"models/orders.sql": before.replace("amount", "amount + 1 as amount")})
    unsure = {"asking", "bad", "script"}
    changed = selected(shop, "state:modified.columns")
    assert changed == {"orders", "totals", "doubled", "light", "grown", "kept", *unsure}
    assert selected(shop, "state:modified.columns:amount") == changed
    assert selected(shop, "state:modified.columns:id,resource_type:model") == {
        "orders", "names", "doubled", "light", "placed", "grown", *unsure,
    }  # fmt: skip
    both = selected(shop, "state:modified.columns:amount,customer")
    assert both == {"orders", *READERS}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-- layout\nselect id, customer,\n amount from {{ ref('raw') }} as r", set()),
        ("select id, customer, amount, 1 as more from {{ ref('raw') }}",
         {"orders", "asking", "bad", "script"}),
        ("select id, customer, amount from {{ ref('raw') }} where id > 1", {"orders", *READERS}),
        ("{{ config(unique_key='id') }} select id, customer, amount from {{ ref('raw') }}",
         {"orders", *READERS}),
        ("select id, customer, amount from {{ ref('raw') }} [", {"orders", *READERS}),
    ],
)  # fmt: skip
def test_what_an_edit_reaches(shop: Shop, text: str, expected: set[str]) -> None:
    shop.write({"models/orders.sql": text})
    assert selected(shop, "state:modified.columns") == expected


def test_what_is_new_or_loaded_again_counts_whole(shop: Shop) -> None:
    shop.write({"models/fresh.sql": "select id from {{ ref('names') }}"})
    assert selected(shop, "state:modified.columns") == {"fresh"}
    shop.write({"seeds/raw.csv": "id,customer,amount\n1,Ada,10\n"})
    found = selected(shop, "state:modified.columns")
    assert found == {"raw", "orders", "fresh", *READERS}


def test_a_changed_macro_changes_what_it_writes(shop: Shop) -> None:
    shop.write(
        {
            "macros/money.sql": "{% macro money(c) %}{{ c }} / 100{% endmacro %}",
            "models/priced.sql": "select id, {{ money('amount') }} as price from {{ ref('orders') }}",
            "models/dear.sql": "select price from {{ ref('priced') }}",
            "models/cheap.sql": "select id from {{ ref('priced') }}",
        }
    )
    for command in ("parse", "compile"):
        args = ("-s", "priced") if command == "compile" else ()
        shop.write({"macros/money.sql": "{% macro money(c) %}{{ c }} / 100{% endmacro %}"})
        shop(command, "--target", "prod", "--target-path", "prod-state", *args)
        assert selected(shop, "state:modified.columns") == set()
        shop.write({"macros/money.sql": "{% macro money(c) %}({{ c }}) / 100.0{% endmacro %}"})
        found = selected(shop, "state:modified.columns")
        # Without the text that was sent, nothing can be told of it.
        assert found == {"priced", "dear", *(() if command == "compile" else ("cheap",))}


def test_diff_names_the_columns_that_differ(shop: Shop) -> None:
    before = MODELS["models/orders.sql"]
    shop.write({"models/orders.sql": before.replace("amount", "amount + 1 as amount")})
    args = ("diff", "--state", "prod-state", "--columns", "--quiet")
    assert "shop.orders  body; column amount" in shop(*args).out
    said = shop(*args, "-s", "totals", "names", "bad").out
    assert "shop.totals  ancestor orders; column total" in said
    assert "shop.names   ancestor orders; no column" in said
    assert "shop.bad     ancestor orders; all columns" in said
    found = json.loads(shop(*args, "--output", "json", "-s", "totals").out)
    assert found[0]["columns"] == ["total"]


def test_an_unknown_column_is_told(shop: Shop) -> None:
    shop.write(
        {"models/orders.sql": "select id, customer, amount + 1 as amount from {{ ref('raw') }}"}
    )
    said = shop("ls", "--state", "prod-state", "-s", "state:modified.columns:amout")
    assert "column-unknown" in said.err
    assert "Did you mean `amount`?" in said.err


def test_a_state_is_needed(shop: Shop) -> None:
    assert shop("ls", "-s", "state:modified.columns:a").exit_code == 2


def without_parser(shop: Shop, *args: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a process that has no `sqlglot`."""
    probe = (
        "import sys; sys.modules['sqlglot'] = None; sys.argv = ['upriver', *sys.argv[1:]];"
        "from upriver.cli.main import main; main()"
    )
    return subprocess.run(
        [sys.executable, "-c", probe, "lineage", "--output", "json", "--quiet", *args],
        cwd=shop.root, env={**os.environ, **shop.env}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_parser_is_needed_for_what_is_new(shop: Shop) -> None:
    missing = without_parser(shop, "-s", "totals")
    assert missing.returncode == 2
    assert "pip install 'upriver[lineage]'" in missing.stderr
    known = lineage(shop, "-s", "+totals")
    again = without_parser(shop, "-s", "+totals")
    assert {one["name"]: one for one in json.loads(again.stdout)} == known
    lineage(shop)
    shop.write({"models/names.sql": "select id from {{ ref('orders') }}"})
    lineage(shop, "-s", "names")
    assert without_parser(shop, "-s", "+totals", "names", "placed").returncode == 0
    shop.write({"models/totals.sql": "select customer from {{ ref('orders') }}"})
    assert without_parser(shop, "-s", "totals").returncode == 2


def test_schemas_of_sources_come_from_the_catalog(shop: Shop) -> None:
    shop.write({"models/all.sql": "select * from {{ source('crm', 'people') }}"})
    assert columns(lineage(shop, "-s", "all")["all"]) == {
        "customer": "passthrough: people.customer", "country": "passthrough: people.country",
        "*": "passthrough: people.*",
    }  # fmt: skip
    catalog = {"sources": {"source.shop.crm.people": {"columns": {"customer": {}, "age": {}}}}}
    (shop.root / "target/catalog.json").write_text(json.dumps(catalog))
    assert columns(lineage(shop, "-s", "all")["all"]) == {
        "customer": "passthrough: people.customer", "age": "passthrough: people.age",
    }  # fmt: skip


def test_schemas_of_sources_come_from_the_warehouse_if_it_is_asked(shop: Shop) -> None:
    shop.write({"models/all.sql": "select * from {{ source('crm', 'people') }}"})
    shop("seed")
    source = {"models/sources.yml": MODELS["models/sources.yml"].replace("people, ", "raw, ")}
    shop.write({**source, "models/all.sql": "select * from {{ source('crm', 'raw') }}"})
    (shop.root / "models/placed.sql").unlink()
    found = lineage(shop, "-s", "all", "--warehouse-columns")["all"]
    assert [column["name"] for column in found["columns"]] == ["id", "customer", "amount"]
    assert found["is_complete"]
