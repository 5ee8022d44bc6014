"""Tables as text."""

from __future__ import annotations

import io
from decimal import Decimal

from upriver.jinja.results import Table


def test_printing() -> None:
    written: list[str] = []
    made = Table(("A b", "t"), [(1, "x"), (12345, "long text that is cut")], write=written.append)
    made.print_table(max_column_width=10)
    assert written == [
        (
            "|    A b | t          |\n| ------ | ---------- |\n"
            "|      1 | x          |\n| 12,345 | long te... |"
        )
    ]
    out = io.StringIO()
    Table(("a", "b"), [(Decimal("1.50"), None)] * 3).print_table(1, 1, out)
    assert out.getvalue() == "|   a | ... |\n| --- | --- |\n| 1.5 | ... |\n| ... | ... |\n"
    assert str(Table(("a",), [(1,)])) == (
        "| column | data_type |\n| ------ | --------- |\n| a      | Integer   |\n"
    )
