"""`diff`, `ls --why` and the selectors that compare by meaning."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.shop_project import Shop


@pytest.fixture
def published(shop: Shop) -> Shop:
    """The shop, built in production."""
    assert shop("build", "--target", "prod", "--target-path", "prod-state").exit_code == 0
    return shop


def write(shop: Shop, **files: str) -> None:
    for name, text in files.items():
        folder = {"yml": "", "own": "macros/"}.get(name, "models/")
        path = Path(shop.root) / f"{folder}{name}.sql"
        path.write_text(text)


def listed(shop: Shop, *args: str) -> list[str]:
    return shop("ls", "--state", "prod-state", "--quiet", *args).out.split("\n")[:-1]


def test_nothing_differs(published: Shop) -> None:
    assert published("diff", "--state", "prod-state", "--quiet").out.splitlines()[-1] == (
        "Nothing differs"
    )


def test_layout_is_no_semantic_change(published: Shop) -> None:
    write(published, orders="-- new\nSELECT id,  customer FROM {{ref('raw')}}")
    assert listed(published, "-s", "state:modified.semantic") == []
    assert listed(published, "-s", "state:modified") == ["shop.orders"]
    said = published("diff", "--state", "prod-state", "--quiet").out.splitlines()
    assert said[-3:] == [
        "Nothing differs", "", "1 differs in text only, and means the same: shop.orders",
    ]  # fmt: skip


def test_each_difference_is_named(published: Shop) -> None:
    write(
        published,
        orders="select id, customer, {{ var('v', 1) }} as v from {{ ref('raw') }}",
        fresh="select 1 as a",
    )
    said = published("diff", "--state", "prod-state", "--quiet").out.splitlines()
    assert "  shop.orders  body" in said
    assert "  shop.fresh" in said
    assert any(line.endswith("more differ only by what they read") for line in said)


def test_what_was_asked_is_named_by_its_answer(shop: Shop) -> None:
    write(
        shop,
        own="{% macro own() %}{{ env_var('E', '1') }}{% endmacro %}",
        orders="{{ config(unique_key='a') }} select id, '{{ target.name }}' as customer,"
        " {{ var('v', 1) }} as v, {{ own() }} as e from {{ ref('raw') }}",
    )
    shop("build", "--target", "prod", "--target-path", "prod-state", "--vars", "{v: 2}")
    write(
        shop,
        own="{% macro own() %}{{ env_var('E', '1') }} + 1{% endmacro %}",
        orders="{{ config(unique_key='b') }} select id, '{{ target.name }}' as customer,"
        " {{ var('v', 1) }} as v, {{ own() }} as e from {{ ref('raw') }}",
    )
    said = shop("ls", "--state", "prod-state", "--why", "--quiet", "-s", "orders", E="7").out
    assert said.strip() == ("shop.orders  config unique_key, macro own, env E, target name, var v")
    below = shop("ls", "--state", "prod-state", "--why", "--quiet", "-m", "customers").out
    assert below.strip() == "shop.customers  ancestor orders"


def test_what_was_deleted_is_listed(published: Shop) -> None:
    (published.root / "models/models.yml").unlink()
    (published.root / "models/customers.sql").unlink()
    assert "model.shop.customers" in listed(published, "-s", "state:deleted")
    said = published("diff", "--state", "prod-state", "--quiet").out
    assert "model.shop.customers" in said
    assert '"shop"."prod"."customers"' in said


def test_diff_needs_a_state(shop: Shop) -> None:
    assert shop("diff").exit_code == 2


def test_diff_as_data(published: Shop) -> None:
    write(published, orders="select 1 as id, 'x' as customer")
    said = published("diff", "--state", "prod-state", "--output", "json", "--quiet").out
    assert '"change": "modified"' in said
    assert '"kind": "body"' in said


def test_a_state_that_was_only_parsed_says_what_it_was_answered(shop: Shop) -> None:
    write(shop, orders="select id, customer, {{ var('v', 1) }} as v from {{ ref('raw') }}")
    shop("parse", "--target", "prod", "--target-path", "prod-state", "--vars", "{v: 2}")
    same = shop("diff", "--state", "prod-state", "--quiet", "--vars", "{v: 2}")
    assert same.out.splitlines()[-1] == "Nothing differs"
    other = shop("diff", "--state", "prod-state", "--quiet", "--vars", "{v: 3}")
    assert "  shop.orders  var v" in other.out.splitlines()
