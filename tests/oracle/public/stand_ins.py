"""Data in place of files that a copy of a repository lacks because of their size."""

from __future__ import annotations

import csv
import datetime
from pathlib import Path
from typing import Any

ORDERS = 400


def jaffle_shop(top: Path) -> None:
    """Write orders and their items, made of the customers, stores and products that are there."""
    folder = top / "seeds" / "jaffle-data"
    if (folder / "raw_orders.csv").exists():
        return
    customers, stores, products = (
        list(csv.DictReader((folder / f"raw_{name}.csv").read_text("utf-8").splitlines()))
        for name in ("customers", "stores", "products")
    )
    items, orders = [], []
    for at in range(ORDERS):
        store = stores[at % len(stores)]
        taken = [products[(at * 7 + step) % len(products)] for step in range(1 + at % 3)]
        subtotal = sum(int(product["price"]) for product in taken)
        tax = int(subtotal * float(store["tax_rate"]))
        when = datetime.datetime(2024, 9, 1, 7) + datetime.timedelta(hours=at * 5)  # noqa: DTZ001
        customer = customers[(at * 13) % len(customers)]["id"]
        order = f"order-{at:04}"
        orders.append(
            (order, customer, when.isoformat(), store["id"], subtotal, tax, subtotal + tax)
        )
        items += [(f"{order}-{n}", order, product["sku"]) for n, product in enumerate(taken)]
    columns = "id,customer,ordered_at,store_id,subtotal,tax_paid,order_total"
    _write(folder / "raw_orders.csv", columns, orders)
    _write(folder / "raw_items.csv", "id,order_id,sku", items)


def _write(path: Path, columns: str, rows: list[tuple[Any, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns.split(","))
        writer.writerows(rows)


MADE = {"jaffle-shop": jaffle_shop}
"""By the name of the entry."""
