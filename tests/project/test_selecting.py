from __future__ import annotations

import pytest
from tests.cli.shop_project import Shop

from upriver.project.option_groups import Selecting
from upriver.project.selecting import LISTED_KINDS, kinds_for

SELECTORS = """\
selectors:
  - name: nightly
    default: true
    definition: orders
  - name: marts
    definition: {method: fqn, value: customers}
"""


@pytest.mark.parametrize(
    ("command", "selecting", "kinds"),
    [
        ("run", Selecting(), {"model"}),
        ("test", Selecting(), {"test", "unit_test"}),
        ("test", Selecting(resource_types=("unit_test",)), {"unit_test"}),
        ("build", Selecting(exclude_resource_types=("test", "unit_test", "exposure")),
         {"model", "seed", "snapshot", "saved_query", "function"}),
        ("ls", Selecting(), set(LISTED_KINDS)),
        ("ls", Selecting(resource_types=("all",)), {*LISTED_KINDS, "analysis"}),
        ("ls", Selecting(resource_types=("default", "analysis")), {*LISTED_KINDS, "analysis"}),
        ("run", Selecting(resource_types=("seed",)), set()),
    ],
)  # fmt: skip
def test_kinds(command: str, selecting: Selecting, kinds: set[str]) -> None:
    # SEL-53..64
    assert kinds_for(command, selecting) == kinds


@pytest.mark.parametrize(
    ("args", "listed"),
    [
        ((), ["shop.orders"]),
        (("--selector", "marts"), ["shop.customers"]),
        (("-s", "raw"), ["shop.raw"]),
        (("--exclude", "orders", "raw"), ["shop.customers"]),
    ],
)
def test_selectors_and_the_default(shop: Shop, args: tuple[str, ...], listed: list[str]) -> None:
    # SEL-69
    shop.write({"selectors.yml": SELECTORS})
    said = shop("ls", "-q", *args, "--exclude-resource-type", "test", "exposure")
    assert said.out.splitlines() == listed


def test_an_unknown_selector_names_the_nearest(shop: Shop) -> None:
    shop.write({"selectors.yml": SELECTORS})
    said = shop("ls", "--selector", "martz")
    assert said.exit_code == 2
    assert "martz" in said.err
    assert "marts" in said.err


def test_resource_types_of_the_environment(shop: Shop) -> None:
    assert shop("ls", "-q", DBT_RESOURCE_TYPES="seed").out == "shop.raw\n"
