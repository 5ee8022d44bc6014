"""Which macro a name reaches (JINJA-135..144, JINJA-172)."""

from __future__ import annotations

from typing import Any

import pytest

from upriver.jinja.macro_table import MacroTable
from upriver.resources.macro import Macro


def table(may_replace: bool = False, dispatch: Any = None, **names: str) -> MacroTable:  # noqa: FBT001, FBT002
    macros = {
        package: [
            Macro(
                unique_id=f"macro.{package}.{name}", name=name, package=package, path="m.sql",
                original_file_path="m.sql", macro_sql="",
            )
            for name in listed.split()
        ]
        for package, listed in names.items()
    }  # fmt: skip
    return MacroTable(
        macros=macros,
        root="shop",
        internal=("dbt_duckdb", "dbt"),
        adapter_types=("duckdb",),
        dispatch=dispatch,
        may_packages_replace_materializations=may_replace,
    )


NAMES = table(shop="a b", tools="a c only", dbt_duckdb="d", dbt="a c d e")


@pytest.mark.parametrize(
    ("name", "package", "found"),
    [
        ("a", "shop", "shop"),
        ("a", "tools", "tools"),
        ("b", "tools", "shop"),
        ("c", "shop", "dbt"),
        ("c", "tools", "tools"),
        ("d", "shop", "dbt_duckdb"),
        ("a", "dbt", "shop"),
        ("only", "shop", None),
        ("no", "shop", None),
    ],
)
def test_unqualified_names(name: str, package: str, found: str | None) -> None:
    macro = NAMES.find(name, package)
    assert (macro.package if macro else None) == found


@pytest.mark.parametrize(
    ("namespace", "name", "found"),
    [
        ("dbt", "d", "dbt_duckdb"),
        ("dbt", "b", None),
        ("tools", "a", "tools"),
        ("tools", "b", None),
    ],
)
def test_qualified_names(namespace: str, name: str, found: str | None) -> None:
    macro = NAMES.find_in(namespace, name)
    assert (macro.package if macro else None) == found


def test_namespaces() -> None:
    known = [
        name for name in ("dbt", "shop", "tools", "dbt_duckdb", "no") if NAMES.has_namespace(name)
    ]
    assert known == ["dbt", "shop", "tools"]


@pytest.mark.parametrize(
    ("namespace", "order"),
    [
        (None, None),
        ("dbt", ("shop", "dbt")),
        ("tools", ("shop", "tools")),
        ("shop", ("shop",)),
        ("no", None),
        ("set", ("x", "y")),
    ],
)
def test_dispatch_order(namespace: str | None, order: tuple[str, ...] | None) -> None:
    made = table(dispatch={"set": ("x", "y")}, shop="a", tools="a", dbt="a")
    assert made.dispatch_order(namespace) == order


@pytest.mark.parametrize(
    ("may_replace", "packages", "found"),
    [
        (False, {"dbt": "default"}, "dbt"),
        (False, {"dbt": "default", "dbt_duckdb": "duckdb"}, "dbt_duckdb"),
        (False, {"dbt": "default", "shop": "default"}, "shop"),
        (False, {"dbt": "default", "dbt_duckdb": "duckdb", "shop": "default"}, "dbt_duckdb"),
        (False, {"dbt": "default", "tools": "default"}, "dbt"),
        (False, {"dbt": "default", "tools": "duckdb"}, "dbt"),
        (True, {"dbt": "default", "tools": "duckdb"}, "tools"),
        (True, {"dbt": "default", "tools": "default", "shop": "default"}, "shop"),
        (False, {"tools": "default"}, "tools"),
        (False, {}, None),
    ],
)
def test_materializations(may_replace: bool, packages: dict[str, str], found: str | None) -> None:  # noqa: FBT001
    names = {package: f"materialization_t_{kind}" for package, kind in packages.items()}
    macro = table(may_replace, **names).find_materialization("t")
    assert (macro.package if macro else None) == found


@pytest.mark.parametrize(
    ("name", "found"),
    [("b", "shop"), ("only", "tools"), ("e", "dbt"), ("tools.a", "tools"), ("tools.b", None)],
)
def test_operations(name: str, found: str | None) -> None:
    macro = NAMES.find_operation(name)
    assert (macro.package if macro else None) == found


def test_names_are_listed_once() -> None:
    assert NAMES.names("tools") == ("a", "c", "only", "b", "d", "e")
