"""Parts of a node that are written out once say what the parts themselves would."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from tests.state.shop import GENERIC, STG, shop_resources

from upriver.state.wire.code_nodes import CompiledPart, code_node

ADDED = ["compiled", "compiled_code", "extra_ctes_injected", "extra_ctes"]


def value_of(unique_id: str, compiled: CompiledPart | None = None, **fields: Any) -> Any:
    resource = msgspec.structs.replace(shop_resources()[unique_id], **fields)
    return json.loads(msgspec.json.encode(code_node(resource, 1.5, compiled)))


@pytest.mark.parametrize(
    ("contract", "written"),
    [
        (None, {"enforced": False, "alias_types": True, "checksum": None}),
        ({"enforced": False}, {"enforced": False, "alias_types": True, "checksum": None}),
        ({"enforced": True}, {"enforced": True, "alias_types": True, "checksum": None}),
        ({"alias_types": False}, {"enforced": False, "alias_types": False, "checksum": None}),
    ],
)
def test_contracts(contract: Any, written: dict[str, Any]) -> None:
    assert value_of(STG, config={"contract": contract})["contract"] == written


def test_a_contract_with_a_checksum() -> None:
    assert value_of(STG, contract_checksum="x")["contract"]["checksum"] == "x"


@pytest.mark.parametrize(("name", "digest"), [("none", ""), ("sha256", "a"), ("none", "b")])
def test_checksums(name: str, digest: str) -> None:
    value = value_of(GENERIC, checksum_name=name, checksum=digest)
    assert value["checksum"] == {"name": name, "checksum": digest}


@pytest.mark.parametrize(
    ("docs", "written"),
    [
        ({}, {"show": True, "node_color": None}),
        ({"show": False}, {"show": False, "node_color": None}),
    ],
)
def test_docs(docs: dict[str, Any], written: dict[str, Any]) -> None:
    assert value_of(STG, docs=docs)["docs"] == written


@pytest.mark.parametrize("unique_id", [STG, GENERIC])
def test_what_compiling_adds_comes_last(unique_id: str) -> None:
    plain = value_of(unique_id)
    part = CompiledPart(
        compiled_code="c", compiled_path="p", build_path="b", extra_ctes=(("m", "s"),)
    )
    value = value_of(unique_id, part)
    assert list(value) == [*plain, *ADDED]
    assert value["extra_ctes"] == [{"id": "m", "sql": "s"}]
    assert (value["compiled_path"], value["build_path"]) == ("p", "b")
