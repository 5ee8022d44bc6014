from __future__ import annotations

import json

import pytest
from tests.cli.shop_project import Shop

MORE = {
    "models/sources.yml": "sources: [{name: web, tables: [{name: visits}]}]",
    "models/unit.yml": """\
unit_tests:
  - name: keeps
    model: orders
    given: [{input: ref('raw'), rows: []}]
    expect: {rows: []}
""",
    "analyses/look.sql": "select 1",
}


@pytest.fixture
def listed(shop: Shop) -> Shop:
    """A project with one of each kind that is listed."""
    shop.write(MORE)
    return shop


def test_selectors_sorted_by_unique_id(listed: Shop) -> None:
    # CLI-111, CLI-114
    assert listed("ls").out.splitlines() == [
        "exposure:shop.board",
        "shop.customers",
        "shop.orders",
        "shop.raw",
        "source:shop.web.visits",
        "shop.unique_customers_customer",
        "unit_test:shop.keeps",
    ]


@pytest.mark.parametrize(
    ("args", "out"),
    [
        (("--output", "name", "-s", "orders", "source:*"), ["orders", "web.visits", "keeps"]),
        (("--output", "path", "-s", "raw"), ["seeds/raw.csv"]),
        (
            ("--resource-type", "source", "exposure"),
            ["exposure:shop.board", "source:shop.web.visits"],
        ),
        (("--resource-type", "analysis"), ["shop.analysis.look"]),
        (("--exclude-resource-type", "test", "unit_test", "-s", "customers"), ["shop.customers"]),
        (("-m", "orders", "--exclude", "unit_test:*"), ["shop.orders"]),
    ],
)
def test_what_and_how(listed: Shop, args: tuple[str, ...], out: list[str]) -> None:
    # CLI-112, CLI-115
    assert listed("ls", *args).out.splitlines() == out


def test_json_has_the_keys_asked_for(listed: Shop) -> None:
    # CLI-113
    said = listed(
        "ls", "-s", "customers", "--resource-type", "model", "--output", "json",
        "--output-keys", "name", "config.materialized", "nothing.there",
    )  # fmt: skip
    assert said.out == '{"name": "customers", "config.materialized": "table"}\n'
    whole = json.loads(listed("ls", "-s", "raw", "--output", "json").out)
    assert set(whole) == {
        "alias", "name", "package_name", "depends_on", "tags", "config", "resource_type",
        "original_file_path", "unique_id",
    }  # fmt: skip


def test_nothing_selected_is_told_and_no_error(listed: Shop) -> None:
    # CLI-116
    said = listed("ls", "-s", "nothing")
    assert (said.exit_code, said.out) == (0, "")
    assert "does not match any enabled nodes" in said.err
    assert "No nodes selected!" in said.err
    assert listed("ls", "-s", "nothing", "--warn-error").exit_code == 2
