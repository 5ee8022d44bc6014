"""What a `ref` or `source` means (PROJ-265..267)."""

from __future__ import annotations

import pytest

from upriver.graph.refs import Named, RefIndex, Resolver, add_node
from upriver.resources.calls import RefCall, SourceCall, Version


def index(*nodes: str, disabled: tuple[str, ...] = ()) -> RefIndex:
    made = RefIndex()
    for table, ids in ((made.nodes, nodes), (made.disabled, disabled)):
        for unique_id in ids:
            _, package, name, *version = unique_id.split(".")
            add_node(
                table,
                name=name,
                package=package,
                unique_id=unique_id,
                version=version[0][1:] if version else None,
                is_latest=bool(version) and version[0] == "v2",
            )
    return made


@pytest.mark.parametrize(
    ("package", "is_own_first", "expected"),
    [
        ("root", False, "model.root.m"),
        ("one", False, "model.root.m"),
        ("one", True, "model.one.m"),
        ("three", True, "model.root.m"),
    ],
)
def test_the_root_project_is_searched_first(
    package: str, *, is_own_first: bool, expected: str
) -> None:
    resolver = Resolver(
        index("model.root.m", "model.one.m"), "root", is_node_package_first=is_own_first
    )
    assert resolver.ref(RefCall(name="m"), package).unique_id == expected


def test_the_nodes_package_comes_before_any_other() -> None:
    resolver = Resolver(index("model.one.m", "model.two.m"), "root", is_node_package_first=False)
    assert resolver.ref(RefCall(name="m"), "two").unique_id == "model.two.m"
    answer = resolver.ref(RefCall(name="m"), "root")
    assert (answer.status, answer.candidates) == ("ambiguous", ("model.one.m", "model.two.m"))
    named = resolver.ref(RefCall(name="m", package="one"), "root")
    assert named.unique_id == "model.one.m"


@pytest.mark.parametrize(
    ("version", "expected"),
    [(None, "model.p.m.v2"), (1, "model.p.m.v1"), ("1", "model.p.m.v1"), (3, None)],
)
def test_versions(version: Version | None, expected: str | None) -> None:
    resolver = Resolver(index("model.p.m.v1", "model.p.m.v2"), "p", is_node_package_first=False)
    assert resolver.ref(RefCall(name="m", version=version), "p").unique_id == expected


def test_disabled_is_told_from_missing() -> None:
    resolver = Resolver(index(disabled=("model.p.m",)), "p", is_node_package_first=False)
    assert resolver.ref(RefCall(name="m"), "p").status == "disabled"
    assert resolver.ref(RefCall(name="n"), "p").status == "missing"


def test_sources_follow_the_same_order() -> None:
    made = RefIndex(
        sources={"s.t": {"one": "source.one.s.t"}},
        disabled_sources={"s.u": {"one": "source.one.s.u"}},
    )
    resolver = Resolver(made, "root", is_node_package_first=False)
    assert resolver.source(SourceCall(source="s", table="t"), "root").unique_id == "source.one.s.t"
    assert resolver.source(SourceCall(source="s", table="u"), "root").status == "disabled"
    assert resolver.source(SourceCall(source="s", table="v"), "root").status == "missing"


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (RefCall(name="order"), "Did you mean `orders`?"),
        (RefCall(name="m", version=9), "Versions of `m`: 1, 2"),
        (RefCall(name="orders", package="q"), "`orders` is in package `p`"),
        (RefCall(name="zzzzzz"), None),
    ],
)
def test_hints(call: RefCall, expected: str | None) -> None:
    made = index("model.p.orders", "model.p.m.v1", "model.p.m.v2")
    assert Resolver(made, "p", is_node_package_first=False).hint(call) == expected


def test_the_first_node_of_a_name_counts() -> None:
    table: dict[str, dict[str, Named]] = {}
    for unique_id in ("model.p.m", "seed.p.m"):
        add_node(table, name="m", package="p", unique_id=unique_id)
    assert table["m"]["p"].unversioned == "model.p.m"
