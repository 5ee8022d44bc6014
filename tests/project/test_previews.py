from __future__ import annotations

import datetime
import decimal
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.cli.shop_project import Shop
from tests.small_graphs import small_graph

from upriver.project.previews import shown_ids, table_lines

GRAPH = small_graph(
    {"seed.p.raw": "", "model.p.orders": "seed.p.raw", "model.p.orders_daily": "model.p.orders",
     "test.p.unique_orders": "model.p.orders"}
)  # fmt: skip


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (("orders",), {"model.p.orders"}),
        (("+orders_daily",), {"model.p.orders_daily"}),
        (("orders+",), {"model.p.orders"}),
        (("orders", "raw"), {"model.p.orders", "seed.p.raw"}),
        (("path:models/orders.sql",), {"model.p.orders"}),
        (("unique_orders",), {"test.p.unique_orders"}),
        (("tag:nightly",), {"model.p.orders", "model.p.orders_daily", "seed.p.raw"}),
    ],
)
def test_what_the_selectors_name_is_shown(words: tuple[str, ...], shown: set[str]) -> None:
    # CLI-100
    assert shown_ids(GRAPH.entries, GRAPH, words) == shown


def test_a_table_fits_text_and_numbers() -> None:
    names = ("name", "n", "amount", "on")
    rows = (
        ("Ada", 1, decimal.Decimal("12.50"), datetime.date(2024, 1, 3)),
        ("Grace\nHopper", 20, decimal.Decimal(3), None),
        ("x" * 60, 3, None, None),
    )
    assert table_lines(names, rows) == (
        f"| name{' ' * 46} | n  | amount | on         |",
        f"| {'-' * 50} | -- | ------ | ---------- |",
        f"| Ada{' ' * 47} |  1 | 12.50  | 2024-01-03 |",
        f"| Grace Hopper{' ' * 38} | 20 | 3      |            |",
        f"| {'x' * 47}... |  3 |        |            |",
    )


@given(st.lists(st.tuples(st.text(max_size=60), st.integers() | st.none()), max_size=5))
def test_every_line_of_a_table_is_equally_long(rows: list[tuple[str, int | None]]) -> None:
    lines = table_lines(("a", "b"), tuple(rows))
    assert len({len(line) for line in lines if "\r" not in line}) <= 1


@pytest.mark.parametrize(
    ("args", "out"),
    [
        (("show", "-s", "orders"), "Previewing node 'orders':\n| id | customer |"),
        (("show", "-s", "orders", "-q"), "| id | customer |"),
        (("show", "-s", "customers"), "Previewing node 'customers':\n"),
        (("compile", "-s", "orders"), "Compiled node 'orders' is:\nselect"),
        (("compile", "-s", "orders", "raw", "-q"), "select"),
        (("compile", "-s", "customers+"), "Compiled node 'customers' is:\n"),
        (("compile", "--inline", "select 1"), "Compiled inline node is:\nselect 1"),
    ],
)
def test_texts(shop: Shop, args: tuple[str, ...], out: str) -> None:
    shop("build", "-q")
    said = shop(*args)
    assert said.exit_code == 0
    assert said.out.startswith(out)
    assert "unique_customers" not in said.out


@pytest.mark.parametrize(
    ("args", "data"),
    [
        (
            ("show", "-s", "orders", "--limit", "1"),
            {"node": "orders", "show": [{"id": 1, "customer": "Ada"}]},
        ),
        (
            (
                "show",
                "--inline",
                "select 12::decimal(8, 0) as n, date '2024-01-03' as d, [1] as l, null as x",
            ),
            {"show": [{"n": 12.0, "d": "2024-01-03", "l": "[1]", "x": None}]},
        ),
        (
            ("show", "--inline", "select * from range(7)", "--limit", "-1"),
            {"show": [{"range": n} for n in range(7)]},
        ),
        (
            ("show", "--inline", "select * from range(7)"),
            {"show": [{"range": n} for n in range(5)]},
        ),
        (
            ("compile", "-s", "orders"),
            {"node": "orders", "compiled": 'select id, customer from "shop"."dev"."raw"'},
        ),
        (("compile", "--inline", "select 1"), {"compiled": "select 1"}),
    ],
)
def test_json(shop: Shop, args: tuple[str, ...], data: object) -> None:
    # CLI-117..119
    shop("build", "-q")
    assert json.loads(shop(*args, "--output", "json").out) == data


def test_many_unnamed_nodes_are_compiled_in_silence(shop: Shop) -> None:
    assert shop("compile", "-s", "path:models").out == ""
    assert (shop.root / "target/compiled/shop/models/orders.sql").is_file()
